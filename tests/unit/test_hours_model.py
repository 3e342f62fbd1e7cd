"""Opening hours against a model that knows nothing of their syntax: minute by minute, over random tables and zones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from switchboard.domain.hours import HoursKind, HoursTable
from switchboard.domain.hours_days import MovedDay, Override, country_year
from switchboard.domain.hours_faults import faults_of

WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
STEP = timedelta(minutes=5)  # all times of the tables are multiples of it
Ranges = tuple[tuple[int, int], ...]

# Clocks change: in Europe by an hour, on Lord Howe by half of one, in Cairo at midnight; in Kolkata never.
ZONES = ("Europe/Tallinn", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata")
# Around changes of clocks, Estonian holidays, and nothing special.
DAYS = [
    *(date(2026, 3, 7), date(2026, 3, 28), date(2026, 4, 4), date(2026, 4, 23)),
    *(date(2026, 10, 3), date(2026, 10, 24), date(2026, 10, 29), date(2026, 10, 31)),
    *(date(2026, 2, 23), date(2026, 6, 22), date(2026, 12, 23), date(2026, 12, 31), date(2026, 5, 12)),
]


@dataclass(frozen=True)
class Model:
    """What a table is made of."""

    week: tuple[Ranges, ...]
    on_holidays: Ranges | None  # None: as on other days
    overrides: tuple[tuple[date, date, Ranges], ...]
    moved: tuple[tuple[date, date], ...]
    zone: str

    def table(self) -> HoursTable:
        rules = [f"{day} {written(ranges)}" for day, ranges in zip(WEEKDAYS, self.week, strict=True)]
        if self.on_holidays is not None:
            rules.append(f"PH {written(self.on_holidays)}")
        expression = "; ".join(rules)
        assert not [fault for fault in faults_of(expression) if not fault.is_doubt]
        overrides = tuple(Override(first, last, written(ranges), "x") for first, last, ranges in self.overrides)
        moved = tuple(MovedDay(off, work, "y") for off, work in self.moved)
        return HoursTable("table", expression, self.zone, "EE", overrides, moved=moved)

    def begins_on(self, day: date) -> Ranges:
        for first, last, ranges in self.overrides:
            if first <= day <= last:
                return ranges
        for off, work in self.moved:
            if day == off:
                return ()
            if day == work:
                return self.week[off.weekday()]
        if self.on_holidays is not None and day in country_year("EE", day.year).holidays:
            return self.on_holidays
        return self.week[day.weekday()]

    def open_instants(self, first: datetime, last: datetime) -> set[datetime]:
        """Of the instants between two, a STEP apart, those at which it is open."""
        zone = ZoneInfo(self.zone)
        found = set()
        day = first.date() - timedelta(days=3)
        while day < last.date() + timedelta(days=2):
            midnight = datetime.combine(day, time())
            for ends in self.begins_on(day):
                at, end = ((midnight + timedelta(minutes=each)).replace(tzinfo=zone).astimezone(UTC) for each in ends)
                while at < end:
                    found.add(at)
                    at += STEP
            day += timedelta(days=1)
        return {at for at in found if first <= at < last}


def written(ranges: Ranges) -> str:
    clocks = ("-".join(f"{each // 60:02}:{each % 60:02}" for each in (begins, ends)) for begins, ends in ranges)
    return ",".join(clocks) or "off"


@st.composite
def some_ranges(draw: st.DrawFn) -> Ranges:
    points = sorted(draw(st.sets(st.integers(0, 95), max_size=6)))
    ends = points[1::2]
    ranges = [(begins * 15, end * 15) for begins, end in zip(points[: len(ends) * 2 : 2], ends, strict=True)]
    if ranges and draw(st.booleans()):
        ranges[-1] = (ranges[-1][0], draw(st.integers(ranges[-1][1] // 15, 192)) * 15)
    return tuple(ranges)


@st.composite
def models(draw: st.DrawFn, around: date) -> Model:
    near = st.integers(-2, 3).map(lambda number: around + timedelta(days=number))
    overrides = draw(st.lists(st.tuples(near, near, some_ranges()), max_size=2))
    moved = draw(st.lists(st.tuples(near, near).filter(lambda days: days[0] != days[1]), max_size=1))
    return Model(
        draw(st.tuples(*[some_ranges()] * 7)),
        draw(st.none() | some_ranges()),
        tuple((min(one, other), max(one, other), ranges) for one, other, ranges in overrides),
        tuple(moved),
        draw(st.sampled_from(ZONES)),
    )


cases = st.sampled_from(DAYS).flatmap(lambda day: st.tuples(st.just(day), models(day)))
NIGHTS = (((150, 210), (225, 300)),) * 7  # 02:30-03:30 and 03:45-05:00, all week


@settings(max_examples=60, deadline=None)
@given(cases)
@example((date(2026, 3, 28), Model(NIGHTS, None, (), (), "Europe/Tallinn")))
@example((date(2026, 10, 24), Model(NIGHTS, None, (), (), "Europe/Tallinn")))
@example((date(2026, 10, 3), Model(NIGHTS, None, (), (), "Australia/Lord_Howe")))
def test_open_as_the_model_says_at_every_instant(case: tuple[date, Model]) -> None:
    day, model = case
    table = model.table()
    instant = datetime.combine(day, time(), UTC)
    instants = [instant + number * STEP for number in range(2 * 24 * 12)]
    open_at = model.open_instants(instant, instants[-1] + STEP)
    for at in instants:
        assert (table.state_at(at).kind is HoursKind.OPEN) == (at in open_at), at
    changes = [at for before, at in pairwise(instants) if (before in open_at) != (at in open_at)]
    for before, change in zip([instant, *changes], changes, strict=False):
        assert table.state_at(before).next_change == change
        assert table.state_at(change - timedelta(seconds=1)).next_change == change


@settings(max_examples=60, deadline=None)
@given(cases)
def test_the_kinds_of_a_stretch_are_those_of_its_instants(case: tuple[date, Model]) -> None:
    day, model = case
    table = model.table()
    first = datetime.combine(day, time(7, 11), UTC)
    last = first + timedelta(days=3)
    kinds = list(table.kinds(first, last))
    assert kinds[0][0] <= first
    assert [instant for instant, _ in kinds] == sorted({instant for instant, _ in kinds})
    for (since, kind), (until, _) in zip(kinds, [*kinds[1:], (last, kinds[0][1])], strict=True):
        told = {table.state_at(at).told for at in (since, since + (until - since) / 2, until - timedelta(seconds=1))}
        assert len(told) == 1 or until == last
        assert table.state_at(since).kind is kind
