"""Somebody at a desk books or moves an appointment for a client: a time is named, and had or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from switchboard.appointment_ports import Appointments
from switchboard.domain.appointment import Appointment, Booker, Busy, ChangedBy, Slot
from switchboard.domain.free_slots import SlotSearch
from switchboard.ports import Clock

ALTERNATIVES = 3
HELD_FOR = timedelta(minutes=1)  # from its being found free to its being booked
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class NotFree:
    """The time is not to be had."""

    alternatives: Sequence[Slot]  # the next after it, or else the first there are; none: nothing is free


@dataclass(frozen=True, slots=True)
class Desk:
    """What bookings are made with. Everything raises KeyError for an event type that is unknown, and
    RecordsUnreachable."""

    appointments: Appointments
    search: SlotSearch
    clock: Clock

    async def slots(
        self, event_type: str, after: datetime, until: datetime | None, resource: str, limit: int
    ) -> Sequence[Slot]:
        """Free ones that begin between the two, the earliest first; with `resource` only with that one."""
        busy, now = await self._busy(event_type), self.clock.now()
        found = self.search.free(event_type, busy, now, after=after, until=until, resource=resource)
        return list(islice(found, limit))

    async def book(
        self, event_type: str, start: datetime, resource: str, booker: Booker, by: ChangedBy
    ) -> Appointment | NotFree:
        """Book it. The same request, by its key, is the same appointment."""
        return await self._take(event_type, start, resource, booker, by, None)

    async def move(
        self, appointment: Appointment, start: datetime, resource: str, by: ChangedBy
    ) -> Appointment | NotFree:
        """Move it; without `resource` it stays with whom it is where that was the client's choice."""
        wanted = self.search.rules.event_types[appointment.event_type]
        resource = resource or (appointment.slot.resources[0] if wanted.chooses else "")
        return await self._take(appointment.event_type, start, resource, appointment.booker, by, appointment.id)

    async def _take(
        self, event_type: str, start: datetime, resource: str, booker: Booker, by: ChangedBy, moves: UUID | None
    ) -> Appointment | NotFree:
        busy, now = await self._busy(event_type, moves), self.clock.now()
        found = self.search.free(event_type, busy, now, after=start, until=start + _INSTANT, resource=resource)
        slot = next(found, None)
        if slot is not None:
            held = await self.appointments.hold(event_type, slot, booker, now + HELD_FOR, by, moves)
            booked = await self.appointments.book(held.id, booker, by) if held is not None else None
            if booked is not None:
                return booked
            busy = await self._busy(event_type, moves)
        later = self.search.free(event_type, busy, now, after=start + _INSTANT, resource=resource)
        first = self.search.free(event_type, busy, now, after=now, resource=resource)
        return NotFree(list(islice(later, ALTERNATIVES)) or list(islice(first, ALTERNATIVES)))

    async def _busy(self, event_type: str, moves: UUID | None = None) -> list[Busy]:
        """What is taken within the horizon, but by what is to be moved."""
        begin, end, resources = self.search.window(event_type, self.clock.now())
        found = await self.appointments.busy(resources, begin, end)
        return [each for each in found if moves is None or each.appointment != moves]
