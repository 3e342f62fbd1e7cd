"""The cases of a `switch`: comparisons of texts, a closed list, so that every one of them can be enumerated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Listing, Node, Place, Table

SUBJECTS = ("caller", "number", "language", "time", "weekday", "date")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"([01][0-9]|2[0-4]):[0-5][0-9]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Case:
    """Fits if the value is one of `equals`, begins with one of `starts`, or lies in the range."""

    target: str
    equals: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    first: str = ""  # times and dates compare as texts, as both are written with leading zeros
    last: str = ""
    includes_last: bool = True

    def fits(self, value: str) -> bool:
        """Does this value go this way?"""
        if value in self.equals or (self.starts and value.startswith(self.starts)):
            return True
        if not (self.first or self.last) or not value:
            return False
        beyond = bool(self.last) and (value > self.last or (value == self.last and not self.includes_last))
        if self.first and self.last and self.first > self.last:  # over midnight
            return value >= self.first or not beyond
        return value >= self.first and not beyond


@dataclass(frozen=True, slots=True)
class Subject:
    """What a `switch` looks at."""

    expected: str = "one of caller, number, language, time, weekday, date, or a name that a `set` notes"

    def read(self, flow: FlowReading, node: Node, place: Place) -> str:
        return flow.reading.choice(node, place, "value", [*SUBJECTS, *flow.variables])


@dataclass(frozen=True, slots=True)
class CaseList:
    """The cases."""

    expected: str = "a list of cases such as `- {is: et, next: estonian}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> tuple[Case, ...]:
        if not isinstance(node, Listing) or not node.items:
            flow.reading.problems.add(node.place, "cases are no list", self.expected)
            return ()
        return tuple(self._case(flow, item) for item in node.items)

    def _case(self, flow: FlowReading, node: Node) -> Case:
        reading = flow.reading
        table = reading.table(node, node.place, "case")
        reading.keys(table, "case", needed=("next",), allowed=("is", "starts", "from", "until"))
        target = flow.target(table.get("next"), table.place, "next")
        equals, starts = self._texts(flow, table, "is"), self._texts(flow, table, "starts")
        first, last = self._bound(flow, table, "from"), self._bound(flow, table, "until")
        if not any(key in table.entries for key in ("is", "starts", "from", "until")):
            reading.problems.add(table.place, "a case without a comparison", "`is`, `starts`, or `from` and `until`")
        return Case(target, frozenset(equals), tuple(starts), first, last, ":" not in last)

    def _texts(self, flow: FlowReading, table: Table, key: str) -> Iterable[str]:
        node = table.get(key)
        if node is None:
            return ()
        return flow.reading.several(node, table.place, lambda item, at: flow.reading.value(item, at, key))

    def _bound(self, flow: FlowReading, table: Table, key: str) -> str:
        node = table.get(key)
        if node is None:
            return ""
        expected = "a time such as `08:30` or a date such as `2026-12-24`"
        text = flow.reading.value(node, table.place, key, expected)
        if text and not _TIME.fullmatch(text) and not _DATE.fullmatch(text):
            flow.reading.problems.add(node.place, f"`{text}` is no bound", expected)
        return text


def check_cases(flow: FlowReading, subject: str, cases: Node | None) -> None:
    """Values that the subject can never have are mistakes."""
    known = {
        "language": flow.reading.languages,
        "number": flow.organisation.numbers,
        "weekday": WEEKDAYS,
    }.get(subject)
    if known is None or not isinstance(cases, Listing):
        return
    for case in cases.items:
        node = case.get("is") if isinstance(case, Table) else None
        if node is not None:
            flow.reading.several(node, node.place, lambda item, at: flow.reading.choice(item, at, subject, known))
