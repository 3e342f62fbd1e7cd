"""Recorded conversations: brought in when their call is over, kept as long as their rule says, then erased.

What is to be brought in is asked of the records, not of the folder: an order to record stands in the ledger before
Asterisk begins, so a killed controller, a killed Asterisk or a Postgres that is away only make it later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import asyncpg
import orjson
import structlog

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import CallId, new_event_id
from switchboard.errors import RecordsUnreachable
from switchboard.folders import Folders
from switchboard.ports import CallLedger, Clock
from switchboard.postgres.call_audio import erase, keep_audio
from switchboard.postgres.queries import queries
from switchboard.postgres.rows import plain_uuid

DEADLINE = 5.0  # seconds, for connecting and for each request
INTERVAL = 2.0  # seconds between looks
UNTOLD = timedelta(minutes=1)  # after a call's end, until what Asterisk's log does not tell of counts as never begun
NOBODY = "the switchboard"  # who erases what is overdue

log = structlog.get_logger(__name__)


class PostgresRecordings:
    """One connection, `async with`. Every request has a deadline; RecordsUnreachable says that Postgres did not answer
    within it."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._sql = queries("recordings")
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def __aenter__(self) -> Self:
        async with _deadline():
            self._connection = await asyncpg.connect(
                self._dsn, timeout=DEADLINE, server_settings={"application_name": "switchboard recordings"}
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def fetch(self, query: str, *arguments: object) -> Sequence[asyncpg.Record]:
        """The rows of one of queries/recordings.sql."""
        async with _deadline():
            if self._connection is None:
                raise RecordsUnreachable("recordings are asked for before Postgres was connected to")
            return await self._connection.fetch(self._sql[query], *arguments)

    async def note(self, event: CallEvent) -> None:
        """Add an event of a person's to a call's record."""
        data = orjson.dumps(dict(event.data)).decode()
        await self.fetch("note", event.event_id, event.call_id, event.at, event.kind.value, data)


class RecordingKeeper:
    """The task that brings in and erases; one, in the process that owns the ledger."""

    def __init__(self, folders: Folders, ledger: CallLedger, clock: Clock, dsn: str) -> None:
        self._folders, self._ledger, self._clock, self._dsn = folders, ledger, clock, dsn
        self.problem: str | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with PostgresRecordings(self._dsn) as store:
                    while True:
                        await self.look(store)
                        self.problem = None
                        await asyncio.sleep(INTERVAL)
            except (RecordsUnreachable, OSError) as error:
                if self.problem is None:
                    log.error("recordings_wait", error=str(error))
                self.problem = str(error)
            await asyncio.sleep(INTERVAL)

    async def look(self, store: PostgresRecordings) -> None:
        """Bring in what is complete, erase what is overdue. Raises RecordsUnreachable, OSError."""
        now = self._clock.now()
        for row in await store.fetch("unsettled", now - UNTOLD):
            await self._settle(store, row)
        for row in await store.fetch("overdue", now):
            name, call_id = plain_uuid(row["id"]), CallId(plain_uuid(row["call_id"]))
            await asyncio.to_thread(erase, recording_file(self._folders, name))
            await store.fetch("erased", name)
            data = {"recording": str(name), "who": NOBODY, "why": "its time was over"}
            self._ledger.append(CallEvent(call_id, new_event_id(now), now, EventKind.RECORDING_ERASED, data))
            log.info("recording_erased", recording=str(name))

    async def _settle(self, store: PostgresRecordings, row: asyncpg.Record) -> None:
        data: dict[str, Any] = orjson.loads(row["data"])
        name = UUID(str(data["recording"]))
        samples = self._folders.call_audio / f"{name}.raw"
        kept = await asyncio.to_thread(keep_audio, samples, recording_file(self._folders, name))
        if kept is None:
            log.warning("recording_missing", recording=str(name))
        seconds, digest = kept or (0.0, None)
        days = data.get("keep_days")
        keep = timedelta(days=days if isinstance(days, int) else 0)
        pauses, state = orjson.dumps(orjson.loads(row["pauses"])).decode(), "kept" if kept else "missing"
        consent, people = str(data.get("consent") or ""), str(data.get("name") or "")
        ordered = (name, row["call_id"], row["at"], state, seconds, consent, people, pauses, row["at"] + keep, digest)
        await store.fetch("settle", *ordered)
        # Only now: whatever is killed before this, it is brought in again.
        await asyncio.to_thread(erase, samples)


def recording_file(folders: Folders, name: UUID) -> Path:
    """Where a recording lies."""
    return folders.recordings / f"{name}.wav"


@asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(DEADLINE):
            yield
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise RecordsUnreachable(f"recordings cannot be read or noted: {error or type(error).__name__}") from error
