"""Opening hours: lunch, public holidays, overrides, moved days, shifts past midnight, time zones, changes of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.hours import HoursKind, HoursTable
from switchboard.domain.hours_days import MovedDay, Override, country_year

TALLINN = ZoneInfo("Europe/Tallinn")
OFFICE = HoursTable("office", "Mo-Fr 09:00-12:30,13:00-17:00; PH off", "Europe/Tallinn", "EE")
HALF_DAY = Override(
    date(2000, 2, 23), date(2000, 2, 23), "Mo-Fr 09:00-14:00", "half day before Independence Day", yearly=True
)


def local(text: str, zone: ZoneInfo = TALLINN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("at", "kind", "reason", "next_change"),
    [
        ("2026-03-03 08:59", "closed", "before opening at 09:00", "2026-03-03 09:00"),
        ("2026-03-03 09:00", "open", "open 09:00-12:30", "2026-03-03 12:30"),
        ("2026-03-03 12:29:59", "open", "open 09:00-12:30", "2026-03-03 12:30"),
        ("2026-03-03 12:30", "closed", "lunch 12:30-13:00", "2026-03-03 13:00"),
        ("2026-03-03 13:00", "open", "open 13:00-17:00", "2026-03-03 17:00"),
        ("2026-03-03 17:00", "closed", "after closing at 17:00", "2026-03-04 09:00"),
        ("2026-03-06 18:00", "closed", "after closing at 17:00", "2026-03-09 09:00"),
        ("2026-03-07 12:00", "closed", "closed all Saturday", "2026-03-09 09:00"),
        ("2026-02-24 11:00", "holiday", "Independence Day", "2026-02-25 09:00"),
        ("2026-04-03 11:00", "holiday", "Good Friday", "2026-04-06 09:00"),
        ("2026-06-23 11:00", "holiday", "Victory Day", "2026-06-25 09:00"),
        ("2026-06-24 11:00", "holiday", "Midsummer Day", "2026-06-25 09:00"),
        ("2026-08-20 11:00", "holiday", "Independence Restoration Day", "2026-08-21 09:00"),
        ("2026-12-24 11:00", "holiday", "Christmas Eve", "2026-12-28 09:00"),
        ("2026-12-25 11:00", "holiday", "Christmas Day", "2026-12-28 09:00"),
        ("2026-12-26 11:00", "holiday", "Second Day of Christmas", "2026-12-28 09:00"),
    ],
)
def test_an_office_with_lunch(at: str, kind: str, reason: str, next_change: str) -> None:
    state = OFFICE.state_at(local(at).astimezone(UTC))
    assert (state.kind, state.reason) == (HoursKind(kind), reason)
    assert state.next_change == local(next_change)
    assert state.opens == (None if kind == "open" else local(next_change))


@pytest.mark.parametrize(
    ("at", "kind", "reason"),
    [
        ("2026-02-23 13:59", "open", "open 09:00-14:00 (half day before Independence Day)"),
        ("2026-02-23 14:00", "closed", "after closing at 14:00 (half day before Independence Day)"),
        ("2025-02-23 11:00", "closed", "closed all Sunday (half day before Independence Day)"),
        ("2026-05-04 11:00", "closed", "closed all Monday (moving)"),
        ("2026-05-06 11:00", "open", "open 09:00-12:30"),
    ],
)
def test_overrides(at: str, kind: str, reason: str) -> None:
    moving = Override(date(2026, 5, 4), date(2026, 5, 5), "off", "moving")
    table = HoursTable("office", OFFICE.hours, "Europe/Tallinn", "EE", (HALF_DAY, moving))
    state = table.state_at(local(at))
    assert (state.kind, state.reason) == (HoursKind(kind), reason)


def test_a_yearly_override_over_new_year() -> None:
    winter = Override(date(2000, 12, 28), date(2000, 1, 3), "off", "winter holidays", yearly=True)
    days = [date(2026, 12, 27), date(2026, 12, 28), date(2027, 1, 3), date(2027, 1, 4)]
    assert [winter.holds_on(day) for day in days] == [False, True, True, False]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [("Mo-Su 10:00-18:00; PH off", "holiday"), ("Mo-Fr 10:00-18:00; PH 10:00-14:00", "open"), ("24/7", "open")],
)
def test_public_holidays_as_the_hours_say(hours: str, expected: str) -> None:
    table = HoursTable("shop", hours, "Europe/Tallinn", "EE")
    assert table.state_at(local("2026-02-24 11:00")).kind == expected


def test_a_holiday_with_hours_is_closed_outside_them() -> None:
    table = HoursTable("shop", "Mo-Fr 10:00-18:00; PH 10:00-14:00", "Europe/Tallinn", "EE")
    assert table.state_at(local("2026-02-24 15:00")).kind is HoursKind.CLOSED


def test_always_open_never_changes() -> None:
    state = HoursTable("line", "24/7", "Europe/Tallinn", "EE").state_at(local("2026-03-03 03:00"))
    assert (state.kind, state.next_change, state.opens) == (HoursKind.OPEN, None, None)


def test_never_open_says_no_opening() -> None:
    state = HoursTable("none", "off; PH off", "Europe/Tallinn", "EE").state_at(local("2026-03-03 03:00"))
    assert (state.kind, state.next_change, state.opens) == (HoursKind.CLOSED, None, None)


def test_open_past_midnight_is_one_opening() -> None:
    bar = HoursTable("bar", "Fr 20:00-26:00; PH off", "Europe/Tallinn", "EE")
    assert bar.state_at(local("2026-03-06 23:00")).next_change == local("2026-03-07 02:00")
    assert bar.state_at(local("2026-03-07 01:59")).reason == "open 20:00-02:00"
    assert bar.state_at(local("2026-03-07 02:00")).reason == "closed all Saturday"


CLOSED_SATURDAY = Override(date(2026, 3, 7), date(2026, 3, 7), "off", "moving")
LATE_FRIDAY = Override(date(2026, 3, 6), date(2026, 3, 6), "20:00-28:00", "late night")


@pytest.mark.parametrize(
    ("hours", "overrides", "at", "kind", "reason"),
    [
        # Into an override, an override into hours, into hours that say off, into other hours.
        ("Mo-Su 20:00-26:00; PH off", CLOSED_SATURDAY, "2026-03-07 01:59", "open", "open 20:00-02:00"),
        ("Mo-Su 20:00-26:00; PH off", CLOSED_SATURDAY, "2026-03-07 02:00", "closed", "closed all Saturday (moving)"),
        ("Mo-Su 20:00-26:00; PH off", CLOSED_SATURDAY, "2026-03-08 01:00", "closed", "before opening at 20:00"),
        ("Mo-Su 20:00-26:00; PH off", LATE_FRIDAY, "2026-03-07 03:59", "open", "open 20:00-04:00 (late night)"),
        ("Fr 20:00-26:00; Sa off; PH off", None, "2026-03-07 01:59", "open", "open 20:00-02:00"),
        ("Fr 20:00-26:00; Sa 01:00-05:00; PH off", None, "2026-03-07 01:30", "open", "open 20:00-02:00"),
        ("Fr 20:00-26:00; Sa 01:00-05:00; PH off", None, "2026-03-07 02:00", "open", "open 01:00-05:00"),
        # Into the public holiday of 24 February 2026, a Tuesday, and out of it.
        ("Mo-Su 20:00-26:00; PH off", None, "2026-02-24 01:59", "open", "open 20:00-02:00"),
        ("Mo-Su 20:00-26:00; PH off", None, "2026-02-24 02:00", "holiday", "Independence Day"),
        ("Mo-Su 20:00-26:00; PH off", None, "2026-02-25 01:00", "closed", "before opening at 20:00"),
        ("PH 20:00-26:00", None, "2026-02-25 01:00", "open", "open 20:00-02:00 (Independence Day)"),
        ("Mo-Su 20:00-48:00; PH off", None, "2026-02-24 23:59", "open", "open 20:00-00:00"),
    ],
)
def test_a_shift_belongs_to_the_day_it_began_on(
    hours: str, overrides: Override | None, at: str, kind: str, reason: str
) -> None:
    table = HoursTable("line", hours, "Europe/Tallinn", "EE", (overrides,) if overrides else ())
    state = table.state_at(local(at))
    assert (state.kind, state.reason) == (HoursKind(kind), reason)


NIGHTS = HoursTable("nights", "Fr 22:00-06:00; Sa 12:00-14:00; PH off", "Europe/Tallinn", "EE")


@pytest.mark.parametrize(
    ("table", "at", "closing"),
    [
        (OFFICE, "2026-03-03 08:00", "2026-03-03 17:00"),
        (OFFICE, "2026-03-03 11:00", "2026-03-03 17:00"),
        (OFFICE, "2026-03-03 12:45", "2026-03-03 17:00"),  # lunch ends no day
        (OFFICE, "2026-03-03 17:00", "2026-03-04 17:00"),
        (OFFICE, "2026-03-06 20:00", "2026-03-09 17:00"),
        (OFFICE, "2026-04-02 18:00", "2026-04-06 17:00"),  # Good Friday
        (NIGHTS, "2026-03-06 23:00", "2026-03-07 06:00"),
        (NIGHTS, "2026-03-07 05:59", "2026-03-07 06:00"),
        (NIGHTS, "2026-03-07 06:00", "2026-03-07 14:00"),
        (HoursTable("always", "24/7", "Europe/Tallinn", "EE"), "2026-03-03 11:00", "2026-03-04 00:00"),
    ],
)
def test_when_the_working_day_is_over(table: HoursTable, at: str, closing: str) -> None:
    assert table.closing(local(at).astimezone(UTC)) == local(closing)


def test_what_never_opens_never_closes() -> None:
    assert HoursTable("never", "off", "Europe/Tallinn", "EE").closing(local("2026-03-03 11:00")) is None


def test_shifts_that_touch_or_overlap_are_one_opening() -> None:
    table = HoursTable("line", "Fr 20:00-26:00; Sa 01:00-05:00; PH off", "Europe/Tallinn", "EE")
    assert table.state_at(local("2026-03-06 21:00")).next_change == local("2026-03-07 05:00")


BRIDGED = MovedDay(date(2026, 5, 15), date(2026, 5, 23), "bridge after Ascension Day")  # a Friday, a Saturday


@pytest.mark.parametrize(
    ("at", "kind", "reason"),
    [
        ("2026-05-15 10:00", "closed", "closed all Friday (off for Sat 23 May, bridge after Ascension Day)"),
        ("2026-05-23 10:00", "open", "open 09:00-15:00 (worked for Fri 15 May, bridge after Ascension Day)"),
        ("2026-05-23 15:00", "closed", "after closing at 15:00 (worked for Fri 15 May, bridge after Ascension Day)"),
        ("2026-05-16 10:00", "closed", "closed all Saturday"),
        ("2026-05-22 10:00", "open", "open 09:00-15:00"),
    ],
)
def test_a_moved_working_day(at: str, kind: str, reason: str) -> None:
    table = HoursTable("office", "Mo-Th 09:00-17:00; Fr 09:00-15:00; PH off", "Europe/Tallinn", "EE", moved=(BRIDGED,))
    state = table.state_at(local(at))
    assert (state.kind, state.reason) == (HoursKind(kind), reason)


def test_an_override_counts_on_a_moved_day_and_a_public_holiday_can_be_worked() -> None:
    early = Override(date(2026, 5, 23), date(2026, 5, 23), "Mo-Fr 08:00-10:00", "early")
    victory = MovedDay(date(2026, 6, 22), date(2026, 6, 23), "stocktaking")
    table = HoursTable("office", OFFICE.hours, "Europe/Tallinn", "EE", (early,), moved=(BRIDGED, victory))
    assert table.state_at(local("2026-05-23 08:30")).reason == "open 08:00-10:00 (early)"
    assert table.state_at(local("2026-06-22 10:00")).kind is HoursKind.CLOSED
    assert table.state_at(local("2026-06-23 10:00")).kind is HoursKind.OPEN


@pytest.mark.parametrize(
    ("country", "off", "work"), [("LV", "2026-01-02", "2026-01-17"), ("RU", "2025-11-03", "2025-11-01")]
)
def test_days_that_a_country_decrees_to_be_worked(country: str, off: str, work: str) -> None:
    zone = {"LV": "Europe/Riga", "RU": "Europe/Moscow"}[country]
    table = HoursTable("office", OFFICE.hours, zone, country)
    assert table.state_at(local(f"{off} 10:00", ZoneInfo(zone))).kind is HoursKind.HOLIDAY
    worked = table.state_at(local(f"{work} 10:00", ZoneInfo(zone)))
    assert worked.kind is HoursKind.OPEN
    assert worked.reason == f"open 09:00-12:30 (worked for {date.fromisoformat(off):%a %d %b}, by decree)"


def test_a_holiday_on_a_weekend_moves_where_the_law_says_so() -> None:
    tirana = HoursTable("office", OFFICE.hours, "Europe/Tirane", "AL")  # 22 November 2026 is a Sunday
    state = tirana.state_at(local("2026-11-23 10:00", ZoneInfo("Europe/Tirane")))
    assert (state.kind, state.reason) == (HoursKind.HOLIDAY, "Alphabet Day (observed)")


@pytest.mark.parametrize(
    ("instant", "kind"),
    [
        # 29 March 2026, 03:00 becomes 04:00: 00:30-05:00 lasts three and a half hours.
        ("2026-03-28T22:29:59+00:00", "closed"),
        ("2026-03-28T22:30:00+00:00", "open"),
        ("2026-03-29T01:59:59+00:00", "open"),
        ("2026-03-29T02:00:00+00:00", "closed"),
        # 25 October 2026, 04:00 becomes 03:00: it lasts five and a half.
        ("2026-10-24T21:30:00+00:00", "open"),
        ("2026-10-25T02:59:59+00:00", "open"),
        ("2026-10-25T03:00:00+00:00", "closed"),
    ],
)
def test_the_nights_on_which_clocks_change(instant: str, kind: str) -> None:
    night = HoursTable("night", "Mo-Su 00:30-05:00; PH off", "Europe/Tallinn", "EE")
    assert night.state_at(datetime.fromisoformat(instant)).kind == kind


def test_nine_oclock_is_nine_oclock_in_winter_and_summer() -> None:
    assert OFFICE.state_at(datetime(2026, 3, 27, 12, 0, tzinfo=UTC)).next_change == datetime(
        2026, 3, 27, 15, tzinfo=UTC
    )
    assert OFFICE.state_at(datetime(2026, 3, 27, 16, 0, tzinfo=UTC)).opens == datetime(2026, 3, 30, 6, tzinfo=UTC)


def test_another_time_zone_and_country() -> None:
    riga_like = HoursTable("lisbon", "Mo-Fr 09:00-17:00; PH off", "Europe/Lisbon", "PT")
    assert riga_like.state_at(datetime(2026, 3, 3, 8, 59, tzinfo=UTC)).kind is HoursKind.CLOSED
    assert riga_like.state_at(datetime(2026, 3, 3, 9, 0, tzinfo=UTC)).kind is HoursKind.OPEN


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 30)), st.integers(1, 5_000))
def test_nothing_changes_before_the_next_change(at: datetime, later: int) -> None:
    table = HoursTable("office", OFFICE.hours, "Europe/Tallinn", "EE", (HALF_DAY,))
    instant = at.replace(tzinfo=UTC)
    state = table.state_at(instant)
    assert state.next_change is not None
    then = instant + timedelta(minutes=later)
    is_open, will_be = state.kind is HoursKind.OPEN, table.state_at(then).kind is HoursKind.OPEN
    if then < state.next_change:
        assert is_open == will_be
    assert is_open != (table.state_at(state.next_change).kind is HoursKind.OPEN)
    # What was remembered from other instants makes no difference.
    assert HoursTable("office", OFFICE.hours, "Europe/Tallinn", "EE", (HALF_DAY,)).state_at(then) == table.state_at(
        then
    )


def test_estonian_holidays_of_ten_years() -> None:
    fixed = [(1, 1), (2, 24), (5, 1), (6, 23), (6, 24), (8, 20), (12, 24), (12, 25), (12, 26)]
    for year in range(2024, 2034):
        days = country_year("EE", year).holidays
        assert all(date(year, month, day) in days for month, day in fixed)
        assert sum(name == "Good Friday" for name in days.values()) == 1
