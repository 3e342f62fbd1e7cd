"""Appointments and a calendar on a real CalDAV server, in step both ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from switchboard.calendars.caldav_calendar import BY_CTAG, CaldavCalendar
from switchboard.calendars.icalendar_text import Told, stored
from switchboard.calendars.keeping_in_step import Here, InStep
from switchboard.domain.appointment import Appointment, AppointmentState
from switchboard.errors import CalendarUnreachable
from tests.calendars.books import MemoryAppointments, MemoryCalendarBook
from tests.calendars.radicale import PASSWORD, USER, Radicale

RIGA = ZoneInfo("Europe/Riga")
NOW = datetime(2026, 10, 20, 6, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def text_of(appointment: Appointment) -> bytes:
    return stored(appointment, Told(f"Meeting {appointment.reference}"), RIGA, NOW)


class Desk:
    """Ours and theirs. `calendar` is the person's own program on the same calendar."""

    def __init__(self, radicale: Radicale, name: str) -> None:
        self.radicale, self.url = radicale, radicale.url(calendar=name)
        self.appointments = MemoryAppointments()
        self.book = MemoryCalendarBook(self.appointments)
        self.now = NOW
        self.remote = CaldavCalendar(self.url, USER, PASSWORD)
        here = Here(self.book, self.appointments, RIGA, 60 * DAY, text_of, lambda: self.now)
        self.in_step = InStep("mari", self.remote, here)
        self.client = radicale.client()

    def make(self) -> None:
        assert self.client.mkcalendar(self.url).status == 201

    async def theirs(self, work: Callable[[Any], Any]) -> Any:
        """What the person does with their own program."""
        return await asyncio.to_thread(lambda: work(self.client.calendar(url=self.url)))

    async def shown(self, appointment: Appointment) -> Any:
        """Their copy of an appointment."""
        return await self.theirs(lambda calendar: calendar.event_by_uid(str(appointment.id)))

    async def move_there(self, appointment: Appointment, start: datetime, end: datetime) -> None:
        copy = await self.shown(appointment)
        (event,) = copy.icalendar_instance.walk("VEVENT")
        event.DTSTART, event.DTEND = start, end
        await asyncio.to_thread(copy.save)

    async def starts_there(self) -> list[datetime]:
        events = await self.theirs(lambda calendar: calendar.events())
        return sorted(each.icalendar_component.start.astimezone(UTC) for each in events)

    async def add_there(self, *lines: str) -> str:
        uid = uuid4().hex
        text = "\r\n".join(
            (
                *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", f"UID:{uid}"),
                *("DTSTAMP:20260101T000000Z", *lines, "END:VEVENT", "END:VCALENDAR", ""),
            )
        )
        answer = await asyncio.to_thread(
            self.client.put, f"{self.url}{uid}.ics", text, {"Content-Type": "text/calendar"}
        )
        assert answer.status == 201
        return f"{self.url}{uid}.ics"

    @property
    def busy(self) -> list[tuple[datetime, datetime]]:
        return sorted((span.start, span.end) for kept in self.book.kept.values() for span in kept.busy)

    async def close(self) -> None:
        await self.remote.close()
        await asyncio.to_thread(self.client.close)


@pytest.fixture
async def desk(radicale: Radicale) -> AsyncIterator[Desk]:
    made = Desk(radicale, uuid4().hex)
    await asyncio.to_thread(made.make)
    yield made
    await made.close()


async def test_bookings_appear_there_move_and_go(desk: Desk) -> None:
    booked = desk.appointments.booked(NOW + DAY, NOW + DAY + HOUR)
    other = desk.appointments.booked(NOW + 2 * DAY, NOW + 2 * DAY + HOUR)
    assert await desk.in_step.once() == ""
    assert await desk.starts_there() == [NOW + DAY, NOW + 2 * DAY]
    desk.appointments.move(booked, NOW + 3 * DAY, NOW + 3 * DAY + HOUR)
    desk.appointments.known[other.id] = replace(other, state=AppointmentState.CANCELLED, revision=1)
    await desk.in_step.once()
    assert await desk.starts_there() == [NOW + 3 * DAY]
    assert not desk.busy, "what is ours does not block as theirs"
    await desk.in_step.once()
    assert not desk.appointments.told, "nobody changed anything there"


@pytest.mark.parametrize("by_ctag", [False, True])
async def test_changes_made_there_are_followed(desk: Desk, by_ctag: bool) -> None:
    moved = desk.appointments.booked(NOW + DAY, NOW + DAY + HOUR)
    deleted = desk.appointments.booked(NOW + 2 * DAY, NOW + 2 * DAY + HOUR)
    await desk.in_step.once()
    if by_ctag:  # as of a server without sync tokens
        desk.book.now = replace(desk.book.now, token=f"{desk.remote.address}\n{BY_CTAG}")
    await desk.move_there(moved, NOW + 4 * DAY, NOW + 4 * DAY + 2 * HOUR)
    await asyncio.to_thread((await desk.shown(deleted)).delete)
    assert await desk.in_step.once() == ""
    assert (f"\n{BY_CTAG}" in desk.book.now.token) is by_ctag
    slot = desk.appointments.known[moved.id].slot
    assert (slot.start, slot.end) == (NOW + 4 * DAY, NOW + 4 * DAY + 2 * HOUR)
    assert desk.appointments.known[deleted.id].state is AppointmentState.CANCELLED
    assert {by.who for by in desk.appointments.told} == {"calendar of mari"}
    told = len(desk.appointments.told)
    await desk.in_step.once()
    assert len(desk.appointments.told) == told == 2, "each change once"
    assert await desk.starts_there() == [NOW + 4 * DAY]


async def test_cancelled_there_is_cancelled_here(desk: Desk) -> None:
    booked = desk.appointments.booked(NOW + DAY, NOW + DAY + HOUR)
    await desk.in_step.once()
    copy = await desk.shown(booked)
    (event,) = copy.icalendar_instance.walk("VEVENT")
    event.status = "CANCELLED"
    await asyncio.to_thread(copy.save)
    await desk.in_step.once()
    assert desk.appointments.known[booked.id].state is AppointmentState.CANCELLED


@pytest.mark.parametrize("to", ["taken", "past"])
async def test_moved_to_where_it_cannot_be_it_is_put_back_and_told(desk: Desk, to: str) -> None:
    booked = desk.appointments.booked(NOW + DAY, NOW + DAY + HOUR)
    desk.appointments.booked(NOW + 2 * DAY, NOW + 2 * DAY + HOUR)
    await desk.in_step.once()
    start = NOW + 2 * DAY if to == "taken" else NOW - DAY
    await desk.move_there(booked, start, start + HOUR)
    assert "is put back: that time is taken, or past" in await desk.in_step.once()
    assert await desk.starts_there() == [NOW + DAY, NOW + 2 * DAY]
    assert desk.appointments.known[booked.id] == booked
    assert list(desk.book.refusals.values()) == ["that time is taken, or past"]
    assert await desk.in_step.once() == "", "told once"


async def test_moved_on_both_sides_at_once_theirs_is_followed(desk: Desk) -> None:
    """412: they wrote it after we looked and before we write."""
    booked = desk.appointments.booked(NOW + DAY, NOW + DAY + HOUR)
    await desk.in_step.once()
    desk.appointments.move(booked, NOW + 2 * DAY, NOW + 2 * DAY + HOUR)
    asked = desk.remote.changes

    async def then_they_move(*arguments: Any) -> Any:
        changes = await asked(*arguments)
        await desk.move_there(booked, NOW + 5 * DAY, NOW + 5 * DAY + HOUR)
        return changes

    desk.remote.changes = then_they_move  # type: ignore[method-assign]
    await desk.in_step.once()
    desk.remote.changes = asked  # type: ignore[method-assign]
    await desk.in_step.once()
    assert desk.appointments.known[booked.id].slot.start == NOW + 5 * DAY
    assert await desk.starts_there() == [NOW + 5 * DAY]


async def test_renamed_there_while_we_move_it_ours_is_written(desk: Desk) -> None:
    booked = desk.appointments.booked(NOW + DAY, NOW + DAY + HOUR)
    await desk.in_step.once()
    copy = await desk.shown(booked)
    copy.icalendar_instance.walk("VEVENT")[0]["SUMMARY"] = "call first"
    await asyncio.to_thread(copy.save)
    desk.appointments.move(booked, NOW + 2 * DAY, NOW + 2 * DAY + HOUR)
    await desk.in_step.once()
    assert await desk.starts_there() == [NOW + 2 * DAY]
    assert not desk.appointments.told


async def test_written_but_not_noted_it_is_taken_up(desk: Desk) -> None:
    """We were killed between the server's answer and our note of it."""
    booked = desk.appointments.booked(NOW + DAY, NOW + DAY + HOUR)
    await desk.in_step.once()
    desk.book.known_copies.clear()
    await desk.in_step.once()
    assert desk.book.known_copies[booked.id].revision == booked.revision
    assert await desk.starts_there() == [NOW + DAY]
    assert not desk.busy and not desk.appointments.told


async def test_all_gone_at_once_nothing_is_cancelled(desk: Desk) -> None:
    made = [desk.appointments.booked(NOW + day * DAY, NOW + day * DAY + HOUR) for day in (1, 2, 3)]
    await desk.in_step.once()
    await asyncio.to_thread(desk.client.delete, desk.url)
    await asyncio.to_thread(desk.make)
    assert "none is cancelled" in await desk.in_step.once()
    assert await desk.starts_there() == [each.slot.start for each in made]
    assert not desk.appointments.told


async def test_outside_events_block_until_they_go(desk: Desk) -> None:
    single = await desk.add_there("DTSTART:20261021T080000Z", "DTEND:20261021T090000Z", "SUMMARY:dentist")
    await desk.add_there("DTSTART:20261021T120000Z", "DTEND:20261021T130000Z", "TRANSP:TRANSPARENT")
    await desk.add_there(  # over the night when clocks go back
        "DTSTART;TZID=Europe/Riga:20261024T100000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2"
    )
    assert await desk.in_step.once() == ""
    dentist = (datetime(2026, 10, 21, 8, tzinfo=UTC), datetime(2026, 10, 21, 9, tzinfo=UTC))
    series = [
        (datetime(2026, 10, 24, 7, tzinfo=UTC), datetime(2026, 10, 24, 8, tzinfo=UTC)),
        (datetime(2026, 10, 25, 8, tzinfo=UTC), datetime(2026, 10, 25, 9, tzinfo=UTC)),
    ]
    assert desk.busy == [dentist, *series]
    await asyncio.to_thread(desk.client.delete, single)
    await desk.in_step.once()
    assert desk.busy == series


async def test_all_is_read_again_each_day(desk: Desk) -> None:
    await desk.add_there("DTSTART:20261021T080000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY")
    await desk.in_step.once()
    last = desk.busy[-1]
    desk.now += DAY
    await desk.in_step.once()
    assert desk.busy[-1][0] == last[0] + DAY


async def test_a_server_that_is_away_changes_nothing_and_is_caught_up_with(desk: Desk) -> None:
    await desk.add_there("DTSTART:20261021T080000Z", "DTEND:20261021T090000Z")
    await desk.in_step.once()
    await desk.radicale.stop()
    try:
        booked = desk.appointments.booked(NOW + DAY, NOW + DAY + HOUR)
        with pytest.raises(CalendarUnreachable, match="cannot be reached"):
            await desk.in_step.once()
        assert len(desk.busy) == 1
    finally:
        await desk.radicale.start()
    assert await desk.in_step.once() == ""
    assert booked.slot.start in await desk.starts_there()


async def test_a_wrong_password_and_a_wrong_address_are_told(desk: Desk) -> None:
    for url, password, told in (
        (desk.url, "wrong", "refuses the username or its password"),
        (desk.radicale.url(calendar="nothing"), PASSWORD, "no calendar at this address"),
    ):
        remote = CaldavCalendar(url, USER, password)
        with pytest.raises(CalendarUnreachable, match=told):
            await remote.changes("", {})
        await remote.close()


async def test_a_forgotten_token_has_all_read_again(desk: Desk) -> None:
    await desk.add_there("DTSTART:20261021T080000Z", "DTEND:20261021T090000Z")
    changes = await desk.remote.changes("sync:http://radicale.org/ns/sync/" + "0" * 64, {})
    assert changes.is_all and len(changes.objects) == 1


async def test_five_hundred_events_are_read(desk: Desk) -> None:
    def fill() -> None:
        events = [
            f"BEGIN:VEVENT\r\nUID:{n}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:202610{21 + n % 9}T{n % 23:02}0000Z\r\n"
            "DURATION:PT30M\r\nEND:VEVENT\r\n"
            for n in range(500)
        ]
        text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + "".join(events) + "END:VCALENDAR\r\n"
        answer = desk.client.put(desk.url, text, {"Content-Type": "text/calendar"})  # a whole calendar at once
        assert answer.status == 201

    await asyncio.to_thread(desk.client.delete, desk.url)
    await asyncio.to_thread(fill)
    assert await desk.in_step.once() == ""
    assert len(desk.book.kept) == len(desk.busy) == 500


async def test_what_somebody_else_has_taken_over_goes_from_there_and_is_not_cancelled(desk: Desk) -> None:
    booked = desk.appointments.booked(NOW + DAY, NOW + DAY + HOUR)
    other = desk.appointments.booked(NOW + 2 * DAY, NOW + 2 * DAY + HOUR)
    await desk.in_step.once()
    for each in (booked, other):
        slot = replace(each.slot, resources=("jaan",))
        desk.appointments.known[each.id] = replace(each, slot=slot, revision=1)
    await asyncio.to_thread((await desk.shown(other)).delete)
    await desk.in_step.once()
    assert await desk.starts_there() == []
    assert not desk.appointments.told and not desk.book.known_copies


async def test_another_calendar_in_its_place_cancels_nothing(desk: Desk) -> None:
    booked = desk.appointments.booked(NOW + DAY, NOW + DAY + HOUR)
    await desk.add_there("DTSTART:20261021T080000Z", "DTEND:20261021T090000Z")
    await desk.in_step.once()
    other = Desk(desk.radicale, uuid4().hex)
    await asyncio.to_thread(other.make)
    other.appointments, other.book = desk.appointments, desk.book
    here = Here(desk.book, desk.appointments, RIGA, 60 * DAY, text_of, lambda: NOW)
    assert await InStep("mari", other.remote, here).once() == ""
    assert await other.starts_there() == [booked.slot.start]
    assert not desk.appointments.told and not desk.busy
    await other.close()
