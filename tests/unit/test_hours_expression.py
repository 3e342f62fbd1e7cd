"""Opening hours in OpenStreetMap's syntax: what they say of a day, and what is refused, why and where."""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.hours_expression import names_holidays, open_minutes, opening_times, rules_of, selector_of
from switchboard.domain.hours_faults import faults_of

FRIDAY = date(2026, 3, 6)


def clocks(ranges: tuple[tuple[int, int], ...]) -> str:
    return ",".join("-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in each) for each in ranges)


@pytest.mark.parametrize(
    ("expression", "friday", "holiday"),
    [
        ("Mo-Fr 09:00-12:30,13:00-17:00; PH off", "09:00-12:30,13:00-17:00", ""),
        ("Fr 20:00-26:00; Sa off", "20:00-26:00", "20:00-26:00"),
        ("Fr 20:00-48:00; Sa 10:00-12:00", "20:00-48:00", "20:00-48:00"),
        ("Fr 20:00-47:59; PH off", "20:00-47:59", ""),
        ("Fr 12:00-36:00", "12:00-36:00", "12:00-36:00"),
        ("24/7; Fr 22:00-26:00; PH off", "22:00-26:00", ""),
        ("Fr; Sa 22:00-26:00", "00:00-24:00", "00:00-24:00"),
        ("Mo-Fr 09:00-12:00, Fr 22:00-26:00", "09:00-12:00,22:00-26:00", "09:00-12:00,22:00-26:00"),
        ("Fr 18:00-40:00,10:00-12:00; PH 20:00-25:00", "10:00-12:00,18:00-40:00", "20:00-25:00"),
        ("Mo-Fr 09:00-26:00; Fr 12:00-13:00 off", "09:00-12:00,13:00-26:00", "09:00-12:00,13:00-26:00"),
        ("Jan-Feb 09:00-26:00; Mar 10:00-27:00; PH off", "10:00-27:00", ""),
        ("2026 Mar 6 08:00-09:00", "08:00-09:00", "08:00-09:00"),
    ],
)
def test_what_begins_on_a_day(expression: str, friday: str, holiday: str) -> None:
    assert not [fault for fault in faults_of(expression) if not fault.is_doubt]
    assert clocks(open_minutes(expression, FRIDAY)) == friday
    assert clocks(open_minutes(expression, FRIDAY, is_holiday=True)) == holiday


def test_opening_times_are_those_of_ranges_and_midnight_of_whole_days() -> None:
    assert opening_times("Mo-Fr 09:00-12:30,13:00-17:00; PH off") == {time(9), time(13)}
    assert opening_times("Mo-Fr 22:30-26:00; Sa; PH off") == {time(22, 30), time(0)}


def test_rules_and_their_days() -> None:
    rules = rules_of("Mo,We 09:00-12:00,13:00-14:00, Fr 22:00-26:00; PH off")
    assert [(rule.text, rule.column) for rule in rules] == [
        ("Mo,We 09:00-12:00,13:00-14:00", 0),
        ("Fr 22:00-26:00", 31),
        ("PH off", 47),
    ]
    assert [selector_of(rule.text) for rule in rules] == ["Mo,We", "Fr", "PH"]


REFUSED = [
    ("Mo-Fr 9-17", 6, "opening hours not understood from `9-17`"),
    ("xyz", 0, "opening hours not understood from `xyz`"),
    ("Mo-Fr 20:00-49:00", 12, "opening hours not understood from `49:00`"),
    ("", 0, "opening hours end too early"),
    ("Mo-Fr 09:00-17:00; " * 60, 0, "opening hours of 1140 characters"),
    ("Mo-Fr 09:00-17:00;", 17, "opening hours end too early"),
    ("Mo-Fr 09:00-09:00", 6, "`09:00-09:00` begins where it ends"),
    ("Mo-Fr 17:00-09:00; PH off", 6, "`17:00-09:00` ends before it begins"),
    ("Mo-Fr 22:00-23:00,25:00-26:00", 18, "`25:00-26:00` begins after midnight"),
    ("Mo-Fr 09:00-13:00,12:00-17:00; PH off", 18, "`09:00-13:00` and `12:00-17:00` overlap"),
    ("Mo-Fr 12:00-17:00,09:00-13:00; PH off", 6, "`09:00-13:00` and `12:00-17:00` overlap"),
    ("Mo-Fr 09:00-17:00, We 16:00-18:00", 19, "`We 16:00-18:00` overlaps with what stands before it"),
    ("PH Mo-Fr off", 0, "the rule for public holidays is about other days too"),
    ('Mo "by appointment"', 3, '`"by appointment"` holds a comment'),
    ("Mo sunrise-17:00", 3, "`sunrise-17:00` follows the sun, which the switchboard does not know"),
    ("SH off", 0, "`SH off` names school holidays, which the switchboard does not know"),
    ("Mo 09:00+", 3, "`09:00+` has no end"),
    ("Mo 10:00-16:00/01:30", 9, "`16:00/01:30` repeats itself"),
    ("Mo 09:00-12:00 unknown", 15, "`unknown` is neither open nor closed"),
    ("Mo 09:00-12:00 || Tu off", 15, "`|| Tu off` divides by `||`"),
]


@pytest.mark.parametrize(("expression", "column", "text"), REFUSED)
def test_what_is_refused(expression: str, column: int, text: str) -> None:
    (fault,) = faults_of(expression)
    assert (fault.column, fault.text, fault.is_doubt) == (column, text, False)


def test_over_midnight_is_written_so() -> None:
    (fault,) = faults_of("Mo-Fr 17:00-09:00; PH off")
    assert fault.expected == "`17:00-33:00` over midnight"
    assert faults_of("Mo-Fr 17:00-33:00; PH off") == []


DOUBTFUL = [
    ("Mo-Fr 09:00-12:30,12:31-17:00; PH off", 18, "between `09:00-12:30` and `12:31-17:00` it closes for 1 min"),
    ("Mo-Fr 09:00-12:00,12:00-13:00; PH off", 18, "`09:00-12:00` ends where `12:00-13:00` begins"),
    ("PH off; Mo-Su 09:00-17:00", 0, "`PH off` never holds, as later rules replace it"),
    ("PH off; Mo-Fr 09:00-17:00", 0, "`PH off` does not hold on every weekday, as later rules replace it"),
    ("Sa 10:00-14:00; Mo-Su 09:00-17:00; PH off", 0, "`Sa 10:00-14:00` never holds, as later rules replace it"),
    ("mo-Fr 09:00-17:00; PH off", 0, "opening hours: wday literal should be capitalized, got 'mo'"),
]


@pytest.mark.parametrize(("expression", "column", "text"), DOUBTFUL)
def test_what_is_doubtful(expression: str, column: int, text: str) -> None:
    (fault,) = faults_of(expression)
    assert (fault.column, fault.text, fault.is_doubt) == (column, text, True)


@pytest.mark.parametrize(
    "expression",
    [
        "24/7",
        "off",
        "Mo-Fr 09:00-12:30,12:35-17:00; PH off",
        "Mo-Fr 09:00-17:00; Sa,Su off; PH off",
        "Mo-Fr 09:00-17:00, We 18:00-20:00; PH off",
        "Mo-Fr 09:00-17:00; We 12:00-13:00 off; PH off",
        "week 1-53/2 Mo 09:00-10:00; PH off",
        "Mo[1] 09:00-10:00; Dec 20-Jan 5 off; PH off",
        "Mo, We 9:00-17:00; PH off",
    ],
)
def test_what_is_right(expression: str) -> None:
    assert faults_of(expression) == []


@pytest.mark.parametrize(("expression", "does"), [("Mo-Fr 09:00-17:00", False), ("PH off", True), ("24/7", True)])
def test_whether_holidays_are_named(expression: str, does: bool) -> None:
    assert names_holidays(expression) is does


DAYS = ["Mo", "Fr-Su", "Mo,We", "Mo[1]", "PH", "SH", "Jan-Mar", "Dec 24", "2026", "week 1-10", "easter"]
TIMES = ["09:00-12:00", "22:00-26:00", "20:00-02:00", "00:00-48:00", "23:00-24:00", "sunset", "+", "/"]
OTHERS = ["off", "open", "24/7", ";", ";", ",", "||", '"x"']


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(DAYS + TIMES + OTHERS), max_size=8).map(" ".join), st.booleans())
def test_what_is_not_refused_can_be_asked_of_any_day(expression: str, is_holiday: bool) -> None:
    if any(not fault.is_doubt for fault in faults_of(expression)):
        return
    for number in (0, 1, 2, 60, 200, 354):
        ranges = open_minutes(expression, FRIDAY + timedelta(days=number), is_holiday=is_holiday)
        assert all(0 <= begins < ends <= 48 * 60 for begins, ends in ranges)
        assert all(earlier[1] < later[0] for earlier, later in pairwise(ranges))
