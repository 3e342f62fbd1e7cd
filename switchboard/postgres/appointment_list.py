"""Appointments as people look for them: lists, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from switchboard.domain.appointment import Appointment, Slot
from switchboard.domain.appointment_history import Event, Wanted
from switchboard.postgres.appointments import appointment_of
from switchboard.postgres.pooled import PooledQueries
from switchboard.postgres.rows import plain_uuid

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


class AppointmentList:
    """Implements appointment_ports.AppointmentRecords."""

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

    async def made_by(self, key: str) -> Appointment | None:
        """See AppointmentRecords."""
        rows = await self._queries.fetch("made_by", key)
        return appointment_of(rows[0]) if rows else None
