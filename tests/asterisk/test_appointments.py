"""Appointments by telephone: booked, moved, cancelled, and of two callers at once each hears of another time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from switchboard.domain.appointment import Appointment, AppointmentState
from switchboard.domain.call_record import EventKind
from tests.asterisk.office import StoryOffice
from tests.phone_call import PhoneCall

SUPPER, REST = "6001060", "6001061"


async def booked_by(office: StoryOffice, number: str) -> Sequence[Appointment]:
    """What Postgres has for a number."""
    return await office.controller._appointments.of(number, office.clock.now())


async def books(office: StoryOffice, call: PhoneCall) -> None:
    """Take the first time that is offered, and hear that it is booked."""
    await call.hears_whole(office.prompt("book_offer"))
    await call.press("1")
    await call.hears(office.prompt("book_booked"))


async def test_a_caller_books_calls_again_and_cancels(office: StoryOffice) -> None:
    caller = await office.caller(f"+{office.new_number()}")
    call = await (await caller.dial(SUPPER)).established()
    await books(office, call)
    await call.hang_up()
    (appointment,) = await booked_by(office, caller.user)
    assert appointment.state is AppointmentState.BOOKED
    assert (appointment.event_type, appointment.slot.resources) == ("supper", ("table",))

    again = await (await caller.dial(SUPPER)).established()
    await again.hears_whole(office.prompt("book_have"))
    await again.press("3")
    await again.hears_whole(office.prompt("book_cancel_sure"))
    await again.press("1")
    await again.hears(office.prompt("book_cancelled"))
    await again.ended()
    assert not await booked_by(office, caller.user)
    records = {record.path[0]: record for record in await office.records_of(caller.user, 2)}
    first, second = records["books/book hangup"], records["books/book cancelled"]
    assert first.disposition == second.disposition == "served"
    assert [each["deed"] for each in first.of(EventKind.APPOINTMENT)] == ["held", "booked"]
    assert [each["reference"] for each in second.of(EventKind.APPOINTMENT)] == [appointment.reference]


async def test_who_calls_again_moves_it(office: StoryOffice) -> None:
    caller = await office.caller(f"+{office.new_number()}")
    call = await (await caller.dial(SUPPER)).established()
    await books(office, call)
    await call.hang_up()
    (before,) = await booked_by(office, caller.user)

    again = await (await caller.dial(SUPPER)).established()
    await again.hears_whole(office.prompt("book_have"))
    await again.press("2")
    await again.hears_whole(office.prompt("book_offer"))
    await again.press("1")
    await again.hears(office.prompt("book_moved"))
    await again.hang_up()
    (after,) = await booked_by(office, caller.user)
    assert (after.id, after.reference, after.revision) == (before.id, before.reference, before.revision + 1)
    assert after.slot.start != before.slot.start
    records = await office.records_of(caller.user, 2)
    deeds = [[each["deed"] for each in record.of(EventKind.APPOINTMENT)] for record in records]
    assert sorted(deeds) == [["held", "booked"], ["held", "moved"]]


async def test_two_callers_at_once_have_a_time_each_and_the_third_none(office: StoryOffice) -> None:
    callers = [await office.caller(f"+{office.new_number()}") for _ in range(2)]
    calls = await asyncio.gather(*(caller.dial(REST) for caller in callers))
    await asyncio.gather(*(call.established() for call in calls))
    await asyncio.gather(*(books(office, call) for call in calls))
    third = await office.call(REST)
    await third.hears(office.prompt("book_none_free"))
    await third.ended()
    for call in calls:
        await call.hang_up()
    (one,), (other,) = [await booked_by(office, caller.user) for caller in callers]
    assert one.slot.start != other.slot.start
