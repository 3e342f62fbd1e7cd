"""What is wrong, and what is doubtful, with opening hours in OpenStreetMap's syntax."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from opening_hours import OpeningHours, ParserError  # type: ignore[attr-defined]  # its stub forgets one

from switchboard.domain.hours_expression import (
    A_MONDAY,
    DAY,
    Rule,
    TimeRange,
    is_weekly,
    names_holidays,
    on_holidays,
    open_minutes,
    range_lists,
    rules_of,
    selector_of,
)

LONGEST = 1000  # characters
LONGEST_SLIP = 4  # minutes: a shorter pause than five between two ranges is hardly a break

# What the syntax knows and we cannot answer by: (what is written, why not, what to write instead).
_NOT_HERE = (
    (r'"[^"]*"?', "holds a comment", "a comment behind `#` in the file"),
    (
        r"\b(?:sunrise|sunset|dawn|dusk)\b",
        "follows the sun, which the switchboard does not know",
        "times such as `08:00`",
    ),
    (r"\bSH\b", "names school holidays, which the switchboard does not know", "overrides with their dates"),
    (r"\bunknown\b", "is neither open nor closed", "`off` or times"),
    (r"\|\|", "divides by `||`", "rules divided by `;`"),
    (r"\d\d?:\d\d\+", "has no end", "the time of closing such as `09:00-17:00`"),
    (r"\d\d?:\d\d/", "repeats itself", "ranges such as `09:00-17:00`"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an expression."""

    column: int  # where in the expression, from 0
    text: str  # "`09:00-13:00` and `12:00-17:00` overlap"
    expected: str = ""
    is_doubt: bool = False  # it can be used all the same


def faults_of(expression: str) -> list[Fault]:
    """Everything wrong with opening hours; empty if nothing is. Doubts come only without errors."""
    if found := _not_understood(expression):
        return [found]
    errors = [*_ranges_that_fail(expression), *_holidays_that_fail(expression)] or [*_parts_that_fail(expression)]
    errors = errors or _where_readable(_added_rules_that_overlap(expression))
    return errors or [
        *_slips(expression),
        *_where_readable(_rules_without_effect(expression)),
        *_spelling(expression),
    ]


def _where_readable(found: Iterator[Fault]) -> list[Fault]:
    """What comes of trying rules apart or changed; nothing where the library does not read them so."""
    try:
        return list(found)
    except ParserError:
        return []


def _not_understood(expression: str) -> Fault | None:
    if len(expression) > LONGEST:
        return Fault(0, f"opening hours of {len(expression)} characters", f"at most {LONGEST}")
    for pattern, why, expected in _NOT_HERE:
        if found := re.search(pattern, expression):
            return Fault(found.start(), f"`{expression[found.start() :]}` {why}", expected)
    for each in (each for together in range_lists(expression) for each in together):
        if each.begins >= DAY:
            return Fault(each.column, f"`{each.text}` begins after midnight", "it among the hours of the next day")
    try:
        OpeningHours(expression)
    except ParserError as error:
        found = re.search(r"--> \d+:(\d+)", str(error))
        column = int(found.group(1)) - 1 if found else 0
        rest = expression[column:]
        return Fault(
            min(column, max(len(expression) - 1, 0)),
            f"opening hours not understood from `{rest}`" if rest else "opening hours end too early",
        )
    return None


def _ranges_that_fail(expression: str) -> Iterator[Fault]:
    for together in range_lists(expression):
        for each in together:
            if each.begins == each.ends:
                yield Fault(each.column, f"`{each.text}` begins where it ends", "`00:00-24:00` for the whole day")
            elif each.ends < each.begins:
                meant = f"{each.text.partition('-')[0]}-{each.ends // 60 + 24}:{each.ends % 60:02}"
                yield Fault(each.column, f"`{each.text}` ends before it begins", f"`{meant}` over midnight")
        for earlier, later in _neighbours(together):
            if later.begins < earlier.ends:
                yield Fault(
                    later.column, f"`{earlier.text}` and `{later.text}` overlap", "ranges apart, or one of both"
                )


def _holidays_that_fail(expression: str) -> Iterator[Fault]:
    try:
        OpeningHours(on_holidays(expression))
    except ParserError:
        text = "the rule for public holidays is about other days too"
        yield Fault(expression.find("PH"), text, "a rule of their own such as `PH off`")


def _parts_that_fail(expression: str) -> Iterator[Fault]:
    """What the library reads whole, and not before and after midnight apart."""
    try:
        for is_holiday in (False, True):
            open_minutes(expression, A_MONDAY, is_holiday=is_holiday)
    except ParserError:
        yield Fault(0, "these opening hours go past midnight in a way not known here", "simpler rules")


def _slips(expression: str) -> Iterator[Fault]:
    for together in range_lists(expression):
        for earlier, later in _neighbours(together):
            pause = later.begins - earlier.ends
            if pause > LONGEST_SLIP:
                continue
            text = f"between `{earlier.text}` and `{later.text}` it closes for {pause} min"
            if pause == 0:
                text = f"`{earlier.text}` ends where `{later.text}` begins"
            together_text = f"{earlier.text.partition('-')[0]}-{later.text.partition('-')[2]}"
            yield Fault(later.column, text, f"one range, `{together_text}`", is_doubt=True)


def _neighbours(together: list[TimeRange]) -> Iterator[tuple[TimeRange, TimeRange]]:
    """Ranges that follow each other on the clock; faulty ones left out."""
    ordered = sorted((each for each in together if each.begins < each.ends), key=lambda each: (each.begins, each.ends))
    return pairwise(ordered)


def _added_rules_that_overlap(expression: str) -> Iterator[Fault]:
    """`Mo-Fr 09:00-17:00, We 16:00-18:00`: the second is open already."""
    if not is_weekly(expression):
        return
    for rule in rules_of(expression):
        if "," not in rule.divider:
            continue
        before = expression[: rule.column - len(rule.divider)]
        if any(_overlap(_week(before)[day], _week(rule.text)[day]) for day in range(14)):
            yield Fault(
                rule.column, f"`{rule.text}` overlaps with what stands before it", "`;` before it, to replace that"
            )


def _overlap(one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...]) -> bool:
    return any(
        begins < other_ends and other_begins < ends for begins, ends in one for other_begins, other_ends in other
    )


def _rules_without_effect(expression: str) -> Iterator[Fault]:
    """Rules that could say what they liked: later ones replace them. One for public holidays must hold on whichever
    weekday they fall, others on one day at least. Months, weeks and dates are not looked into."""
    rules = rules_of(expression)
    if len(rules) == 1 or not is_weekly(expression):
        return
    for number, rule in enumerate(rules[:-1]):
        opened, closed = (_week(_replaced(rules, number, state)) for state in ("00:00-24:00", "off"))
        holds = [one != other for one, other in zip(opened, closed, strict=True)]
        if not any(holds):
            text = f"`{rule.text}` never holds, as later rules replace it"
            yield Fault(rule.column, text, "the rule that shall count last", is_doubt=True)
        elif names_holidays(rule.text) and not all(holds[7:]):
            text = f"`{rule.text}` does not hold on every weekday, as later rules replace it"
            yield Fault(rule.column, text, "the rule for public holidays last", is_doubt=True)


def _replaced(rules: list[Rule], number: int, state: str) -> str:
    return "".join(
        rule.divider + (f"{selector_of(rule.text)} {state}".strip() if place == number else rule.text)
        for place, rule in enumerate(rules)
    )


def _week(expression: str) -> list[tuple[tuple[int, int], ...]]:
    """What is open on each weekday, then on each as a public holiday."""
    days = [A_MONDAY + timedelta(days=number) for number in range(7)]
    return [open_minutes(expression, day, is_holiday=is_holiday) for is_holiday in (False, True) for day in days]


def _spelling(expression: str) -> Iterator[Fault]:
    for warning in OpeningHours(expression).warnings:
        yield Fault(0, f"opening hours: {warning}", is_doubt=True)
