"""The cases of a `switch`: comparisons of what is looked at, and conditions, in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from switchboard.flows.conditions import names_in_flow, read_condition
from switchboard.flows.expressions.looks import CALLER, DATE, MIDNIGHT, TIME, WEEKDAY, Mark, callers_of, marks_of
from switchboard.flows.expressions.meaning import Known, Meaning, names_in
from switchboard.flows.expressions.types import WEEKDAYS as WEEKDAYS
from switchboard.flows.expressions.types import Day, Number, Text, TimeOfDay, Type, Value, Words
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Listing, Node, Place, Scalar, Table
from switchboard.flows.variables import SUBJECTS as SUBJECTS

END_OF_DAY = "24:00"
_ONE_DAY, _ONE_MINUTE = timedelta(days=1), 1


@dataclass(frozen=True, slots=True)
class Case:
    """Fits if the value is one of `equals`, begins with one of `starts`, or lies in the range; and `when` holds.

    Values are compared as written in YAML: times and dates compare as texts, as both have leading zeros.
    """

    target: str
    equals: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    includes_last: bool = True
    when: Meaning | None = None
    written: str = ""  # `when` as it stands in the YAML, to be shown

    @property
    def compares(self) -> bool:
        """Is there anything besides `when`?"""
        return bool(self.equals or self.starts or self.first or self.last)

    def fits(self, subject: str, known: Known) -> bool:
        """Does the call go this way? `subject` is what the `switch` looks at, "" where it is nothing."""
        if self.compares and not self._fits(known.value(subject)):
            return False
        return self.when is None or bool(self.when.evaluate(known))

    def _fits(self, value: Value | None) -> bool:
        if value is None:
            return False
        if isinstance(value, bool):
            return ("yes" if value else "no") in self.equals
        if isinstance(value, int):
            return str(value) in self.equals or self._is_between(value, _number(self.first), _number(self.last))
        return (
            value in self.equals
            or bool(self.starts and value.startswith(self.starts))
            or (bool(value) and self._is_between(value, self.first or None, self.last or None))
        )

    def _is_between(self, value: Any, first: Any, last: Any) -> bool:
        if first is None and last is None:
            return False
        after = first is None or value >= first
        before = last is None or value < last or (value == last and self.includes_last)
        if first is not None and last is not None and first > last:  # over midnight
            return after or before
        return after and before

    def marks(self, subject: str) -> Iterable[Mark]:
        """The times and dates at which it may begin or cease to fit."""
        if self.when is not None:
            yield from marks_of(self.when)
        if not self.compares:
            return
        if subject == WEEKDAY:
            yield MIDNIGHT
        bounds = [text for text in (self.first, self.last) if text]
        if subject == TIME:
            yield from (time.fromisoformat(text) for text in bounds if text != END_OF_DAY)
            for text in self.equals:
                yield from _minute(text)
        if subject == DATE:
            days = [date.fromisoformat(text) for text in self.equals]
            yield from (date.fromisoformat(text) for text in bounds)
            if self.last:
                days.append(date.fromisoformat(self.last))
            yield from days
            yield from (day + _ONE_DAY for day in days if day < date.max)

    def names(self, subject: str) -> set[str]:
        """What it asks of the call."""
        return ({subject} if self.compares else set()) | (names_in(self.when) if self.when is not None else set())

    def callers(self, subject: str) -> Iterable[str]:
        """The callers' numbers, and beginnings of them, that it tells apart."""
        if self.when is not None:
            yield from callers_of(self.when)
        if subject == CALLER:
            yield from self.equals
            yield from self.starts


def _number(text: str) -> int | None:
    return int(text) if text else None


def _minute(text: str) -> Iterable[time]:
    """A minute's beginning and end."""
    inner = int(TimeOfDay().inner(text))
    for minute in (inner, inner + _ONE_MINUTE):
        yield time(minute // 60 % 24, minute % 60)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a `switch` looks at."""

    expected: str = f"one of {', '.join(SUBJECTS)}, or a variable; nothing where cases say `when`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> str:
        if isinstance(node, Scalar) and node.is_empty:
            return ""
        subject = flow.reading.choice(node, place, "value", [*SUBJECTS, *flow.variables.declared])
        flow.variables.were_asked.add(subject)
        return subject


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
        reading.keys(table, "case", needed=("next",), allowed=("is", "starts", "from", "until", "when"))
        target = flow.target(table.get("next"), table.place, "next")
        if not any(key in table.entries for key in ("is", "starts", "from", "until", "when")):
            expected = "`is`, `starts`, `from` and `until`, or `when`"
            reading.problems.add(table.place, "a case without a comparison", expected)
        first, last = self._bound(flow, table, "from"), self._bound(flow, table, "until")
        condition = table.get("when")
        return Case(
            target,
            frozenset(self._texts(flow, table, "is")),
            tuple(self._texts(flow, table, "starts")),
            first,
            last,
            ":" not in last,
            read_condition(flow, condition, condition.place) if condition is not None else None,
            condition.text if isinstance(condition, Scalar) else "",
        )

    def _texts(self, flow: FlowReading, table: Table, key: str) -> Iterable[str]:
        node = table.get(key)
        if node is None:
            return ()
        return flow.reading.several(node, table.place, lambda item, at: flow.reading.value(item, at, key))

    def _bound(self, flow: FlowReading, table: Table, key: str) -> str:
        node = table.get(key)
        return "" if node is None else flow.reading.value(node, table.place, key, "a time, a date or a number")


def check_cases(flow: FlowReading, subject: str, cases: Node | None) -> None:
    """Values that the subject can never have are mistakes, and so are comparisons that it cannot have."""
    type_ = names_in_flow(flow).types.get(subject)
    for case in cases.items if isinstance(cases, Listing) else ():
        if not isinstance(case, Table):
            continue
        for key in ("is", "starts", "from", "until"):
            node = case.get(key)
            if node is None:
                continue
            at = case.key_places[key]
            if type_ is None:
                expected = "what is looked at after `switch:`; or `when:`"
                flow.reading.problems.add(at, f"`{key}` has nothing to compare", expected)
            elif key == "is":
                flow.reading.several(node, node.place, lambda item, at: _check_value(flow, item, at, subject, type_))
            elif key == "starts" and not isinstance(type_, Text | Words):
                flow.reading.problems.add(at, f"`starts` is for texts, and `{subject}` is {type_.told}", "`is`")
            elif key in ("from", "until"):
                _check_bound(flow, node, subject, type_)


def _check_value(flow: FlowReading, node: Node | None, place: Place, subject: str, type_: Type) -> None:
    text = flow.reading.value(node, place, "is")
    at = node.place if node else place
    if isinstance(type_, Words):
        flow.reading.choice(node, place, subject, type_.words)
    elif type_.parse(text) is None:
        flow.reading.problems.add(at, f"`{subject}` is never `{text[:40]}`", type_.told)


def _check_bound(flow: FlowReading, node: Node, subject: str, type_: Type) -> None:
    text = flow.reading.value(node, node.place, "bound")
    if not isinstance(type_, TimeOfDay | Day | Number):
        expected = "`is`; times, dates and numbers have bounds"
        flow.reading.problems.add(node.place, f"`{subject}` is {type_.told} and has no bounds", expected)
    elif type_.parse(text) is None and not (isinstance(type_, TimeOfDay) and text == END_OF_DAY):
        example = {"time": "a time such as `08:30`", "date": "a date such as `2026-12-24`"}
        flow.reading.problems.add(node.place, f"`{text[:40]}` is no bound", example.get(type_.family, type_.told))
