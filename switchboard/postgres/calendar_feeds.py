"""Secret addresses at which appointments can be subscribed to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import asyncpg

from switchboard.domain.appointment import Appointment
from switchboard.postgres.appointments import appointment_of
from switchboard.postgres.connections import Connections
from switchboard.postgres.queries import queries


class PostgresCalendarFeeds:
    """Implements console.calendar_feed.CalendarFeeds; and makes addresses, and takes them back."""

    def __init__(self, dsn: Callable[[], str]) -> None:
        self._connections, self._sql = Connections(dsn, "calendar feeds"), queries("calendar_feeds")

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()

    async def person(self, digest: bytes) -> str | None:
        """See CalendarFeeds."""
        rows = await self._fetch("person", digest)
        return str(rows[0]["person"]) if rows else None

    async def appointments(self, resources: Sequence[str], since: datetime) -> Sequence[tuple[Appointment, datetime]]:
        """See CalendarFeeds."""
        rows = await self._fetch("appointments", list(resources), since)
        return [(appointment_of(row), row["changed_at"]) for row in rows]

    async def made_at(self, person: str) -> datetime | None:
        """Since when somebody has an address; None: they have none."""
        rows = await self._fetch("made_at", person)
        return rows[0]["made_at"] if rows else None

    async def make(self, person: str, digest: bytes) -> None:
        """Another address for somebody; the one before is none any more."""
        await self._fetch("make", person, digest)

    async def revoke(self, person: str) -> bool:
        """Take the address back. False if there was none."""
        return bool(await self._fetch("revoke", person))

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        async with self._connections.transaction() as connection:
            return await connection.fetch(self._sql[query], *arguments)
