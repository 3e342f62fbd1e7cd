"""Who was promised to be called back: in memory for calls, on disk before it is promised, in Postgres for everybody.

The ledger's events carry each change to Postgres (drain.py). The journal beside it is what a restarted controller goes
by, whether Postgres answers or not; and of what both know, the later revision counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.callback import Callback, CallbackBook, as_json, from_json
from switchboard.ports import Clock
from switchboard.postgres.connected_queries import ConnectedQueries
from switchboard.postgres.journal import Journal
from switchboard.postgres.mirror import Mirror
from switchboard.postgres.queries import queries
from switchboard.postgres.rows import plain_uuid

JOURNAL = "callbacks.journal"  # in the state folder
SNAPSHOT = "callbacks.snapshot"
NOTIFICATION = "callbacks"
REMEMBERED = timedelta(days=1)  # how long one that is closed is still known

log = structlog.get_logger(__name__)


class KeptCallbacks:
    """Implements ports.Callbacks. One a process, in that of the controller; `run` hears of what others change."""

    def __init__(self, dsn: str, state: Path, clock: Clock) -> None:
        """What was promised before is known at once. Raises SetupError if the folder cannot be written."""
        self.mirror: Mirror[Callback] = Mirror(
            dsn, queries("callbacks")["callbacks"], NOTIFICATION, state / SNAPSHOT, from_json
        )
        self.learned: Callable[[Callback], None] = lambda callback: None  # told of each that others have changed
        self._journal: Journal[Callback] = Journal(state / JOURNAL, "callbacks", from_json)
        self._writing = asyncio.Lock()
        self._unwritten: list[Callback] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen: Sequence[Callback] | None = None
        self._problem: str | None = None
        self._book = CallbackBook(self._journal.read())
        since = clock.now() - REMEMBERED
        kept = [each for each in self._book.all() if each.is_open or (each.changed_at or each.promised_at) > since]
        self._journal.replace([as_json(each) for each in kept])
        self._book = CallbackBook(kept)

    @property
    def problem(self) -> str | None:
        """Why promises may not survive, or why we may not hear of cancellations; None while all is well."""
        return self._problem or self.mirror.problem

    def get(self, identifier: UUID) -> Callback | None:
        """See ports.Callbacks."""
        self._look()
        return self._book.get(identifier)

    def open(self) -> Sequence[Callback]:
        """See ports.Callbacks."""
        self._look()
        return self._book.open()

    def all(self) -> Sequence[Callback]:
        """The same with those that were closed lately."""
        self._look()
        return self._book.all()

    def of(self, number: str) -> Callback | None:
        """See ports.Callbacks."""
        self._look()
        return self._book.of(number)

    def typed_by(self, caller: str) -> Callback | None:
        """See ports.Callbacks."""
        self._look()
        return self._book.typed_by(caller)

    def put(self, callback: Callback) -> None:
        """See ports.Callbacks."""
        self._book.put(callback)
        self._unwritten.append(callback)
        task = asyncio.get_running_loop().create_task(self._write(), name="callbacks-kept")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def durable(self) -> None:
        """See ports.Callbacks."""
        async with self._writing:
            coming = list(self._unwritten)
            if not coming:
                return
            writing = asyncio.ensure_future(
                asyncio.to_thread(self._journal.append, *(as_json(callback) for callback in coming))
            )
            try:
                await asyncio.shield(writing)
            finally:  # cancelled or not: what is on disk counts
                await writing
                del self._unwritten[: len(coming)]
                self._problem = None

    async def run(self) -> None:
        """Hear of what others change, until cancelled."""
        await self.mirror.run()

    async def close(self) -> None:
        """Write what is not written yet, and let the journal go."""
        await asyncio.gather(*self._tasks)
        self._journal.close()

    async def _write(self) -> None:
        try:
            await self.durable()
        except OSError as error:  # memory has it, and the ledger: only a start without Postgres might miss it
            self._problem = f"callbacks are not on disk: {error}"
            log.error("callbacks_not_on_disk", error=str(error))

    def _look(self) -> None:
        rows = self.mirror.rows
        if rows is self._seen:
            return
        self._seen = rows
        for row in rows:
            known = self._book.get(row.id)
            if known is None or known.revision < row.revision:
                self._book.put(row)
                self._unwritten.append(row)  # with the next that is put; until then Postgres has it
                if known is not None:
                    self.learned(row)


class PostgresCallbacks(ConnectedQueries):
    """The table of callbacks."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, "callbacks", "callbacks cannot be read or changed")

    async def newest(self, limit: int) -> Sequence[Callback]:
        """Open ones first, then those closed last."""
        return [from_json(dict(row)) for row in await self.fetch("newest", limit)]

    async def beginning(self, prefix: str) -> Sequence[UUID]:
        """Up to two ids that begin so (hex digits, dashes ignored): more than one is not unique."""
        digits = prefix.replace("-", "").lower()
        first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
        return [plain_uuid(row["id"]) for row in await self.fetch("beginning", first, last)]

    async def cancel(self, identifier: UUID, why: str) -> Callback | None:
        """Close it; how it stands then. None if it was not open."""
        rows = await self.fetch("cancel", identifier, why)
        return from_json(dict(rows[0])) if rows else None


def callback_rows(events: Iterable[CallEvent]) -> list[dict[str, Any]]:
    """The rows of `callbacks` that these events tell of: of each callback the latest."""
    told = CallbackBook()
    for event in events:
        if event.kind is EventKind.CALLBACK:
            try:
                told.put(from_json(event.data))
            except (KeyError, ValueError, TypeError) as error:
                log.error("callback_not_understood", event_id=str(event.event_id), error=repr(error))
    return [as_json(callback) for callback in told.all()]
