"""At which times and callers an expression may change: where time is cut into cells, and callers into classes.

A comparison whose only unknown is the clock is tried at every minute of a day, or at every day around the dates it
names, so its marks are exact whatever is calculated in it. Where the clock is compared with a variable, or noted in
one, what changes depends on the call: every full hour, or midnight, is a mark then. That is a sample, no proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time

from switchboard.domain.hours import HoursTable
from switchboard.flows.expressions.meaning import (
    Comparison,
    Constant,
    Length,
    Meaning,
    Membership,
    Name,
    Starts,
    every_part,
    names_in,
    parts,
)
from switchboard.flows.expressions.types import LAST_MINUTE, Day, Days, TimeOfDay, Value

CALLER, TIME, DATE, WEEKDAY = "caller", "time", "date", "weekday"
MIDNIGHT = time(0)
LONGEST_NUMBER = 32  # digits of callers that `length` tells apart
MOST_DAYS = 40_000  # tried around the dates of one comparison

Mark = time | date
_Comparing = Comparison | Membership


def marks_of(meaning: Meaning) -> set[Mark]:
    """The wall-clock times, and the dates, from which on the expression may come to something else."""
    found: set[Mark] = set()
    for part in _outermost_comparisons(meaning):
        names = names_in(part)
        if WEEKDAY in names:
            found.add(MIDNIGHT)
        if isinstance(part, _Comparing) and names == {TIME}:
            changes = _changes(part, TIME, TimeOfDay(), range(LAST_MINUTE + 1))
            found |= {time(minute // 60, minute % 60) for minute in changes}
        elif TIME in names:
            found |= {time(hour) for hour in range(24)}
        if isinstance(part, _Comparing) and names == {DATE} and (days := _days_around(part)):
            found |= {date.fromordinal(day) for day in _changes(part, DATE, Day(), days)}
        elif DATE in names:
            found.add(MIDNIGHT)
    return found


def callers_of(meaning: Meaning) -> set[str]:
    """Callers' numbers, and beginnings of them, that the expression tells apart."""
    found: set[str] = set()
    for part in every_part(meaning):
        texts: tuple[Meaning, ...] = ()
        if isinstance(part, Comparison):
            texts = (part.left, part.right)
        elif isinstance(part, Membership):
            texts = (part.item, *part.members)
        elif isinstance(part, Starts):
            texts = (part.text, *part.beginnings)
        if any(isinstance(text, Name) and text.name == CALLER for text in texts):
            found |= {str(text.value) for text in texts if isinstance(text, Constant)}
        if isinstance(part, _Comparing) and any(isinstance(inner, Length) for inner in every_part(part)):
            found |= _lengths(part)
    return found


def constants_of(meaning: Meaning, family: str) -> set[Value]:
    """Every value of a family that is written in it."""
    return {part.value for part in every_part(meaning) if isinstance(part, Constant) and part.family == family}


def _outermost_comparisons(meaning: Meaning) -> Iterator[Meaning]:
    """Comparisons, each whole; and names outside of any."""
    if isinstance(meaning, Comparison | Membership | Name):
        yield meaning
        return
    for part in parts(meaning):
        yield from _outermost_comparisons(part)


class _Only:
    """Something of which one thing alone is known."""

    def __init__(self, value: Value) -> None:
        self._value = value

    def value(self, name: str) -> Value | None:
        """See Known."""
        return self._value

    def hours(self, table: HoursTable) -> str:
        """See Known; nothing that is compared with the clock is a state of hours."""
        raise AssertionError(table)


def _changes(part: Meaning, name: str, type_: TimeOfDay | Day, values: range) -> Iterator[int]:
    """Those values at which the comparison comes to something else than just before."""
    before: Value | None = None
    for value in values:
        now = part.evaluate(_Only(type_.noted(value)))
        if before is not None and now != before:
            yield value
        before = now


def _days_around(part: Meaning) -> range | None:
    """All days at which a comparison of the date may change, and one before; None where they are too many."""
    dates = [int(value) for value in constants_of(part, Day.family)]
    reach = sum(int(value) for value in constants_of(part, Days.family)) * _occurrences(part) + 1
    first, last = min(dates, default=1), max(dates, default=0)
    days = range(max(first - reach, 1), min(last + reach, date.max.toordinal()) + 1)
    return days if 0 < len(days) <= MOST_DAYS else None


def _occurrences(part: Meaning) -> int:
    return sum(isinstance(each, Constant) and each.family == Days.family for each in every_part(part)) or 1


def _lengths(part: Comparison | Membership) -> set[str]:
    """Callers of the lengths at which the comparison changes, and one digit less."""
    if names_in(part) != {CALLER}:
        return set()
    answers = [part.evaluate(_Only("5" * length)) for length in range(LONGEST_NUMBER + 1)]
    found = {length for length in range(1, LONGEST_NUMBER + 1) if answers[length] != answers[length - 1]}
    return {"5" * length for change in found for length in (change - 1, change)}
