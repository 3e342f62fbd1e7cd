"""A time that became free is offered to whoever waits for one: they are called, one after the other, in decent hours.

While somebody's phone rings the time is held for them, so who accepts has it. Nobody is called twice for one time, and
who does not answer keeps the place on the list for the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from switchboard.appointment_ports import AppointmentCalls, Appointments, Freed, Wish
from switchboard.domain.appointment import Appointment, ChangedBy
from switchboard.domain.phone_numbers import masked
from switchboard.errors import RecordsUnreachable
from switchboard.ports import AgentLines
from switchboard.services.office import Office
from switchboard.services.remind_by_call import OutsideCall, call_about, offer, outside_line
from switchboard.services.remind_of_appointments import decent_hours, may_call

LOOK = 10.0  # seconds
HELD_FOR = timedelta(minutes=4)  # longer than a phone rings and the conversation lasts
SOONEST = timedelta(minutes=30)  # before it begins: nobody is called for what they could not reach

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Waitlist:
    """The task that offers. `office` is the one that calls begin with now."""

    office: Callable[[], Office]
    lines: AgentLines
    calls: AppointmentCalls
    appointments: Appointments

    async def run(self) -> None:
        """Offer, until cancelled."""
        is_away = False
        while True:
            try:
                await self.once()
                is_away = False
            except RecordsUnreachable as error:
                if not is_away:
                    _log.warning("waitlist_waits_for_postgres", error=str(error))
                is_away = True
            await asyncio.sleep(LOOK)

    async def once(self) -> None:
        """Offer all that is free now, to whoever may be called now."""
        if not self.office().organisation.appointments.waitlist:
            return
        for freed in await self.calls.freed(self.office().clock.now()):
            while await self._offered(freed):
                pass

    async def _offered(self, freed: Freed) -> bool:
        """Offer it to the next; whether there may be another to offer it to."""
        office = self.office()
        now = office.clock.now()
        if freed.slot.start < now + SOONEST or freed.event_type not in office.organisation.appointments.event_types:
            await self.calls.settled(freed)
            return False
        wishes = await self.calls.waiting(freed, now)
        if not wishes:
            await self.calls.settled(freed)
            return False
        wish = next((each for each in wishes if self._may_be_called(each, office, now)), None)
        if wish is None:
            return False  # later, if it is still free then
        by = ChangedBy("switchboard", "waitlist", key=f"waitlist/{freed.id}/{wish.id}")
        held = await self.appointments.hold(
            freed.event_type, freed.slot, wish.booker, now + HELD_FOR, by, moves=wish.appointment
        )
        if held is None:
            await self.calls.settled(freed)
            return False
        if not await self.calls.offer(freed, wish):
            return True
        return await self._called(freed, wish, held, office)

    async def _called(self, freed: Freed, wish: Wish, held: Appointment, office: Office) -> bool:
        async def picked_up() -> None:
            """It is noted already."""

        async def conversation(call: OutsideCall) -> str:
            return await offer(call, held, self.appointments)

        told = ""
        try:
            _, told = await call_about(held, "waitlist", office, self.lines, picked_up, conversation)
        finally:
            if told != "taken":
                await self.appointments.release(held.id)  # a booking is not touched
        _log.info("waitlist_called", number=masked(wish.booker.number), outcome=told, event_type=freed.event_type)
        if told != "taken":
            return True
        await self.calls.fulfilled(wish)
        await self.calls.settled(freed)
        return False

    def _may_be_called(self, wish: Wish, office: Office, now: datetime) -> bool:
        number = wish.booker.number
        return (
            outside_line(number, office.organisation) is not None
            and may_call(office, now)
            and decent_hours(office).are_at(now, number)
        )
