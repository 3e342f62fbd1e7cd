"""Ports of appointments: where they are kept. See ports.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from switchboard.domain.appointment import Appointment, Booker, Busy, ChangedBy, Slot


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
