"""screening.yaml: who is let pass, who is refused, and what becomes of the others. The file may be left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.dialling import HangupCause
from switchboard.domain.phone_numbers import e164, is_beginning
from switchboard.domain.screening import (
    Attestation,
    Listed,
    NumberList,
    Rate,
    ScreeningRules,
    SpamLimit,
    Verdict,
)
from switchboard.flows.reading import Reading
from switchboard.flows.source import Node, Place, Table

FILE = "screening.yaml"
MOST_CALLS = 1000  # of a rate
CAUSES = {"rejected": HangupCause.REJECTED, "busy": HangupCause.BUSY, "unallocated": HangupCause.UNALLOCATED}
NUMBER = "a number such as `+37255501234`, or the beginning of numbers and `*`: `+372900*`"
ATTESTATIONS = {"full": Attestation.FULL, "partial": Attestation.PARTIAL, "gateway": Attestation.GATEWAY,
                "failed": Attestation.FAILED, "none": Attestation.NONE}  # fmt: skip


def read_screening(reading: Reading, table: Table, country: str) -> ScreeningRules:
    """The rules; those that let everybody pass where the file is left out."""
    keys = ("allow", "block", "blocked", "anonymous", "rate", "attestation", "spam", "rejected_as")
    reading.keys(table, FILE, allowed=keys)
    return _File(reading, table, country).rules()


@dataclass(slots=True)
class _File:
    """Reads the file."""

    reading: Reading
    table: Table
    country: str

    def rules(self) -> ScreeningRules:
        cause = self.table.get("rejected_as")
        named = self.reading.choice(cause, self.table.place, "cause", CAUSES) if cause else ""
        return ScreeningRules(
            allow=self._list("allow"),
            block=self._list("block"),
            blocked=self._verdict(self.table, "blocked", Verdict.REJECT, may_allow=False),
            anonymous=self._verdict(self.table, "anonymous", Verdict.ALLOW),
            rate=self._rate(),
            attestation=self._attestation(),
            spam=self._spam(),
            rejected_as=CAUSES.get(named, HangupCause.REJECTED),
        )

    def _list(self, key: str) -> NumberList:
        node = self.table.get(key)
        if node is None:
            return NumberList()
        taken: dict[str, Place] = {}

        def read(item: Node | None, place: Place) -> Listed:
            number, why = item, ""
            if isinstance(item, Table):
                self.reading.keys(item, f"an entry of `{key}`", needed=("number",), allowed=("because",))
                number, because = item.get("number"), item.get("because")
                why = self.reading.something(because, place, "reason") if because else ""
            at = number.place if number else place
            pattern = self._pattern(self.reading.something(number, at, "number", NUMBER), at)
            if pattern and pattern in taken:
                self.reading.problems.add(at, f"`{pattern}` stands twice", f"once; it stands at {taken[pattern]}, too")
            taken.setdefault(pattern, at)
            return Listed(pattern, why)

        return NumberList(line for line in self.reading.several(node, node.place, read) if line.pattern)

    def _pattern(self, text: str, at: Place) -> str:
        found = number_pattern(text, self.country)
        if text and not found:
            self.reading.problems.add(at, f"`{text[:40]}` is no number", NUMBER)
        return found

    def _rate(self) -> Rate | None:
        node = self.table.get("rate")
        if node is None:
            return None
        table = self.reading.table(node, node.place, "rate")
        self.reading.keys(table, "rate", needed=("calls", "within", "verdict"))
        return Rate(
            self.reading.number(table.get("calls"), table.place, "number of calls", 1, MOST_CALLS),
            self.reading.duration(table.get("within"), table.place, "time") if table.get("within") else timedelta(1),
            self._verdict(table, "verdict", Verdict.REJECT, may_allow=False),
        )

    def _attestation(self) -> Mapping[Attestation, Verdict]:
        node = self.table.get("attestation")
        if node is None:
            return {}
        table = self.reading.table(node, node.place, "attestation")
        self.reading.keys(table, "attestation", allowed=ATTESTATIONS)
        return {
            attestation: self._verdict(table, name, Verdict.ALLOW)
            for name, attestation in ATTESTATIONS.items()
            if name in table.entries
        }

    def _spam(self) -> SpamLimit | None:
        node = self.table.get("spam")
        if node is None:
            return None
        table = self.reading.table(node, node.place, "spam")
        self.reading.keys(table, "spam", needed=("score", "verdict"))
        score = self.reading.number(table.get("score"), table.place, "score", 0, 100)
        return SpamLimit(score, self._verdict(table, "verdict", Verdict.REJECT, may_allow=False))

    def _verdict(self, table: Table, key: str, otherwise: Verdict, *, may_allow: bool = True) -> Verdict:
        node = table.get(key)
        if node is None:
            return otherwise
        known: Iterable[Verdict] = [each for each in Verdict if may_allow or each is not Verdict.ALLOW]
        word = self.reading.choice(node, table.place, "verdict", [each.value for each in known])
        return Verdict(word) if word else otherwise


def number_pattern(text: str, country: str) -> str:
    """A number in E.164, or the beginning of such numbers with its `*`; "" if it is neither."""
    text = text.strip()
    if text.endswith("*"):
        beginning = "".join(letter for letter in text[:-1] if letter not in " -()")
        return f"{beginning}*" if is_beginning(beginning) else ""
    return e164(text, country)
