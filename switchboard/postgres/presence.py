"""People's presence and absences: in memory for calls, in Postgres for everybody, on disk before it is confirmed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from switchboard.domain.absence import Absence, NotedAbsence
from switchboard.domain.forwarding import Situation
from switchboard.domain.hours import HoursTable
from switchboard.domain.organisation import Person
from switchboard.domain.presence import DeviceState, Presence, later, presence_of, situation
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Clock
from switchboard.postgres.connected_queries import ConnectedQueries
from switchboard.postgres.mirror import Mirror
from switchboard.postgres.presence_journal import PresenceJournal
from switchboard.postgres.queries import queries
from switchboard.postgres.rows import plain_uuid

JOURNAL = "presence.journal"  # in the state folder
RETRY_FIRST, RETRY_LONGEST = 0.2, 5.0  # seconds between attempts while Postgres does not answer, times 0.5 to 1.5

log = structlog.get_logger(__name__)


class KeptPresence:
    """Implements ports.PresenceBook. One a process, in that of the controller; `run` keeps it and Postgres alike."""

    def __init__(
        self,
        dsn: str,
        state: Path,
        clock: Clock,
        device_of: Callable[[str], DeviceState] = lambda extension: DeviceState.UNKNOWN,
    ) -> None:
        """What was set before is known at once. Raises SetupError if the folder cannot be written."""
        self._dsn, self._clock, self._device_of = dsn, clock, device_of
        sql = queries("presence")
        self.mirror: Mirror[Presence] = Mirror(
            dsn, sql["presence"], "presence", state / "presence.snapshot", presence_of, keys=lambda each: [each.person]
        )
        self.absences: Mirror[NotedAbsence] = Mirror(
            dsn, sql["absences"], "absences", state / "absences.snapshot", noted_absence_of
        )
        self._journal = PresenceJournal(state / JOURNAL)
        self._writing = asyncio.Lock()
        self._own: dict[str, Presence] = {}  # what was set here last, whether Postgres has it or not
        self._unsent = asyncio.Event()
        for presence in self._journal.read():
            self._keep(presence)
            self._unsent.set()

    @property
    def problem(self) -> str | None:
        """Why others may not know what was set here, or we what others set; None while all is well."""
        return self.mirror.problem or self.absences.problem

    def presence_of(self, person: str) -> Presence | None:
        """See ports.PresenceBook."""
        return later(self.mirror.by_key.get(person), self._own.get(person))

    def situation_of(self, person: Person, zone: ZoneInfo, hours: HoursTable | None = None) -> Situation:
        """See ports.PresenceBook."""
        return situation(
            person,
            self._clock.now(),
            zone,
            presence=self.presence_of(person.id),
            absences=[each.absence for each in self.absences.rows if each.person == person.id],
            hours=hours,
            device=self._device_of(person.phone.extension) if person.phone else DeviceState.UNKNOWN,
        )

    def noted_absences(self) -> Sequence[NotedAbsence]:
        """See ports.PresenceBook."""
        return self.absences.rows

    async def set(self, presence: Presence) -> None:
        """See ports.PresenceBook. Raises OSError if the disk refuses it."""
        async with self._writing:
            before = self.presence_of(presence.person)
            if before is not None and before.set_at >= presence.set_at:  # the clock was put back, or another is ahead
                presence = replace(presence, set_at=before.set_at + timedelta(microseconds=1))
            writing = asyncio.ensure_future(asyncio.to_thread(self._journal.append, presence))
            try:
                await asyncio.shield(writing)
            finally:  # cancelled or not: what is on disk counts
                await writing
                self._keep(presence)
                self._unsent.set()

    async def run(self) -> None:
        """Keep memory and Postgres alike, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.mirror.run(), name="presence-mirror")
            tasks.create_task(self.absences.run(), name="absences-mirror")
            tasks.create_task(self._send(), name="presence-sent")

    def close(self) -> None:
        """Let the journal go. What Postgres lacks is sent after the next start."""
        self._journal.close()

    def _keep(self, presence: Presence) -> None:
        kept = later(self._own.get(presence.person), presence)
        assert kept is not None
        self._own[presence.person] = kept

    async def _send(self) -> None:
        delay = RETRY_FIRST
        while True:
            await self._unsent.wait()
            self._unsent.clear()
            try:
                sent = dict(self._own)
                async with PostgresPresence(self._dsn) as table:
                    for presence in sent.values():
                        await table.set(presence)
                async with self._writing:
                    if self._own == sent:  # else there is something newer in the journal
                        await asyncio.to_thread(self._journal.clear)
                delay = RETRY_FIRST
            except (RecordsUnreachable, OSError) as error:
                log.warning("presence_waits_for_postgres", error=str(error))
                self._unsent.set()
                await asyncio.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311
                delay = min(delay * 2, RETRY_LONGEST)


class PostgresPresence(ConnectedQueries):
    """The tables of presence and absences."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, "presence", "presence cannot be read or kept")

    async def set(self, presence: Presence) -> bool:
        """Keep it. False if something that was set later counts."""
        each = presence
        rows = await self.fetch("set_presence", each.person, each.status.value, each.set_at, each.until, each.by)
        return bool(rows[0]["counts"])

    async def all(self) -> Sequence[Presence]:
        """What each person set last."""
        return [presence_of(dict(row)) for row in await self.fetch("presence")]

    async def absences(self) -> Sequence[NotedAbsence]:
        """Absences that are not over for long."""
        return [noted_absence_of(dict(row)) for row in await self.fetch("absences")]

    async def add_absence(self, noted: NotedAbsence) -> None:
        """Note it."""
        times = noted.absence.begins, noted.absence.ends
        await self.fetch("add_absence", noted.id, noted.person, *times, noted.absence.because, noted.by)

    async def absences_beginning(self, prefix: str) -> Sequence[UUID]:
        """Up to two ids that begin so (hex digits, dashes ignored): more than one is not unique."""
        digits = prefix.replace("-", "").lower()
        first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
        return [plain_uuid(row["id"]) for row in await self.fetch("absences_beginning", first, last)]

    async def remove_absence(self, identifier: UUID) -> NotedAbsence | None:
        """Forget it; what it was. None if there is none."""
        rows = await self.fetch("remove_absence", identifier)
        return noted_absence_of(dict(rows[0])) if rows else None


def noted_absence_of(row: Mapping[str, Any]) -> NotedAbsence:
    """From JSON or a row of Postgres. Raises ValueError, KeyError or TypeError."""

    def instant(value: datetime | str) -> datetime:
        return value if isinstance(value, datetime) else datetime.fromisoformat(value)

    absence = Absence(instant(row["begins"]), instant(row["ends"]), str(row["because"]))
    return NotedAbsence(UUID(str(row["id"])), str(row["person"]), absence, str(row["by"]))
