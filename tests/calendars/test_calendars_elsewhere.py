"""Postgres and a CalDAV server in step, by the controller's task; reminders and the waitlist in Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from switchboard.appointment_ports import Wish
from switchboard.appointment_post import CalendarsElsewhere
from switchboard.domain.appointment import Booker, CalendarElsewhere, ReminderWay, Slot
from switchboard.domain.reminding import Reminder, ReminderState, begin_attempt, close
from switchboard.postgres.appointment_calls import PostgresAppointmentCalls
from switchboard.postgres.calendar_book import PostgresCalendarBook
from switchboard.testing.manual_clock import ManualClock
from tests.calendars.bookings import ANNA, CLIENT, DAY, HOUR, appointments, booked, office
from tests.calendars.radicale import PASSWORD, USER, Radicale
from tests.calendars.test_in_step import Desk

START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + 7 * DAY


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC) + timedelta(seconds=5))


async def eventually(condition: Callable[[], Any], what: str) -> None:
    async with asyncio.timeout(30):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)
    raise AssertionError(what)


@asynccontextmanager
async def kept_in_step(dsn: str, clock: ManualClock, desk: Desk, password: str = PASSWORD) -> AsyncIterator[Any]:
    organisation = office(CalendarElsewhere(desk.url, USER))
    book = PostgresCalendarBook(dsn)
    environment = {"SWITCHBOARD_CALENDAR_MARI_PASSWORD": password}
    async with appointments(dsn, clock, lambda: organisation) as store:
        work = CalendarsElsewhere(book, store, lambda: organisation, clock.now, environment, poll=0.05)
        task = asyncio.create_task(work.run())
        try:
            yield store, work
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await book.close()


@pytest.fixture
async def desk(radicale: Radicale) -> AsyncIterator[Desk]:
    made = Desk(radicale, uuid4().hex)
    await asyncio.to_thread(made.make)
    yield made
    await made.close()


async def test_both_ways_through_postgres(dsn: str, clock: ManualClock, desk: Desk) -> None:
    async with kept_in_step(dsn, clock, desk) as (store, work):
        made = await booked(store, clock, START)

        async def is_there() -> bool:
            return START in await desk.starts_there()

        await eventually(is_there, "the booking is in Mari's calendar")
        await desk.move_there(made, START + 2 * HOUR, START + 3 * HOUR)

        async def is_moved() -> bool:
            found = await store.by_reference(made.reference, clock.now())
            return found is not None and found.slot.start == START + 2 * HOUR and found.revision == 1

        await eventually(is_moved, "the appointment followed")
        await desk.add_there(
            f"DTSTART:{START + DAY:%Y%m%dT%H%M%SZ}", f"DTEND:{START + DAY + HOUR:%Y%m%dT%H%M%SZ}", "SUMMARY:private"
        )

        async def is_busy() -> bool:
            return any(each.start == START + DAY for each in await store.busy(["mari"], START, START + 2 * DAY))

        await eventually(is_busy, "what is outside blocks")
        slot = Slot(START + DAY, START + DAY + HOUR, ("mari", "room"))
        by = replace(CLIENT, key="k")
        assert await store.hold("meeting", slot, ANNA, clock.now() + HOUR, by) is None
        assert len(await store.busy(["mari"], START, START + 2 * DAY)) == 2, "ours blocks once"
        await asyncio.to_thread((await desk.shown(made)).delete)

        async def is_cancelled() -> bool:
            return not await store.of(ANNA.number, clock.now())

        await eventually(is_cancelled, "deleted there is cancelled here")
        assert work.told()["mari"]["problem"] is None


async def test_what_is_wrong_is_told_and_delays_nothing(dsn: str, clock: ManualClock, desk: Desk) -> None:
    async with kept_in_step(dsn, clock, desk, "wrong") as (store, work):
        await eventually(lambda: "refuses" in str(work.told().get("mari", {}).get("problem")), "it is told")
        await booked(store, clock, START)
    async with kept_in_step(dsn, clock, desk, "") as (store, work):
        await eventually(lambda: "SWITCHBOARD_CALENDAR_MARI_PASSWORD" in str(work.told().get("mari")), "it is told")


async def test_a_calendar_that_is_no_more_ours_to_keep_blocks_nothing(dsn: str, clock: ManualClock, desk: Desk) -> None:
    await desk.add_there(f"DTSTART:{START:%Y%m%dT%H%M%SZ}", f"DTEND:{START + HOUR:%Y%m%dT%H%M%SZ}")
    async with kept_in_step(dsn, clock, desk) as (store, _):

        async def is_busy() -> bool:
            return bool(await store.busy(["mari"], START, START + DAY))

        await eventually(is_busy, "what is outside blocks")
    book = PostgresCalendarBook(dsn)
    await book.forget_others([])
    async with appointments(dsn, clock) as store:
        assert not await store.busy(["mari"], START, START + DAY)
        assert not await book.etags("mari")
    await book.close()


async def test_reminders_stand_in_postgres(dsn: str, clock: ManualClock) -> None:
    calls = PostgresAppointmentCalls(dsn)
    async with appointments(dsn, clock) as store:
        made = await booked(store, clock, START)
        other = await booked(store, clock, START + DAY)
        now = START - DAY
        planned = [
            Reminder(each.id, each.slot.start, DAY, ReminderWay.CALL, now, each.slot.start - HOUR)
            for each in (made, other)
        ]
        await calls.plan(planned)
        assert [each for each, _ in await calls.due(now)] == planned
        first = planned[0]
        dialling = begin_attempt(first)
        assert await calls.note(dialling, first)
        assert not await calls.note(dialling, first), "by another process meanwhile"
        assert await calls.begun() == [(dialling, made)]
        answered = replace(dialling, state=ReminderState.ANSWERED)
        assert await calls.note(answered, dialling)
        assert await calls.begun() == [(answered, made)]
        assert await calls.note(close(answered, ReminderState.DONE, "confirmed"), answered)
        await calls.plan(planned)
        assert [each for each, _ in await calls.due(now)] == planned[1:], "once"
        await booked(store, clock, START + 2 * DAY, moves=other.id)
        assert not await calls.due(now), "moved, it is another reminder"
    await calls.close()


async def test_what_becomes_free_is_offered_to_who_waits(dsn: str, clock: ManualClock) -> None:
    calls = PostgresAppointmentCalls(dsn)
    berta, carl = Booker("+37255567890", "Berta"), Booker("+37255598765", "Carl")
    async with appointments(dsn, clock) as store:
        made = await booked(store, clock, START)
        await store.cancel(made.id, replace(CLIENT, key="1"))
        assert not await calls.freed(clock.now()), "nobody waits"
        later = await booked(store, clock, START + DAY, carl)
        for booker, appointment in ((berta, None), (carl, later.id)):
            now = clock.now()
            await store.wish(Wish(uuid4(), "meeting", booker, now, START + 9 * DAY, appointment=appointment))
            clock.pass_time(timedelta(seconds=1))
        made = await booked(store, clock, START)
        await booked(store, clock, START + 2 * DAY, moves=made.id)
        (freed,) = await calls.freed(clock.now())
        assert (freed.event_type, freed.slot) == ("meeting", made.slot)
        first, second = await calls.waiting(freed, clock.now())
        assert [first.booker.number, second.booker.number] == [berta.number, carl.number]
        assert [await calls.offer(freed, first), await calls.offer(freed, first)] == [True, False]
        (second,) = await calls.waiting(freed, clock.now())
        held = await store.hold("meeting", made.slot, carl, clock.now() + HOUR, replace(CLIENT, key="w"), later.id)
        assert held is not None
        moved = await store.book(held.id, carl, replace(CLIENT, key="w/b"))
        assert moved is not None and (moved.id, moved.slot) == (later.id, made.slot)
        await calls.fulfilled(second)
        await calls.settled(freed)
        (freed,) = await calls.freed(clock.now())
        assert freed.slot == later.slot, "which Carl gave up"
        assert [each.id for each in await calls.waiting(freed, clock.now())] == [first.id]
        await calls.settled(freed)
        released = await store.hold("meeting", freed.slot, ANNA, clock.now() + HOUR, replace(CLIENT, key="r"))
        assert released is not None
        await store.release(released.id)
        assert [each.slot for each in await calls.freed(clock.now())] == [later.slot], "a hold that was let go"
    await calls.close()
