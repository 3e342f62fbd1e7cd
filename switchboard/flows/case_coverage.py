"""Cases of a `switch` that no call can go: they never fit, or one before them always has.

Decided by trying: of everything that the cases look at, each value that may make a difference, in every combination.
For words, yes or no, and small ranges those are all values; of times and dates the instants at which some case changes;
of the caller's number each that is compared, and ones that go on from it. Where there are too many combinations, or
what is looked at has no such list, nothing is said.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time

from switchboard.domain.hours import HoursKind, HoursTable
from switchboard.flows.cases import Case
from switchboard.flows.conditions import names_in_flow
from switchboard.flows.expressions.looks import CALLER, DATE, TIME
from switchboard.flows.expressions.meaning import HoursNow, Length, Meaning, Name, every_part, names_in
from switchboard.flows.expressions.types import LAST_MINUTE, Day, Number, TimeOfDay, Type, Value, Words, YesNo
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Listing, Node
from switchboard.flows.variables import SUBJECTS

MOST_COMBINATIONS = 2000
MANAGER = "manager"  # the one subject that a call may lack
_ANOTHER = "\0"  # continues no number that a case compares


def check_coverage(flow: FlowReading, subject: str, cases: Sequence[Case], written: Node | None) -> None:
    """Warn of cases that no call can go. Flows with parameters have some where a value leaves them no use."""
    if flow.reading.parameters or not isinstance(written, Listing):
        return
    choices = _choices(subject, cases, names_in_flow(flow).types)
    if choices is None:
        return
    fits, goes = _tried(subject, cases, choices)
    for number, item in enumerate(written.items, 1):
        if number not in fits:
            flow.reading.problems.warn(item.place, f"case {number} never fits", "a case that some call can go")
        elif number not in goes:
            text = f"case {number} is never gone: where it fits, a case before it does, too"
            flow.reading.problems.warn(item.place, text, "the narrower case first")


def _tried(subject: str, cases: Sequence[Case], choices: Mapping[str, list[Value | None]]) -> tuple[set[int], set[int]]:
    """The cases that fit somewhere, and those that are the first to fit somewhere."""
    fits: set[int] = set()
    goes: set[int] = set()
    for values in itertools.product(*choices.values()):
        supposed = _Supposed(dict(zip(choices, values, strict=True)))
        fitting = [number for number, case in enumerate(cases, 1) if case.fits(subject, supposed)]
        fits.update(fitting)
        goes.update(fitting[:1])
    return fits, goes


class _Supposed:
    """A call of which this is supposed."""

    def __init__(self, values: Mapping[str, Value | None]) -> None:
        self._values = values

    def value(self, name: str) -> Value | None:
        """See Known."""
        return self._values[name]

    def hours(self, table: HoursTable) -> str:
        """See Known."""
        return str(self._values[_hours_name(table)])


def _hours_name(table: HoursTable) -> str:
    return f"hours({table.id})"


def _choices(subject: str, cases: Sequence[Case], types: Mapping[str, Type]) -> dict[str, list[Value | None]] | None:
    """The values to try of everything the cases look at; None where they are too many, or have no list."""
    meanings = [case.when for case in cases if case.when is not None]
    choices: dict[str, list[Value | None]] = {}
    count = 1
    for name in sorted({subject} - {""} | {name for meaning in meanings for name in names_in(meaning)}):
        values = _values_of(name, types[name], subject, cases, meanings)
        if values is None:
            return None
        choices[name] = values
        count *= len(values)
    for part in itertools.chain.from_iterable(every_part(meaning) for meaning in meanings):
        if isinstance(part, HoursNow) and _hours_name(part.table) not in choices:
            choices[_hours_name(part.table)] = [kind.value for kind in HoursKind]
            count *= len(HoursKind)
    return choices if count <= MOST_COMBINATIONS else None


def _values_of(
    name: str, type_: Type, subject: str, cases: Sequence[Case], meanings: Iterable[Meaning]
) -> list[Value | None] | None:
    unknown: list[Value | None] = [None] if name == MANAGER or name not in SUBJECTS else []
    if isinstance(type_, Words):
        return [*type_.words, *unknown]
    if isinstance(type_, YesNo):
        return [True, False, *unknown]
    if isinstance(type_, Number):
        numbers = range(type_.least, type_.most + 1)
        return [*numbers, *unknown] if len(numbers) <= MOST_COMBINATIONS else None
    if name in (TIME, DATE):
        if any({TIME, DATE} & names_in(meaning) and _compares_variables(meaning) for meaning in meanings):
            return None
        marks = {mark for case in cases for mark in case.marks(subject)}
        return _minutes(marks) if name == TIME else _days(marks)
    if name == CALLER:
        if any(isinstance(part, Length) or _is_variable(part) for meaning in meanings for part in every_part(meaning)):
            return None
        texts = {text for case in cases for text in case.callers(subject)}
        return ["", _ANOTHER, *texts, *(text + _ANOTHER for text in texts)]
    return None


def _is_variable(part: Meaning) -> bool:
    return isinstance(part, Name) and part.name not in SUBJECTS


def _compares_variables(meaning: Meaning) -> bool:
    """Is there a time or a date among its variables? Then its marks are no complete list."""
    return any(
        isinstance(part, Name) and _is_variable(part) and isinstance(part.type, TimeOfDay | Day)
        for part in every_part(meaning)
    )


def _minutes(marks: Iterable[object]) -> list[Value | None]:
    times = {mark.hour * 60 + mark.minute for mark in marks if isinstance(mark, time)}
    return [TimeOfDay().noted(minute) for minute in sorted({0, LAST_MINUTE, *times})]


def _days(marks: Iterable[object]) -> list[Value | None]:
    dates = {mark.toordinal() for mark in marks if isinstance(mark, date) and not isinstance(mark, datetime)}
    before = {day - 1 for day in dates if day > 1}
    return [Day().noted(day) for day in sorted(dates | before | {date.max.toordinal()})]
