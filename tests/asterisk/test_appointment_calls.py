"""Clients' own telephones ring: to be reminded of an appointment, and because a time became free."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from switchboard.appointment_ports import Wish
from switchboard.domain.appointment import Appointment, AppointmentState, Booker, ChangedBy, Slot
from switchboard.domain.call_record import EventKind
from switchboard.services.offer_freed_times import Waitlist
from switchboard.services.office import Office
from tests.asterisk.office import StoryOffice
from tests.asterisk_fixture import eventually
from tests.phones import Phone

HOUR = timedelta(hours=1)
NEVER_CALLED = "+37255599999"


@asynccontextmanager
async def booked(office: StoryOffice, number: str, start: datetime) -> AsyncIterator[Appointment]:
    """A visit, which is cancelled at the end whatever became of it: no other story shall be rung because of it."""
    store, by = office.controller._appointments, ChangedBy("a story", key=uuid4().hex)
    held = await store.hold(
        "visit", Slot(start, start + HOUR / 2, ("room",)), Booker(number), office.clock.now() + HOUR, by
    )
    assert held is not None
    made = await store.book(held.id, held.booker, by)
    assert made is not None
    try:
        yield made
    finally:
        for each in await store.of(number, office.clock.now()):
            await store.cancel(each.id, ChangedBy("a story", key=uuid4().hex))


async def a_client(office: StoryOffice) -> Phone:
    return await office.caller(f"+{office.new_number()}")


async def state_of(office: StoryOffice, client: Phone) -> AppointmentState | None:
    found = await office.controller._appointments.of(client.user, office.clock.now())
    return found[0].state if found else None


async def test_a_client_is_reminded_and_confirms(office: StoryOffice) -> None:
    client = await a_client(office)
    reminding = office.controller._appointment_post._reminding
    start = office.clock.now() + timedelta(days=1, minutes=5)
    async with booked(office, client.user, start):
        await reminding.once()
        assert not client.is_rung, "not yet"
        office.clock.offset += timedelta(minutes=6)
        await reminding.once()
        rung = await client.rung()
        assert rung.peer.startswith("sip:+3726001000@"), "a number of ours is shown"
        await rung.answer()
        await rung.hears(office.prompt("reminder_asks"))
        await rung.press("1")
        await rung.hears(office.prompt("reminder_appointment"))
        await rung.hears(office.prompt("reminder_keys"))
        await rung.press("1")
        await rung.hears(office.prompt("reminder_confirmed"))
        await rung.ended(30)
        assert await state_of(office, client) is AppointmentState.CONFIRMED
        await reminding.calls_over()
        await reminding.once()
        assert not client.is_rung, "once"
    (record,) = await office.records_of(client.user, 1)
    assert "reminder" in record.of(EventKind.OFFERED)[0]


def with_a_waitlist(waitlist: Waitlist) -> Waitlist:
    """Other stories have none."""

    def office() -> Office:
        served = waitlist.office()
        organisation = served.organisation
        rules = replace(organisation.appointments, waitlist=True)
        return replace(served, organisation=replace(organisation, appointments=rules))

    return replace(waitlist, office=office)


async def test_who_waits_is_called_when_a_time_becomes_free_and_has_it(office: StoryOffice) -> None:
    client = await a_client(office)
    store = office.controller._appointments
    waitlist = with_a_waitlist(office.controller._appointment_post._waitlist)
    start = office.clock.now() + 3 * HOUR
    async with booked(office, NEVER_CALLED, start) as other, booked(office, client.user, start + HOUR) as theirs:
        wish = Wish(uuid4(), "visit", Booker(client.user), office.clock.now(), start, appointment=theirs.id)
        await store.wish(wish)
        await store.cancel(other.id, ChangedBy("a story", key=uuid4().hex))
        offering = asyncio.create_task(waitlist.once())
        rung = await client.rung()
        await rung.answer()
        await rung.hears(office.prompt("reminder_asks"))
        await rung.press("1")
        await rung.hears(office.prompt("waitlist_offer"))
        await rung.hears(office.prompt("waitlist_keys"))
        await rung.press("1")
        await rung.hears(office.prompt("waitlist_taken"))
        await rung.ended(30)

        async def is_moved() -> bool:
            (found,) = await store.of(client.user, office.clock.now())
            return (found.id, found.slot.start) == (theirs.id, start)

        await eventually(is_moved, 20, "the appointment is where it was offered")
        await offering
