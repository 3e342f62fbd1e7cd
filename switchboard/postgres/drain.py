"""Drains the ledger's spool into Postgres, in batches, for as long as the process lives.

One transaction stores a batch of events, derives the rows of the calls it touches, stores messages, and notifies
listeners. Everything in it may happen twice without harm. With Postgres away, slow or full the batch is tried again
and again; calls do not notice.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import structlog

from switchboard.domain.call_record import CallEvent, EventKind, derive
from switchboard.domain.identity import CallId
from switchboard.postgres.callbacks import callback_rows
from switchboard.postgres.frames import decode_event
from switchboard.postgres.message_rows import message_row
from switchboard.postgres.queries import queries
from switchboard.postgres.rows import event_of
from switchboard.postgres.spool import SpooledLedger

log = structlog.get_logger(__name__)

BATCH = 500  # events a transaction
GATHER = 1.0  # seconds between an event's reaching the disk and its draining: a call's row is derived less often
BUSY = 100  # events in one draining; from then on, GATHER is BUSY_GATHER
BUSY_GATHER = 3.0
AT_A_TIME = 20  # events or rows worked on before the event loop gets its turn: well below a millisecond
DEADLINE = 10.0  # seconds a statement may take
RETRY_FIRST, RETRY_LONGEST = 0.2, 5.0  # seconds between attempts while Postgres does not answer, times 0.5 to 1.5
REMEMBERED_CALLS = 2000  # calls in progress whose events are kept to save reading them back
REFUSED = "refused.jsonl"  # in the ledger's folder

# SQLSTATE classes that say "this datum", not "not now": data exception, integrity violation, program limit exceeded.
_POISON = ("22", "23", "54")


class Drain:
    """The task that drains `ledger` into the database `dsn`. Run one, in the process that owns the ledger."""

    def __init__(self, ledger: SpooledLedger, dsn: str, *, gather: float = GATHER) -> None:
        self._ledger = ledger
        self._dsn = dsn
        self._gather = gather
        self._sql = queries("drain")
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._problem: str | None = None
        self._remembered: OrderedDict[CallId, list[CallEvent]] = OrderedDict()
        self._in_hand: list[bytes] = []  # taken, not released: `run` goes on with them when it is started again
        self.refused = 0

    @property
    def backlog(self) -> int:
        """Events that are not in Postgres yet."""
        return self._ledger.backlog

    @property
    def problem(self) -> str | None:
        """Why nothing is drained now; None while all is well."""
        return self._problem

    async def run(self) -> None:
        """Drain until cancelled. To stop without a backlog, await `ledger.archived()` with a deadline before."""
        try:
            while True:
                count = await self._drain()
                await self._ledger.more()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._gather if count < BUSY else BUSY_GATHER):
                        await self._ledger.wanted()
        finally:
            self._disconnect()

    async def _drain(self) -> int:
        """Drain everything there is now; how many events that were."""
        count = 0
        while payloads := self._in_hand or self._ledger.take(BATCH):
            self._in_hand = payloads
            await self._deliver(payloads)
            self._in_hand = []
            self._ledger.release(len(payloads))
            count += len(payloads)
        return count

    async def _deliver(self, payloads: Sequence[bytes]) -> None:
        """Return when every payload is in Postgres or put aside."""
        events = []
        for number, payload in enumerate(payloads):
            await _let_others_run(number)
            try:
                events.append((payload, decode_event(payload)))
            except (ValueError, KeyError, TypeError) as error:
                self._put_aside(payload, f"not an event of this version: {error!r}")
        if not await self._store(events):
            for each in events:
                if not await self._store([each]):
                    self._put_aside(each[0], "Postgres refuses it")

    async def _store(self, events: Sequence[tuple[bytes, CallEvent]]) -> bool:
        """Store until Postgres has it; False when it answers that it never will."""
        delay = RETRY_FIRST
        while events:
            try:
                async with asyncio.timeout(3 * DEADLINE):
                    await self._transact(await self._connected(), events)
            except asyncpg.PostgresError as error:
                if (error.sqlstate or "").startswith(_POISON):
                    log.error("drain_refused", error=str(error), events=len(events))
                    return False
                self._note_problem(error)
            except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                self._note_problem(error)
            else:
                if self._problem is not None:
                    log.warning("drain_works_again", backlog=self.backlog)
                    self._problem = None
                break
            self._disconnect()
            await asyncio.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311
            delay = min(delay * 2, RETRY_LONGEST)
        return True

    async def _transact(
        self, connection: asyncpg.Connection[asyncpg.Record], events: Sequence[tuple[bytes, CallEvent]]
    ) -> None:
        async with connection.transaction():
            await connection.execute(self._sql["insert_events"], _json_array(payload for payload, _ in events))
            told = await self._events_of_touched_calls(connection, [event for _, event in events])
            rows = []
            for number, each in enumerate(told.values()):
                await _let_others_run(number)
                rows.append(orjson.dumps(derive(each), default=str))
            await connection.execute(self._sql["upsert_calls"], _json_array(rows))
            if messages := [row for _, event in events if (row := message_row(event))]:
                await connection.execute(self._sql["insert_messages"], orjson.dumps(messages, default=str).decode())
            if blocked := [row for _, event in events if (row := _blocked_of(event))]:
                await connection.execute(self._sql["block_callers"], orjson.dumps(blocked, default=str).decode())
            if callbacks := callback_rows(event for _, event in events):
                await connection.execute(self._sql["upsert_callbacks"], orjson.dumps(callbacks).decode())
            await connection.execute(self._sql["notify_calls"])
        self._remember(told)

    async def _events_of_touched_calls(
        self, connection: asyncpg.Connection[asyncpg.Record], events: Sequence[CallEvent]
    ) -> dict[CallId, list[CallEvent]]:
        """Every event so far of every call in the batch. Only this process writes events of its calls, so what was
        read or written once is remembered while the call goes on."""
        told = {event.call_id: list(self._remembered.get(event.call_id, ())) for event in events}
        for event in events:
            if event.call_id in self._remembered:
                told[event.call_id].append(event)
        if unknown := [call_id for call_id in told if call_id not in self._remembered]:
            for number, record in enumerate(await connection.fetch(self._sql["events_of_calls"], unknown)):
                await _let_others_run(number)
                if stored := event_of(record):
                    told[stored.call_id].append(stored)
        return told

    def _remember(self, told: Mapping[CallId, list[CallEvent]]) -> None:
        for call_id, events in told.items():
            self._remembered.pop(call_id, None)
            if all(event.kind is not EventKind.ENDED for event in events):
                self._remembered[call_id] = events
        while len(self._remembered) > REMEMBERED_CALLS:
            self._remembered.popitem(last=False)

    async def _connected(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._dsn,
                timeout=DEADLINE,
                command_timeout=DEADLINE,
                server_settings={
                    "application_name": "switchboard drain",
                    "statement_timeout": str(int(DEADLINE * 1000)),
                    "idle_in_transaction_session_timeout": str(int(DEADLINE * 3000)),
                },
            )
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    def _note_problem(self, error: Exception) -> None:
        problem = str(error) or type(error).__name__
        if self._problem is None:
            log.error("drain_waits_for_postgres", error=problem, backlog=self.backlog)
        self._problem = problem

    def _put_aside(self, payload: bytes, reason: str) -> None:
        """Keep a payload that can never be stored, for a person to look at; the others go on."""
        self.refused += 1
        log.error("event_put_aside", file=REFUSED, reason=reason, payload=payload.decode("utf-8", "replace"))
        with suppress(OSError):  # then it is in the log at least
            _append_line(self._ledger.folder / REFUSED, payload)


async def _let_others_run(number: int) -> None:
    if number % AT_A_TIME == AT_A_TIME - 1:
        await asyncio.sleep(0)


def _json_array(elements: Iterable[bytes]) -> str:
    return (b"[" + b",".join(elements) + b"]").decode()


def _blocked_of(event: CallEvent) -> dict[str, Any] | None:
    """The row of `screening_list` that a BLOCKED event tells of."""
    if event.kind is not EventKind.BLOCKED:
        return None
    pattern, why, who = (str(event.data.get(key) or "") for key in ("pattern", "why", "who"))
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", pattern):
        log.error("blocked_without_number", event_id=str(event.event_id))
        return None
    return {
        "pattern": pattern,
        "why": why[:500] or "not said",
        "who": who or "somebody",
        "at": event.at,
        "call_id": event.call_id,
    }


def _append_line(path: Path, line: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(fd, line + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)
