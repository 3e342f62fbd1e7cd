"""Calls as the console shows them: those that go on, and those that were."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from switchboard.domain.call_record import CallEvent, in_order
from switchboard.domain.identity import CallId, EventId
from switchboard.errors import RecordsUnreachable
from switchboard.postgres.connections import DEADLINE, Connections
from switchboard.postgres.queries import queries
from switchboard.postgres.rows import event_of, plain_uuid

AT_ONCE = 200  # calls shown as going on


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call's row, and all that happened."""

    row: Mapping[str, Any]
    events: Sequence[CallEvent]  # oldest first


class ConsoleCalls:
    """Implements console.live_calls.Calls. Raises RecordsUnreachable where Postgres does not answer in time."""

    def __init__(self, dsn: Callable[[], str]) -> None:
        self._dsn = dsn
        self._connections = Connections(dsn, "console calls")
        self._sql = queries("console_calls")

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()

    async def now(self, since: datetime) -> Sequence[RecordedCall]:
        """Calls that go on and began after `since`, the oldest first."""
        async with self._connections.transaction() as connection:
            rows = await connection.fetch(self._sql["calls_now"], since, AT_ONCE)
            events = await connection.fetch(self._sql["events_of"], [row["id"] for row in rows]) if rows else []
        return _calls(rows, events)

    async def history(
        self, before: tuple[datetime, UUID] | None, search: str, limit: int
    ) -> Sequence[Mapping[str, Any]]:
        """The newest calls' rows before one; with what is searched in a number or a name."""
        at, identifier = before or (None, None)
        async with self._connections.transaction() as connection:
            rows = await connection.fetch(self._sql["history"], at, identifier, search.casefold(), limit)
        return [_row(row) for row in rows]

    async def call(self, identifier: UUID) -> RecordedCall | None:
        """One call; None if there is none of that id."""
        async with self._connections.transaction() as connection:
            rows = await connection.fetch(self._sql["call"], identifier)
            events = await connection.fetch(self._sql["events_of"], [identifier]) if rows else []
        return next(iter(_calls(rows, events)), None)

    async def changes(self, at_least_every: float) -> AsyncGenerator[None]:
        """Something each time when calls have changed, and after so many seconds in any case. Raises
        RecordsUnreachable once Postgres does not tell of changes any more."""
        changed = asyncio.Event()
        try:
            async with asyncio.timeout(DEADLINE):
                connection = await asyncpg.connect(self._dsn(), server_settings={"application_name": "switchboard now"})
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise RecordsUnreachable(f"Postgres does not tell of calls: {error or type(error).__name__}") from error
        connection.add_termination_listener(lambda *_: changed.set())
        try:
            await connection.add_listener("calls", lambda *_: changed.set())
            while not connection.is_closed():
                yield
                with suppress(TimeoutError):
                    async with asyncio.timeout(at_least_every):
                        await changed.wait()
                changed.clear()
            raise RecordsUnreachable("Postgres does not tell of calls any more")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise RecordsUnreachable(f"Postgres does not tell of calls: {error}") from error
        finally:
            connection.terminate()


def _calls(rows: Sequence[asyncpg.Record], records: Sequence[asyncpg.Record]) -> list[RecordedCall]:
    told: dict[UUID, list[CallEvent]] = {row["id"]: [] for row in rows}
    for event in map(event_of, records):
        if event is not None:
            plain = replace(
                event, call_id=CallId(plain_uuid(event.call_id)), event_id=EventId(plain_uuid(event.event_id))
            )
            told[event.call_id].append(plain)
    return [RecordedCall(_row(row), in_order(told[row["id"]])) for row in rows]


def _row(record: asyncpg.Record) -> Mapping[str, Any]:
    return {**record, "id": plain_uuid(record["id"])}
