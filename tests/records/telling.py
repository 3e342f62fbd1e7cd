"""Events and tasks for tests of the record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import CallId, call_id_of, new_event_id
from switchboard.postgres.drain import Drain
from switchboard.postgres.spool import SpooledLedger

NOON = datetime(2025, 11, 21, 12, tzinfo=UTC)
_numbers = count(1)


def event(call_id: CallId, kind: EventKind, offset: float = 0, /, **data: Any) -> CallEvent:
    at = NOON + timedelta(seconds=offset)
    return CallEvent(call_id, new_event_id(at), at, kind, data)


def a_call(steps: int = 3) -> list[CallEvent]:
    """A whole call's events; every time another call."""
    call_id = call_id_of(f"switchboard-1763726400.{next(_numbers)}")
    return [
        event(call_id, EventKind.OFFERED, 0, number="6001000", caller_number="5551234"),
        *(event(call_id, EventKind.STEP, 1 + n, flow="main", step=f"step{n}") for n in range(steps)),
        event(call_id, EventKind.ENDED, 60, disposition="served", cause=16, ended_by="switchboard"),
    ]


@contextmanager
def ledger_at(folder: Path, **options: Any) -> Iterator[SpooledLedger]:
    ledger = SpooledLedger(folder, **options)
    try:
        yield ledger
    finally:
        ledger.close()


@asynccontextmanager
async def draining(ledger: SpooledLedger, dsn: str) -> AsyncIterator[Drain]:
    """A drain at work; what it raises, the test raises."""
    drain = Drain(ledger, dsn, gather=0.01)
    task = asyncio.create_task(drain.run())
    try:
        yield drain
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def archived(ledger: SpooledLedger, within: float = 30) -> None:
    async with asyncio.timeout(within):
        await ledger.archived()


async def until(condition: Any, within: float = 20) -> None:
    """Wait for what has no event to wait for."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.02)


async def ids_in(dsn: str) -> list[str]:
    """Every event id in Postgres."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return [str(row["event_id"]) for row in await connection.fetch("select event_id from call_events")]
    finally:
        await connection.close(timeout=10)


def ids_of(events: list[CallEvent]) -> list[str]:
    return [str(each.event_id) for each in events]
