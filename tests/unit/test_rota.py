"""Who is on call: as tables, on nights when the clocks change, and as properties of any rota."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.rota import OnCall, Rota, Shift, StandIn, Swap, Turn

TALLINN = "Europe/Tallinn"
WEEKDAYS, WEEKEND = frozenset(range(5)), frozenset({5, 6})
NIGHTS = Shift(("peeter", "jaan"), WEEKDAYS, time(17), time(9), Turn.WEEKLY, date(2026, 3, 2))
DAYS = Shift(("mari",), WEEKDAYS, time(9), time(17))
WEEKENDS = Shift(("anna", "liis", "mari"), WEEKEND, time(9), time(9), Turn.DAILY, date(2026, 3, 7))
SKIING = StandIn(datetime(2026, 3, 4, 15, tzinfo=UTC), datetime(2026, 3, 5, 7, tzinfo=UTC), "anna", "Peeter is skiing")
ROTA = Rota("delivery", TALLINN, (DAYS, NIGHTS, WEEKENDS), (SKIING,), ("mari", "anna"))


def at(local: str, zone: str = TALLINN, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("local", "person"),
    [
        ("2026-03-02 08:59", "anna"),  # Monday before nine: the shift of Sunday 1 March
        ("2026-03-02 09:00", "mari"),
        ("2026-03-02 16:59", "mari"),
        ("2026-03-02 17:00", "peeter"),
        ("2026-03-03 08:59", "peeter"),  # past midnight it is Monday's shift
        ("2026-03-04 16:59", "mari"),
        ("2026-03-04 17:00", "anna"),  # stands in
        ("2026-03-05 08:59", "anna"),
        ("2026-03-05 09:00", "mari"),
        ("2026-03-06 23:00", "peeter"),
        ("2026-03-07 08:59", "peeter"),  # Saturday until nine: Friday's shift
        ("2026-03-07 09:00", "anna"),
        ("2026-03-08 09:00", "liis"),
        ("2026-03-09 08:59", "liis"),  # Sunday's shift ends on Monday
        ("2026-03-09 17:00", "jaan"),  # the next week
        ("2026-03-14 09:00", "liis"),  # seven days on, of three people
        ("2026-03-15 09:00", "mari"),
        ("2026-02-23 17:00", "jaan"),  # the week before the first
    ],
)
def test_who_is_on_call(local: str, person: str) -> None:
    assert ROTA.on_call(at(local)).person == person


def test_it_says_why() -> None:
    assert ROTA.on_call(at("2026-03-04 18:00")) == OnCall("anna", "stands in: Peeter is skiing")
    assert ROTA.on_call(at("2026-03-03 02:00")) == OnCall("peeter", "shift 2 of 2026-03-02, weekly turn")
    assert Rota("r", TALLINN, (DAYS,)).on_call(at("2026-03-03 02:00")) == OnCall("", "nobody's shift")


def test_who_is_called_after_the_first_is_each_called_once() -> None:
    assert ROTA.called(at("2026-03-02 18:00")) == ("peeter", "mari", "anna")
    assert ROTA.called(at("2026-03-04 18:00")) == ("anna", "mari")
    assert Rota("r", TALLINN, (DAYS,), (), ("anna",)).called(at("2026-03-03 02:00")) == ()


@pytest.mark.parametrize(
    ("night", "hours"),
    [("2026-03-28", 23), ("2026-10-24", 25), ("2026-11-14", 24)],  # the clocks change on Sunday
)
def test_a_shift_goes_by_the_wall_clock_when_the_clocks_change(night: str, hours: int) -> None:
    one = Rota("r", TALLINN, (Shift(("anna",), frozenset({5}), time(9), time(9)),))
    begins = at(f"{night} 09:00")
    changes = list(one.changes(begins - timedelta(hours=1), begins + timedelta(hours=30)))
    ((start, end),) = [(since, until) for (since, who), (until, _) in pairwise(changes) if who.person]
    assert start == begins
    assert end - start == timedelta(hours=hours)


def test_a_shift_that_changes_in_the_hour_that_is_missing_or_comes_twice() -> None:
    night = Shift(("anna",), frozenset(range(7)), time(22), time(3, 30))
    morning = Shift(("mari",), frozenset(range(7)), time(3, 30), time(22))
    rota = Rota("r", TALLINN, (night, morning))
    assert rota.on_call(at("2026-03-29 02:59")).person == "anna"
    assert rota.on_call(at("2026-03-29 04:00")).person == "mari"  # 03:30 there is not: the clocks pass it at once
    assert rota.on_call(at("2026-10-25 03:29")).person == "anna"
    assert rota.on_call(at("2026-10-25 03:30")).person == "mari"  # the first of the two
    assert rota.on_call(at("2026-10-25 03:29", fold=1)).person == "mari"


TIMES = st.times(min_value=time(0), max_value=time(23, 59)).map(lambda each: each.replace(second=0, microsecond=0))
SHIFTS = st.builds(
    Shift,
    st.lists(st.sampled_from(["anna", "mari", "jaan"]), min_size=1, max_size=3).map(tuple),
    st.frozensets(st.integers(0, 6), min_size=1),
    TIMES,
    TIMES,
    st.sampled_from(list(Turn)),
    st.dates(date(2025, 1, 1), date(2027, 1, 1)),
)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)).map(lambda each: each.replace(tzinfo=UTC))
STAND_INS = st.builds(
    lambda begins, hours, person: StandIn(begins, begins + timedelta(hours=hours), person),
    INSTANTS,
    st.integers(1, 200),
    st.sampled_from(["anna", "mari", "jaan"]),
)
ROTAS = st.builds(
    Rota,
    st.just("rota"),
    st.sampled_from([TALLINN, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
    st.lists(SHIFTS, max_size=4).map(tuple),
    st.lists(STAND_INS, max_size=3).map(tuple),
)


@given(ROTAS, INSTANTS, st.lists(st.timedeltas(timedelta(), timedelta(days=20)), max_size=10))
def test_at_each_instant_one_person_is_on_call_or_it_is_a_gap(
    rota: Rota, first: datetime, later: list[timedelta]
) -> None:
    last = first + timedelta(days=20)
    changes = list(rota.changes(first, last))
    gaps = list(rota.gaps(first, last))
    assert changes[0][0] == first
    for instant in (first + each for each in later):
        if instant >= last:
            continue
        now = [who.person for since, who in changes if since <= instant][-1]
        assert rota.on_call(instant).person == now, "who is on call changes only where `changes` says so"
        assert any(since <= instant < until for since, until in gaps) == (not now)


@given(ROTAS, INSTANTS)
def test_around_the_clock_there_is_no_gap(rota: Rota, first: datetime) -> None:
    day = Shift(("anna", "mari"), frozenset(range(7)), time(8), time(20), Turn.DAILY)
    night = Shift(("jaan",), frozenset(range(7)), time(20), time(8))
    whole = Rota("whole", rota.timezone, (*rota.shifts, day, night), rota.stand_ins)
    assert not list(whole.gaps(first, first + timedelta(days=20)))


def swap(day: str, one: str, other: str) -> Swap:
    return Swap(date.fromisoformat(day), one, other, "skiing", "Liis")


@pytest.mark.parametrize(
    ("local", "person"),
    [
        ("2026-03-02 08:59", "anna"),  # Monday before nine: Sunday's shift, which nobody swapped
        ("2026-03-02 09:00", "peeter"),  # both are on call on Monday: they change places
        ("2026-03-02 17:00", "mari"),
        ("2026-03-03 08:59", "mari"),  # past midnight it is Monday's shift
        ("2026-03-03 09:00", "mari"),
        ("2026-03-04 16:59", "mari"),
        ("2026-03-04 17:00", "jaan"),  # instead of Anna, who stands in
        ("2026-03-05 00:00", "anna"),  # who stands in goes by the calendar
        ("2026-03-07 09:00", "liis"),  # one swap after the other: Mari, then Liis instead of her
        ("2026-03-08 09:00", "liis"),
    ],
)
def test_swaps(local: str, person: str) -> None:
    rota = ROTA.swapped(
        [
            swap("2026-03-02", "mari", "peeter"),
            swap("2026-03-04", "jaan", "anna"),
            swap("2026-03-07", "anna", "mari"),
            swap("2026-03-07", "mari", "liis"),
        ]
    )
    assert rota.on_call(at(local)).person == person


def test_a_swap_says_why_and_whose_turn_it_was() -> None:
    rota = ROTA.swapped([swap("2026-03-02", "peeter", "mari")])
    why = "shift 2 of 2026-03-02, weekly turn, swapped with peeter: skiing (Liis)"
    assert rota.on_call(at("2026-03-02 20:00")) == OnCall("mari", why, "peeter")
    assert rota.called(at("2026-03-02 20:00")) == ("mari", "anna")
    back = rota.swapped([*rota.swaps, swap("2026-03-02", "mari", "peeter")])
    assert back.on_call(at("2026-03-02 20:00")) == ROTA.on_call(at("2026-03-02 20:00"))


def test_swaps_of_people_whom_the_rota_has_no_more_are_left_out() -> None:
    rota = ROTA.swapped([swap("2026-03-02", "peeter", "kati"), swap("2026-03-02", "mari", "anna")])
    assert [each.other for each in rota.swaps] == ["anna"]


def test_a_days_hours_and_the_changes_know_of_swaps() -> None:
    rota = ROTA.swapped([swap("2026-03-04", "jaan", "anna")])
    assert [(*map(str, each[:2]), each[2]) for each in rota.hours_of(date(2026, 3, 4))] == [
        (str(at("2026-03-04 09:00")), str(at("2026-03-04 17:00")), "mari"),
        (str(at("2026-03-04 17:00")), str(at("2026-03-05 00:00")), "jaan"),
    ]
    changes = [(since, who.person) for since, who in rota.changes(at("2026-03-04 12:00"), at("2026-03-05 08:00"))]
    assert changes == [
        (at("2026-03-04 12:00"), "mari"),
        (at("2026-03-04 17:00"), "jaan"),
        (at("2026-03-05 00:00"), "anna"),
    ]


@pytest.mark.parametrize(
    ("swapped", "now", "fault"),
    [
        (swap("2026-03-02", "mari", "peeter"), "2026-03-01 12:00", ""),
        (swap("2026-03-07", "mari", "anna"), "2026-03-01 12:00", ""),  # one of them is on call
        (swap("2026-03-02", "mari", "peeter"), "2026-03-03 08:59", ""),  # Monday's shift is not over
        (swap("2026-03-02", "mari", "peeter"), "2026-03-03 09:00", "2026-03-02 is over"),
        (
            swap("2026-03-02", "mari", "kati"),
            "2026-03-01 12:00",
            "kati is not in rota delivery: its people are mari, peeter, jaan, anna, liis",
        ),
        (
            swap("2026-03-02", "mari", "mari"),
            "2026-03-01 12:00",
            "mari cannot change places with mari: name two people",
        ),
        (
            swap("2026-03-02", "liis", "anna"),
            "2026-03-01 12:00",
            "neither liis nor anna is on call on 2026-03-02: on call are mari, peeter",
        ),
    ],
)
def test_what_speaks_against_a_swap(swapped: Swap, now: str, fault: str) -> None:
    assert ROTA.fault_of(swapped, at(now)) == fault


def test_a_day_on_which_nobody_is_on_call_has_nothing_to_swap() -> None:
    rota = Rota("r", TALLINN, (Shift(("mari", "anna"), WEEKDAYS, time(9), time(17), Turn.DAILY, date(2026, 3, 2)),))
    assert rota.fault_of(swap("2026-03-07", "mari", "anna"), at("2026-03-01 12:00")).endswith(": nobody is on call")
