"""Opening hours as OpenStreetMap writes them: what they say of one day.

The syntax (wiki.openstreetmap.org/wiki/Key:opening_hours) is read by opening-hours-py. What begins on a day belongs to
that day, however late it ends: `Fr 20:00-26:00; Sa off` is open until two at night. The library would cut it at
midnight, as it lets the rules of each day begin there. So it is asked twice: for what lies before midnight, and, with
the ranges moved back by a day, for what lies after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache, partial

from opening_hours import OpeningHours, State

DAY = 24 * 60  # minutes
A_MONDAY = date(2024, 1, 1)  # its week stands for every week where an expression knows only weekdays

_TIMES = re.compile(r"(?P<begins>\d\d?:\d\d)-(?P<ends>\d\d?:\d\d)")
_TIME_LIST = re.compile(rf"{_TIMES.pattern}(?:\s*,\s*\d\d?:\d\d-\d\d?:\d\d)*")
_DIVIDER = re.compile(r"\s*;\s*|(?:(?<=\d:\d\d)|(?<=off)|(?<=closed)|(?<=open))\s*,\s*(?=[A-Za-z])")
_STATE = re.compile(r"\b(?:off|closed)\b")
_WHOLE_DAY = re.compile(r"\s*(?:\bopen\b|24/7)\s*")
_WEEKLY = re.compile(r"(?:Mo|Tu|We|Th|Fr|Sa|Su|PH|off|closed|open|24/7|\d\d?:\d\d|[\s,;-])*")
_PUBLIC_HOLIDAY = re.compile(r"\bPH\b")

# Stand for ranges that say nothing of the half of the day that is asked for: (the half, what stands there instead).
_EARLY = (0, DAY // 2, "23:59-24:00")
_LATE = (DAY // 2, DAY, "00:00-00:01")


@dataclass(frozen=True, slots=True)
class TimeRange:
    """`22:00-26:00`, as written in an expression. Minutes count from the midnight with which the day begins."""

    begins: int
    ends: int
    text: str
    column: int  # where in the expression, from 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One of an expression's rules."""

    text: str
    column: int  # where in the expression, from 0
    divider: str  # what stands before it: "" of the first; with a comma it is added to what was said before


def rules_of(expression: str) -> list[Rule]:
    """The expression's rules in order."""
    rules, column, divider = [], 0, ""
    for found in _DIVIDER.finditer(expression):
        rules.append(Rule(expression[column : found.start()], column, divider))
        column, divider = found.end(), found.group()
    return [*rules, Rule(expression[column:], column, divider)]


def range_lists(expression: str) -> list[list[TimeRange]]:
    """The ranges of each list of them, `09:00-12:00,13:00-17:00`, as written."""
    return [
        [
            TimeRange(
                _minutes(found["begins"]), _minutes(found["ends"]), found.group(), together.start() + found.start()
            )
            for found in _TIMES.finditer(together.group())
        ]
        for together in _TIME_LIST.finditer(expression)
    ]


def opening_times(expression: str) -> set[time]:
    """Every time of a wall clock at which it may open."""
    times = {time(each.begins // 60 % 24, each.begins % 60) for each in _all_ranges(expression)}
    if any(not _TIMES.search(rule.text) and not _STATE.search(rule.text) for rule in rules_of(expression)):
        times.add(time())
    return times


def names_holidays(expression: str) -> bool:
    """Does it say what happens on public holidays?"""
    return expression.strip() == "24/7" or bool(_PUBLIC_HOLIDAY.search(expression))


def on_holidays(expression: str) -> str:
    """The expression as it reads on a public holiday."""
    return _PUBLIC_HOLIDAY.sub("Mo-Su", expression)


def is_weekly(expression: str) -> bool:
    """Does it know only weekdays and public holidays, no months, weeks or dates?"""
    return bool(_WEEKLY.fullmatch(expression))


def selector_of(rule: str) -> str:
    """The days a rule is about: the rule without its times and without `off`."""
    return _WHOLE_DAY.sub("", _STATE.sub("", _TIME_LIST.sub("", rule))).strip()


def open_minutes(expression: str, day: date, *, is_holiday: bool = False) -> tuple[tuple[int, int], ...]:
    """What is open of that which begins on this day, in order and apart: minutes from its midnight, up to 48 hours.

    The expression must be one that opening-hours-py reads; hours_faults tells.
    """
    if is_weekly(expression):
        day = A_MONDAY + timedelta(days=day.weekday())
    return _open_minutes(on_holidays(expression) if is_holiday else expression, day)


@lru_cache(maxsize=8192)
def _open_minutes(expression: str, day: date) -> tuple[tuple[int, int], ...]:
    found = _asked(_rewritten(expression, _until_midnight), day, 0, DAY)
    if any(_end(each) > DAY for each in _all_ranges(expression)):
        for first, last, nothing in (_EARLY, _LATE):
            after = _rewritten(_all_timed(expression, nothing), partial(_after_midnight, nothing))
            found += [(DAY + begins, DAY + ends) for begins, ends in _asked(after, day, first, last)]
    joined: list[tuple[int, int]] = []
    for begins, ends in found:
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends, joined[-1][1]))
        else:
            joined.append((begins, ends))
    return tuple(joined)


def _asked(expression: str, day: date, first: int, last: int) -> list[tuple[int, int]]:
    """What the library says is open between two minutes of a day."""
    midnight = datetime.combine(day, time())
    start, end = midnight + timedelta(minutes=first), midnight + timedelta(minutes=last)
    return [
        ((begins - midnight) // timedelta(minutes=1), (ends - midnight) // timedelta(minutes=1))
        for begins, ends, state, _ in _parsed(expression).intervals(start, end)
        if state == State.OPEN
    ]


@lru_cache(maxsize=512)
def _parsed(expression: str) -> OpeningHours:
    return OpeningHours(expression)


def _rewritten(expression: str, each: Callable[[TimeRange], str]) -> str:
    return _TIMES.sub(
        lambda found: each(TimeRange(_minutes(found["begins"]), _minutes(found["ends"]), found.group(), found.start())),
        expression,
    )


def _until_midnight(each: TimeRange) -> str:
    return f"{_clock(each.begins)}-{_clock(min(_end(each), DAY))}"


def _after_midnight(nothing: str, each: TimeRange) -> str:
    return f"00:00-{_clock(_end(each) - DAY)}" if _end(each) > DAY else nothing


def _all_timed(expression: str, nothing: str) -> str:
    """Every rule with times: those of whole days end at midnight, and have nothing after it."""
    texts = []
    for rule in rules_of(expression):
        is_whole_day = not _TIMES.search(rule.text) and not _STATE.search(rule.text)
        text = f"{selector_of(rule.text) or 'Mo-Su'} {nothing}" if is_whole_day else rule.text
        texts.append(rule.divider + text)
    return "".join(texts)


def _all_ranges(expression: str) -> list[TimeRange]:
    return [each for together in range_lists(expression) for each in together]


def _end(each: TimeRange) -> int:
    """Where a range ends; one that ends before it begins goes over midnight."""
    return each.ends if each.ends > each.begins else each.ends + DAY


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
