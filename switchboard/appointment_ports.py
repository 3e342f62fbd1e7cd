"""Ports of appointments: where they are kept. See ports.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from switchboard.domain.appointment import Appointment, Booker, Busy, ChangedBy, Slot
from switchboard.domain.appointment_history import Event, Wanted
from switchboard.domain.reminding import Reminder


@dataclass(frozen=True, slots=True)
class Wish:
    """A place on the waitlist: call this person when an appointment before theirs, or any at all, becomes free."""

    id: UUID
    event_type: str
    booker: Booker
    since: datetime
    until: datetime  # the last beginning that is of use
    resource: str = ""  # only with this one; empty: with anyone
    appointment: UUID | None = None  # theirs already, to be moved; None: they have none


class Appointments(Protocol):
    """The calendars. Every request has a deadline and raises RecordsUnreachable; none is done by half."""

    async def busy(self, resources: Collection[str], begin: datetime, end: datetime) -> Sequence[Busy]:
        """What takes these resources between the two instants: holds that stand, bookings, outside events."""

    async def hold(
        self, event_type: str, slot: Slot, booker: Booker, until: datetime, by: ChangedBy, moves: UUID | None = None
    ) -> Appointment | None:
        """Keep a slot for somebody until then; None if it was taken meanwhile. Whoever asks again with the same key
        for the same slot has the same hold; for another slot, the former hold is let go. `moves`: the appointment
        that is to be moved there, which does not stand in its own way."""

    async def book(self, hold: UUID, booker: Booker, by: ChangedBy) -> Appointment | None:
        """Make a booking of a hold, or move the appointment the hold is for. Asked twice, done once. None if the hold
        had fallen away and its slot was taken: nothing is changed then."""

    async def release(self, hold: UUID) -> None:
        """Let a hold go. A booking is not touched."""

    async def cancel(self, appointment: UUID, by: ChangedBy) -> Appointment | None:
        """Cancel it, as it then is; None if there is none. Asked twice, done once."""

    async def confirm(self, appointment: UUID, by: ChangedBy) -> Appointment | None:
        """Note that the client will come; None if it does not stand any more."""

    async def of(self, number: str, since: datetime) -> Sequence[Appointment]:
        """What somebody with this number (E.164) has booked that ends after `since`, the next first."""

    async def by_reference(self, reference: str, since: datetime) -> Appointment | None:
        """The booking with this reference that ends after `since`."""

    async def wish(self, wish: Wish) -> None:
        """Put somebody on the waitlist; once for each event type and number."""


@dataclass(frozen=True, slots=True)
class Promise:
    """An appointment that stands."""

    appointment: Appointment
    since: datetime  # booked, or moved to where it is


@dataclass(frozen=True, slots=True)
class Freed:
    """A time that was taken and is not any more."""

    id: int
    event_type: str
    slot: Slot


class AppointmentCalls(Protocol):
    """What we do by ourselves because of appointments: reminders, and calls to the waitlist. Every request has a
    deadline and raises RecordsUnreachable."""

    async def coming(self, now: datetime, until: datetime) -> Sequence[Promise]:
        """What begins between the two."""

    async def plan(self, reminders: Sequence[Reminder]) -> None:
        """Note reminders that are to be given. Those that are known already stay as they are."""

    async def due(self, now: datetime) -> Sequence[tuple[Reminder, Appointment]]:
        """Reminders whose time has come. Those that nobody needs any more are dropped by that: the appointment was
        moved or cancelled, the client said that they come, or it is too late."""

    async def send(self, reminder: Reminder) -> bool:
        """Have a reminder by mail or text sent, and note that, both or neither. False if it was done before."""

    async def note(self, reminder: Reminder, before: Reminder) -> bool:
        """How a reminder stands from now on. False, and nothing is noted, if it is not as it was `before`."""

    async def begun(self) -> Sequence[tuple[Reminder, Appointment]]:
        """Reminders whose call was under way when we were stopped."""

    async def freed(self, now: datetime) -> Sequence[Freed]:
        """Times that became free and can still be offered, the first first."""

    async def waiting(self, freed: Freed, now: datetime) -> Sequence[Wish]:
        """Who waits for such a time and was not offered this one, whoever waits longest first."""

    async def offer(self, freed: Freed, wish: Wish) -> bool:
        """Note that it is offered to somebody, before they are called. False if it was offered to them before."""

    async def fulfilled(self, wish: Wish) -> None:
        """Take somebody off the waitlist."""

    async def settled(self, freed: Freed) -> None:
        """It is offered to nobody any more."""


class AppointmentRecords(Protocol):
    """What was booked, for people who look for it. Every request has a deadline and raises RecordsUnreachable."""

    async def listed(
        self, wanted: Wanted, limit: int, after: tuple[datetime, UUID] | None = None
    ) -> Sequence[Appointment]:
        """The earliest first, those that begin at once by id; `after` is the last one's place of what was read."""

    async def get(self, identifier: UUID) -> Appointment | None:
        """One, whatever became of it; a hold is none."""

    async def history(self, identifier: UUID) -> Sequence[Event]:
        """Who did what to it, the first first."""

    async def made_by(self, key: str) -> Appointment | None:
        """What a request with this key booked, if it stands."""
