"""The calls that go on, as every page that shows them has them: read once when something has changed, for all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import structlog

from switchboard.domain.call_now import CallNow, call_now
from switchboard.domain.call_record import CallEvent
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Clock

OLDEST = timedelta(hours=12)  # a record that is open for longer was never closed: no call lasts so long
LOOK = 10.0  # seconds between looks without a change
RETRY = 1.0  # seconds between attempts while Postgres is away

log = structlog.get_logger(__name__)


class RecordedCall(Protocol):
    """A call's row, and all that happened, oldest first."""

    @property
    def row(self) -> Mapping[str, Any]: ...

    @property
    def events(self) -> Sequence[CallEvent]: ...


class Calls(Protocol):
    """The record. Everything raises RecordsUnreachable."""

    async def now(self, since: datetime) -> Sequence[RecordedCall]:
        """Calls that go on and began after `since`, the oldest first."""

    async def history(
        self, before: tuple[datetime, UUID] | None, search: str, limit: int
    ) -> Sequence[Mapping[str, Any]]:
        """The newest calls' rows before one; with what is searched in a number or a name."""

    async def call(self, identifier: UUID) -> RecordedCall | None:
        """One call; None if there is none of that id."""

    def changes(self, at_least_every: float) -> AsyncGenerator[None]:
        """Something each time when calls have changed, and after so many seconds in any case."""


class LiveCalls:
    """`calls` is None while they cannot be read. Read only while somebody watches."""

    def __init__(self, store: Calls, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.calls: Sequence[CallNow] | None = None
        self._watchers = 0
        self._changed = asyncio.Event()  # replaced at each change
        self._watched = asyncio.Event()

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Somebody looks at them."""
        self._watchers += 1
        self._watched.set()
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._watched.clear()

    async def changed(self, timeout: float) -> None:
        """Return when `calls` is another, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()

    async def read(self) -> Sequence[CallNow]:
        """As they are now. Raises RecordsUnreachable."""
        found = await self._store.now(self._clock.now() - OLDEST)
        return [call_now(str(each.row["id"]), each.row, each.events) for each in found]

    async def run(self) -> None:
        """Follow them until cancelled."""
        while True:
            await self._watched.wait()
            try:
                async with contextlib.aclosing(self._store.changes(LOOK)) as changes:
                    async for _ in changes:
                        self._show(await self.read())
                        if not self._watchers:
                            break
            except RecordsUnreachable as error:
                if self.calls is not None:
                    log.warning("live_calls_wait", error=str(error))
                self._show(None)
                await asyncio.sleep(RETRY)
            except Exception:  # a task's root: pages must not show for ever what was
                log.exception("live_calls_broke_off", again_in=RETRY)
                self._show(None)
                await asyncio.sleep(RETRY)

    def _show(self, calls: Sequence[CallNow] | None) -> None:
        self.calls = calls
        self._changed.set()
        self._changed = asyncio.Event()
