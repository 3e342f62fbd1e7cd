"""What is known of calendars elsewhere, in Postgres."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from switchboard.calendars.book import Copy, Kept, Progress
from switchboard.domain.appointment import Appointment
from switchboard.postgres.appointments import appointment_of
from switchboard.postgres.pooled import PooledQueries
from switchboard.postgres.rows import plain_uuid

LONGEST_PROBLEM = 1000  # characters


class PostgresCalendarBook(PooledQueries):
    """Implements CalendarBook."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, "calendars", "calendars elsewhere cannot be noted")

    async def progress(self, resource: str) -> Progress:
        """See CalendarBook."""
        rows = await self.fetch("progress", resource)
        return Progress(rows[0]["token"], rows[0]["read_at"]) if rows else Progress()

    async def copies(self, resource: str) -> Sequence[Copy]:
        """See CalendarBook."""
        return [
            Copy(plain_uuid(row["appointment"]), row["href"], row["etag"], row["revision"], row["starts"], row["ends"])
            for row in await self.fetch("copies", resource)
        ]

    async def etags(self, resource: str) -> Mapping[str, str]:
        """See CalendarBook."""
        return {row["href"]: row["etag"] for row in await self.fetch("etags", resource)}

    async def appointment(self, identifier: UUID) -> Appointment | None:
        """See CalendarBook."""
        rows = await self.fetch("appointment", identifier)
        return appointment_of(rows[0]) if rows else None

    async def to_write(self, resource: str, now: datetime) -> Sequence[Appointment]:
        """See CalendarBook."""
        return [appointment_of(row) for row in await self.fetch("to_write", resource, now)]

    async def keep_copy(self, resource: str, copy: Copy) -> None:
        """See CalendarBook."""
        await self.fetch(
            "keep_copy", resource, copy.appointment, copy.href, copy.etag, copy.revision, copy.start, copy.end
        )

    async def drop_copy(self, resource: str, appointment: UUID) -> None:
        """See CalendarBook."""
        await self.fetch("drop_copy", resource, appointment)

    async def keep_outside(self, resource: str, kept: Kept) -> None:
        """See CalendarBook."""
        async with self.transaction() as fetch:
            await fetch("keep_object", resource, kept.href, kept.etag, kept.problem[:LONGEST_PROBLEM])
            await fetch("free_object", resource, [kept.href])
            begins, ends = [span.start for span in kept.busy], [span.end for span in kept.busy]
            await fetch("block", resource, kept.href, _storable(kept.uid), begins, ends)

    async def drop_outside(self, resource: str, hrefs: Collection[str]) -> None:
        """See CalendarBook."""
        async with self.transaction() as fetch:
            await fetch("free_object", resource, list(hrefs))
            await fetch("drop_objects", resource, list(hrefs))

    async def refused(self, resource: str, appointment: Appointment, why: str, key: str) -> None:
        """See CalendarBook."""
        await self.fetch("refused", key, resource, appointment.id)

    async def note(self, resource: str, progress: Progress | None, problem: str, now: datetime) -> None:
        """See CalendarBook."""
        how_far = progress or Progress()
        problem = _storable(problem)[:LONGEST_PROBLEM]
        await self.fetch("note", resource, how_far.token, how_far.read_at, problem, now, progress is not None)

    async def forget_others(self, resources: Collection[str]) -> None:
        """Only these are kept in step from now on: others block nothing any more."""
        await self.fetch("forget_others", list(resources))

    async def unread(self) -> Sequence[str]:
        """What could not be read, and why: a line each."""
        return [f"{row['resource']}: {row['href']}: {row['problem']}" for row in await self.fetch("unread")]


def _storable(text: str) -> str:
    return text.replace("\x00", "")[:2000]
