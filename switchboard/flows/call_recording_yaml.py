"""`consent:` and `call_recording:` of organisation.yaml: how callers are asked, which conversations recorded."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import timedelta

from switchboard.domain.call_recording import KEEP, LONGEST_KEEP, Record, RecordingRule
from switchboard.domain.consent import Asking, Consent, ConsentRules
from switchboard.flows.reading import Reading
from switchboard.flows.source import Listing, Node, Place, Table

_DAYS = re.compile(r"([0-9]{1,4})\s*d")
A_KEEP = f"days such as `90d`, at most `{LONGEST_KEEP.days}d`"
# What a rule may go by, and what its values are called.
SUBJECTS = {
    "numbers": "number",
    "departments": "department",
    "people": "person",
    "queues": "queue",
    "classes": "class of clients",
}


def read_consent(reading: Reading, organisation: Table) -> ConsentRules:
    """How callers are asked; the usual way where the file does not say."""
    node = organisation.get("consent")
    if node is None:
        return ConsentRules()
    table = reading.table(node, organisation.place, "consent")
    reading.keys(table, "consent", allowed=("by", "silence"))
    by, silence = table.get("by"), table.get("silence")
    asking = reading.choice(by, table.place, "way", [each.value for each in Asking]) if by else ""
    meaning = reading.choice(silence, table.place, "answer", [each.value for each in Consent]) if silence else ""
    usual = ConsentRules()
    if silence is not None and asking == Asking.TELL:
        reading.problems.add(silence.place, "who was told and says nothing has agreed", "no `silence:` with `by: tell`")
    return ConsentRules(
        Asking(asking) if asking else usual.asking,
        Consent(meaning) if meaning else usual.silence,
    )


def read_call_recording(
    reading: Reading, organisation: Table, known: Mapping[str, Collection[str]]
) -> tuple[RecordingRule, ...]:
    """The rules, in order; none: nothing is recorded. `known` are the values of each of SUBJECTS."""
    node = organisation.get("call_recording")
    if node is None:
        return ()
    if not isinstance(node, Listing):
        reading.problems.add(node.place, "the rules are no list", "lines such as `- {queues: sales, record: agreed}`")
        return ()
    rules: list[RecordingRule] = []
    fits_all = False  # the rule before
    for item in node.items:
        if fits_all:
            text = "this rule decides nothing: the one before it fits every conversation"
            reading.problems.add(item.place, text, "the rule that fits everything as the last one")
        rules.append(_rule(reading, item, known))
        # By what is written: a name that is not known is told of already.
        fits_all = isinstance(item, Table) and all(item.get(key) is None for key in SUBJECTS)
    return tuple(rules)


def _rule(reading: Reading, item: Node, known: Mapping[str, Collection[str]]) -> RecordingRule:
    table = reading.table(item, item.place, "a rule")
    reading.keys(table, "a rule of `call_recording`", needed=("record",), allowed=("keep", *SUBJECTS))
    fits: dict[str, frozenset[str]] = {}
    for key, what in SUBJECTS.items():
        value = table.get(key)
        if value is not None:
            fits[key] = _values(reading, value, table.place, what, known[key])
    word = reading.choice(table.get("record"), table.place, "answer", [each.value for each in Record])
    keep = table.get("keep")
    return RecordingRule(
        Record(word) if word else Record.NEVER,
        _days(reading, keep, table.place) if keep is not None else KEEP,
        **fits,
    )


def _values(reading: Reading, node: Node, place: Place, what: str, known: Collection[str]) -> frozenset[str]:
    return frozenset(reading.several(node, place, lambda item, at: reading.choice(item, at, what, known)))


def _days(reading: Reading, node: Node, place: Place) -> timedelta:
    text = reading.something(node, place, "time", A_KEEP)
    found = _DAYS.fullmatch(text.strip())
    days = timedelta(days=int(found[1]) if found else 0)
    if text and not timedelta() < days <= LONGEST_KEEP:
        reading.problems.add(node.place, f"`{text}` is no time to keep a recording", A_KEEP)
    return days or KEEP
