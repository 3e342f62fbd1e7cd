"""A count that only grows, moved on by one thread and awaited from any event loop."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress


class Progress:
    """How far something has come: `advance` it, or await that it has `reached` a count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self.count = 0

    def advance(self, count: int) -> None:
        """It has come to `count`: wake whoever waited for that. Any thread."""
        with self._lock:
            self.count = count
            ready = [waiter for waiter in self._waiters if waiter[0] <= count]
            if ready:
                self._waiters = [waiter for waiter in self._waiters if waiter[0] > count]
        for _, loop, future in ready:
            # A loop that was closed meanwhile has nobody waiting any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_finish, future)

    async def reached(self, count: int) -> None:
        """Return when it has come to `count` or further."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if self.count >= count:
                return
            self._waiters.append((count, loop, future))
        await future


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
