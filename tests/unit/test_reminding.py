"""Which reminders an appointment gets, and when people may be called."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from switchboard.domain.appointment import Appointment, AppointmentState, Booker, EventType, ReminderWay, Slot
from switchboard.domain.decent_hours import DecentHours, zones_of
from switchboard.domain.language import ENGLISH
from switchboard.domain.reminding import (
    ATTEMPTS,
    PAUSE,
    Reminder,
    ReminderState,
    attempt_failed,
    begin_attempt,
    reminders_of,
)

DECENT = DecentHours(ZoneInfo("Europe/Tallinn"))
TALLINN, NEW_YORK, NOWHERE = "+37255512345", "+12125550123", "+88212345678"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 11, 24, 12, tzinfo=UTC)  # 14:00 in Tallinn
BOOKED = START - 10 * DAY
TASTING = EventType("tasting", {ENGLISH: "a tasting"}, HOUR, (("chef",),), reminders=(DAY, 2 * HOUR))


def appointment(start: datetime = START, number: str = TALLINN, email: str = "") -> Appointment:
    slot = Slot(start, start + HOUR, ("chef",))
    booker = Booker(number, email=email)
    return Appointment(UUID(int=1), "123456", "tasting", slot, AppointmentState.BOOKED, booker)


@pytest.mark.parametrize(
    ("number", "hour", "decent"),
    [
        (TALLINN, 6, False),  # 08:00 there
        (TALLINN, 7, True),
        (TALLINN, 17, True),
        (TALLINN, 18, False),
        (NEW_YORK, 13, False),
        (NEW_YORK, 14, True),
        (NOWHERE, 7, True),  # as here
        (NOWHERE, 18, False),
        ("", 18, False),
        ("+79161234567", 12, True),  # a mobile may be in any of Russia's zones: 15:00 in Moscow
    ],
)
def test_decent_hours_are_those_of_the_numbers_country(number: str, hour: int, decent: bool) -> None:
    at = datetime(2026, 11, 24, hour, tzinfo=UTC)
    zones = zones_of(number)
    if len(zones) > 1:
        decent = all(9 <= at.astimezone(zone).hour < 20 for zone in zones)
    assert DECENT.are_at(at, number) is decent


def at_of(found: list[Reminder]) -> list[tuple[ReminderWay, datetime]]:
    return [(each.way, each.at) for each in found]


def test_each_time_by_each_way() -> None:
    found = reminders_of(appointment(email="a@example.net"), TASTING, BOOKED, tuple(ReminderWay), DECENT)
    assert at_of(found) == [(way, START - before) for before in (DAY, 2 * HOUR) for way in ReminderWay]
    assert len({each.key for each in found}) == 6


def test_what_was_due_before_it_was_booked_is_left_out() -> None:
    found = reminders_of(appointment(), TASTING, START - 3 * HOUR, [ReminderWay.CALL], DECENT)
    assert at_of(found) == [(ReminderWay.CALL, START - 2 * HOUR)]


@pytest.mark.parametrize(
    ("start_hour", "before", "expected"),
    [
        (8, 2 * HOUR, START.replace(hour=7)),  # 10:00: due at 08:00, called at 09:00
        (7, 2 * HOUR, datetime(2026, 11, 23, 17, 45, tzinfo=UTC)),  # 09:00: called the evening before
        (20, DAY, datetime(2026, 11, 24, 7, tzinfo=UTC)),  # 22:00: due at 22:00 the day before, called the next morning
    ],
)
def test_nobody_is_called_at_night(start_hour: int, before: timedelta, expected: datetime) -> None:
    kind = replace(TASTING, reminders=(before,))
    found = reminders_of(appointment(START.replace(hour=start_hour)), kind, BOOKED, [ReminderWay.CALL], DECENT)
    assert at_of(found) == [(ReminderWay.CALL, expected)]


def test_who_withheld_the_number_or_has_no_address_gets_nothing_there() -> None:
    assert not reminders_of(appointment(number=""), TASTING, BOOKED, tuple(ReminderWay), DECENT)
    found = reminders_of(appointment(number="", email="a@example.net"), TASTING, BOOKED, tuple(ReminderWay), DECENT)
    assert {each.way for each in found} == {ReminderWay.MAIL}


def test_who_said_that_they_come_is_called_no_more() -> None:
    confirmed = replace(appointment(), state=AppointmentState.CONFIRMED)
    assert not reminders_of(confirmed, TASTING, BOOKED, [ReminderWay.CALL], DECENT)
    cancelled = replace(appointment(), state=AppointmentState.CANCELLED)
    assert not reminders_of(cancelled, TASTING, BOOKED, tuple(ReminderWay), DECENT)


def test_moved_it_is_another_reminder() -> None:
    (first, *_) = reminders_of(appointment(), TASTING, BOOKED, [ReminderWay.CALL], DECENT)
    (moved, *_) = reminders_of(appointment(START + DAY), TASTING, BOOKED, [ReminderWay.CALL], DECENT)
    assert first.key != moved.key


def test_a_call_is_tried_again_within_decent_hours_and_given_up() -> None:
    (reminder, *_) = reminders_of(appointment(), TASTING, BOOKED, [ReminderWay.CALL], DECENT)
    now = reminder.at
    for attempt in range(1, ATTEMPTS):
        reminder = attempt_failed(begin_attempt(reminder), "busy", DECENT, TALLINN, now)
        assert (reminder.state, reminder.attempts, reminder.at) == (ReminderState.WAITING, attempt, now + PAUSE)
        now = reminder.at
    assert attempt_failed(begin_attempt(reminder), "busy", DECENT, TALLINN, now).state is ReminderState.GIVEN_UP


def test_a_pause_does_not_end_at_night_or_after_the_beginning() -> None:
    (day, hours) = reminders_of(appointment(), TASTING, BOOKED, [ReminderWay.CALL], DECENT)
    evening = datetime(2026, 11, 23, 17, 50, tzinfo=UTC)  # 19:50
    again = attempt_failed(begin_attempt(day), "busy", DECENT, TALLINN, evening)
    assert again.at == datetime(2026, 11, 24, 7, 10, tzinfo=UTC)
    late = attempt_failed(begin_attempt(hours), "busy", DECENT, TALLINN, START - timedelta(minutes=30))
    assert late.state is ReminderState.GIVEN_UP
