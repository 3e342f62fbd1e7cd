"""Where records are read: the tables that drain.py fills."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import asyncpg

from switchboard.domain.call_record import CallEvent, CallRow, in_order
from switchboard.domain.identity import CallId, EventId
from switchboard.postgres.pooled import PooledQueries
from switchboard.postgres.rows import event_of, plain_uuid

STORIES_AT_ONCE = 500
_COLUMNS = [each.name for each in fields(CallRow)]


@dataclass(frozen=True, slots=True)
class KnownCall:
    """What the archive knows of a call."""

    is_ended: bool
    started_at: datetime
    linkedid: str | None


class PostgresArchive:
    """Implements ports.CallArchive. Use it as `async with`, or `close` it."""

    def __init__(self, dsn: str) -> None:
        self._records = PooledQueries(dsn, "archive", "records cannot be read", read_only=True)
        self._fetch = self._records.fetch

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let the connections go."""
        await self._records.close()

    async def calls(self, *, since: datetime | None = None, limit: int = 50) -> Sequence[Mapping[str, Any]]:
        """The newest calls' rows, newest first."""
        return [_row(record) for record in await self._fetch("newest_calls", since, limit)]

    async def call(self, call_id: CallId) -> Mapping[str, Any] | None:
        """One call's row; None if unknown."""
        records = await self._fetch("call", call_id)
        return _row(records[0]) if records else None

    async def story(self, call_id: CallId) -> Sequence[CallEvent]:
        """All events of one call, oldest first; empty if unknown."""
        events = [event_of(record) for record in await self._fetch("story", call_id)]
        plain = [replace(e, call_id=call_id, event_id=EventId(plain_uuid(e.event_id))) for e in events if e]
        return in_order(plain)

    async def stories(self, since: datetime) -> AsyncIterator[tuple[CallId, Sequence[CallEvent]]]:
        """The events of every ended call that began at `since` or later, the oldest call first."""
        after: tuple[datetime, UUID] = (since, UUID(int=0))
        while page := await self._fetch("ended_calls", since, *after, STORIES_AT_ONCE):
            told: dict[UUID, list[CallEvent]] = {plain_uuid(record["id"]): [] for record in page}
            for event in map(event_of, await self._fetch("stories", list(told))):
                if event is not None:
                    told[plain_uuid(event.call_id)].append(event)
            for call_id, events in told.items():
                yield CallId(call_id), in_order(events)
            after = (page[-1]["started_at"], page[-1]["id"])

    async def ids_beginning(self, prefix: str) -> Sequence[CallId]:
        """Up to two ids that begin with `prefix` (hex digits, dashes ignored): more than one is not unique."""
        digits = prefix.replace("-", "").lower()
        first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
        return [CallId(plain_uuid(record["id"])) for record in await self._fetch("calls_beginning", first, last)]

    async def known(self, call_ids: Collection[CallId]) -> Mapping[CallId, KnownCall]:
        """Those of the calls that are known at all."""
        records = await self._fetch("known_calls", list(call_ids))
        return {CallId(plain_uuid(record["id"])): _known(record) for record in records}

    async def open_calls(self, before: datetime, limit: int = 1000) -> Mapping[CallId, KnownCall]:
        """Calls without an end that began before an instant."""
        records = await self._fetch("open_calls", before, limit)
        return {CallId(plain_uuid(record["id"])): _known(record) for record in records}


def _row(record: asyncpg.Record) -> dict[str, Any]:
    """In the order and with the types of CallRow's columns."""
    row = {column: record[column] for column in _COLUMNS}
    row["id"] = plain_uuid(record["id"])
    row["irregularities"] = tuple(row["irregularities"])
    return row


def _known(record: asyncpg.Record) -> KnownCall:
    return KnownCall(record["ended_at"] is not None, record["started_at"], record["linkedid"])
