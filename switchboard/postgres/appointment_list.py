"""Appointments as people look for them: lists, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from switchboard.domain.appointment import Appointment, Slot
from switchboard.postgres.appointments import appointment_of
from switchboard.postgres.pooled import PooledQueries
from switchboard.postgres.rows import plain_uuid

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which appointments: those of which something lies in [begin, end); empty texts stand for any."""

    begin: datetime
    end: datetime
    resource: str = ""
    number: str = ""
    event_type: str = ""
    reference: str = ""
    with_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done to an appointment."""

    at: datetime
    what: str  # booked, moved, cancelled, confirmed, erased
    who: str
    why: str
    call_id: UUID | None
    slot: Slot  # where it was from then on


class AppointmentList:
    """Reads what `appointments` keeps. Raises RecordsUnreachable."""

    def __init__(self, queries: PooledQueries) -> None:
        """`queries` of appointments.sql."""
        self._queries = queries

    async def listed(
        self, wanted: Wanted, limit: int, after: tuple[datetime, UUID] | None = None
    ) -> Sequence[Appointment]:
        """The earliest first, those that begin at once by id; `after` is the last one's place of what was read."""
        place = after or (_FIRST, UUID(int=0))
        which = wanted.resource, wanted.number, wanted.event_type, wanted.reference, wanted.with_cancelled
        rows = await self._queries.fetch("listed", wanted.begin, wanted.end, *which, *place, limit)
        return [appointment_of(row) for row in rows]

    async def get(self, identifier: UUID) -> Appointment | None:
        """One, whatever became of it; a hold is none."""
        rows = await self._queries.fetch("get", identifier)
        return appointment_of(rows[0]) if rows else None

    async def history(self, identifier: UUID) -> Sequence[Event]:
        """Who did what to it, the first first."""
        return [
            Event(
                row["at"],
                row["what"],
                row["who"],
                row["why"],
                plain_uuid(row["call_id"]) if row["call_id"] else None,
                Slot(row["starts"], row["ends"], tuple(row["resources"])),
            )
            for row in await self._queries.fetch("history", identifier)
        ]
