"""Time is cut where answers change: between two boundaries nothing does, and every instant is in one cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.facts import Fact, FactText
from switchboard.domain.hours import HoursTable
from switchboard.domain.hours_days import Override
from switchboard.domain.language import ENGLISH
from switchboard.domain.organisation import Organisation
from switchboard.flows.configuration import Configuration, Flow, Left, Step
from switchboard.flows.source import Place
from switchboard.flows.time_cells import MOST_CELLS, Cell, boundaries, cells, clock_changes

TALLINN = ZoneInfo("Europe/Tallinn")
FIRST = datetime(2026, 11, 22, 10, 7, tzinfo=UTC)
HALF_DAY = Override(date(2000, 12, 23), date(2000, 12, 23), "09:00-14:00", "half day", yearly=True)
OFFICE = HoursTable("office", "Mo-Fr 09:00-12:30,13:00-17:00; PH off", "Europe/Tallinn", "EE", (HALF_DAY,))
NIGHT = HoursTable("night", "Mo-Sa 22:00-26:30; PH off", "Europe/Tallinn", "EE")
LISBON = HoursTable("lisbon", "Mo-Fr 09:00-17:00; PH off", "Europe/Lisbon", "PT")
CHRISTMAS = Fact("christmas", (FactText({ENGLISH: "Merry."}, date(2026, 12, 1), date(2026, 12, 26)),))
ALWAYS = Fact("address", (FactText({ENGLISH: "Here."}),))


@dataclass(frozen=True)
class Timed:
    """A step that compares with the clock."""

    compared: tuple[time | date, ...]

    def marks(self) -> tuple[time | date, ...]:
        return self.compared


async def nothing(step: Any, conversation: Any) -> Left:
    raise NotImplementedError


def configuration(
    *tables: HoursTable, facts: tuple[Fact, ...] = (), marks: tuple[time | date, ...] = ()
) -> Configuration:
    step = Step("a", "timed", Timed(marks), nothing, False, {}, "", 1, Place("", 1, 1))
    organisation: Any = Organisation(
        *("", "Europe/Tallinn", "EE", (ENGLISH,), {}, {}, {}, {}),
        reception=None,  # type: ignore[arg-type]  # nobody rings it here
        emergency_numbers=(),
        prompts={},
    )
    return Configuration(
        organisation,
        {table.id: table for table in tables},
        {fact.id: fact for fact in facts},
        {"main": Flow("main", "a", MappingProxyType({"a": step}))},
        {},
        "",
        frozenset(),
    )


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TALLINN, fold=fold).astimezone(UTC)


ALL = configuration(
    OFFICE, NIGHT, LISBON, facts=(CHRISTMAS, ALWAYS), marks=(time(8, 15), time(3, 30), date(2027, 1, 7))
)
BOUNDARIES = boundaries(ALL, FIRST)
CELLS = cells(ALL, FIRST)


def answers(at: datetime) -> list[object]:
    wall = ALL.local(at)
    return [
        *(table.state_at(at).told for table in ALL.hours.values()),
        *(fact.valid_on(wall.date()) for fact in ALL.facts.values()),
        *(wall.time() >= mark if isinstance(mark, time) else wall.date() >= mark for mark in ALL_MARKS),
        wall.date(),
        wall.utcoffset(),
    ]


ALL_MARKS = ALL.flows["main"].steps["a"].fields.marks()
inside = st.floats(0, 0.999999)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(BOUNDARIES) - 2), inside, inside)
def test_nothing_changes_between_two_boundaries(number: int, one: float, other: float) -> None:
    since, until = BOUNDARIES[number], BOUNDARIES[number + 1]
    assert answers(since + (until - since) * one) == answers(since + (until - since) * other)


def test_boundaries_begin_with_the_first_instant_and_stay_within_the_days() -> None:
    assert BOUNDARIES[0] == FIRST
    assert all(since < until for since, until in pairwise(BOUNDARIES))
    assert BOUNDARIES[-1] < FIRST + timedelta(days=400)


@pytest.mark.parametrize(
    "instant",
    [
        *(local("2026-11-23 09:00"), local("2026-11-23 12:30"), local("2026-11-23 13:00"), local("2026-11-23 17:00")),
        *(local("2026-12-23 14:00"), local("2026-11-24 02:30"), local("2026-11-23 00:00"), local("2026-11-23 08:15")),
        datetime(2026, 11, 23, 9, tzinfo=UTC),  # Lisbon opens
        *(local("2026-12-01 00:00"), local("2026-12-27 00:00"), local("2027-01-07 00:00")),
        # 28 March 2027, 03:00 becomes 04:00: 03:30 would have been half an hour later.
        *(datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        # 31 October 2027, 04:00 becomes 03:00: 03:30 comes twice.
        *(local("2027-10-31 03:30"), datetime(2027, 10, 31, 1, tzinfo=UTC), local("2027-10-31 03:30", fold=1)),
    ],
)
def test_what_is_a_boundary(instant: datetime) -> None:
    assert instant in BOUNDARIES


@pytest.mark.parametrize(
    ("zone", "year", "changes"),
    [
        ("Europe/Tallinn", 2026, ["2026-03-29T01:00", "2026-10-25T01:00"]),
        ("Australia/Lord_Howe", 2026, ["2026-04-04T15:00", "2026-10-03T15:30"]),
        ("Asia/Kolkata", 2026, []),
    ],
)
def test_when_clocks_change(zone: str, year: int, changes: list[str]) -> None:
    found = clock_changes(zone, datetime(year, 1, 1, 5, 11, 7, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
    assert list(found) == [datetime.fromisoformat(change).replace(tzinfo=UTC) for change in changes]


def cell_at(found: list[Cell], at: datetime) -> int:
    (place,) = [
        number for number, cell in enumerate(found) if any(since <= at < until for since, until in cell.intervals)
    ]
    return place


def what_steps_see(at: datetime) -> list[object]:
    wall = ALL.local(at)
    return [
        *(table.state_at(at).kind for table in ALL.hours.values()),
        *(fact.valid_on(wall.date()) is None for fact in ALL.facts.values()),
        *(wall.time() >= mark if isinstance(mark, time) else wall.date() >= mark for mark in ALL_MARKS),
    ]


@settings(max_examples=150, deadline=None)
@given(st.timedeltas(timedelta(), timedelta(days=400) - timedelta(seconds=1)))
def test_a_cell_stands_for_all_its_instants(after: timedelta) -> None:
    at = FIRST + after
    cell = CELLS[cell_at(CELLS, at)]
    assert what_steps_see(at) == what_steps_see(cell.instant)


def test_cells_are_told_apart_cover_all_days_and_follow_each_other() -> None:
    seen = [tuple(what_steps_see(cell.instant)) for cell in CELLS]
    assert len(set(seen)) == len(seen)
    assert all(cell.instant == cell.intervals[0][0] and cell.answers == 1 for cell in CELLS)
    spans = sorted((*span, number) for number, cell in enumerate(CELLS) for span in cell.intervals)
    assert spans[0][0] == FIRST and spans[-1][1] == FIRST + timedelta(days=400)
    assert all(until == since for (_, until, _), (since, _, _) in pairwise(spans))
    following = {(one, other) for (_, _, one), (_, _, other) in pairwise(spans)}
    assert following == {(number, other) for number, cell in enumerate(CELLS) for other in cell.successors}
    assert [cell.instant for cell in CELLS] == sorted(cell.instant for cell in CELLS)


def test_how_cells_are_told() -> None:
    told = [cell.told for cell in cells(configuration(OFFICE, LISBON, facts=(CHRISTMAS, ALWAYS)), FIRST)]
    assert told[:3] == [
        "Sun 22 Nov 2026 12:07, office and lisbon closed, christmas not told",
        "Mon 23 Nov 2026 09:00, office open, lisbon closed, christmas not told",
        "Mon 23 Nov 2026 11:00, office and lisbon open, christmas not told",
    ]
    assert "Thu 24 Dec 2026 00:00, lisbon closed, public holiday: Christmas Eve, christmas told" in told


def test_an_office_alone_has_three_cells_and_midnight_marks_part_weekdays() -> None:
    alone = cells(configuration(OFFICE), FIRST)
    assert [cell.told.partition(", ")[2] for cell in alone] == [
        "office closed",
        "office open",
        "public holiday: Christmas Eve",
    ]
    with_weekdays = cells(configuration(OFFICE, marks=(time(),)), FIRST)
    days = {cell.instant.astimezone(TALLINN).weekday() for cell in with_weekdays}
    assert days == set(range(7))
    assert sum(" open" in cell.told for cell in with_weekdays) == 5
    assert sum(" closed" in cell.told for cell in with_weekdays) == 7
    of_holidays = {cell.instant.astimezone(TALLINN).weekday() for cell in with_weekdays if "holiday" in cell.told}
    assert len(of_holidays) == len(with_weekdays) - 12


def test_tables_that_answer_alike_are_asked_once_and_told_each() -> None:
    (closed, *_) = cells(configuration(OFFICE, replace(OFFICE, id="sales")), FIRST)
    assert closed.told == "Sun 22 Nov 2026 12:07, office and sales closed"


def test_too_many_cells_are_put_together() -> None:
    tables = [
        HoursTable(
            f"t{n}",
            f"Mo-Fr {6 + n % 6:02}:{n % 60:02}-12:{n % 60:02},13:{n % 60:02}-18:{n * 7 % 60:02}; PH off",
            "Europe/Tallinn",
            "EE",
        )
        for n in range(60)
    ]
    found = cells(configuration(*tables), FIRST, 14)
    assert len(found) == MOST_CELLS
    assert sum(cell.answers for cell in found) > MOST_CELLS
    at = FIRST
    while at < FIRST + timedelta(days=14):
        cell_at(found, at)
        at += timedelta(minutes=97)
