"""A TCP wire that tests can cut or freeze: put it between two ends that must survive that."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class Wire:
    """Forwards connections made to `port` to `target` on loopback.

    async with Wire(target=8088) as wire:
        link_to(wire.port)
        wire.cut()       # both ends see the connection close; new ones are refused until `mend`
        wire.freeze()    # nothing moves, nobody is told: a half-open connection
        wire.freeze(oldest=1)   # only the first of several connections
        wire.mend()
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.connections = 0  # made so far
        self._target = target
        self._is_cut = self._is_frozen = False
        self._flows: list[asyncio.Event] = []  # one for each connection, set while it flows
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Close all connections and refuse new ones."""
        self._is_cut = True
        for end in tuple(self._ends):
            end.transport.abort()

    def freeze(self, *, oldest: int | None = None) -> None:
        """Hold everything back, silently; or what goes over so many of the oldest connections."""
        self._is_frozen = oldest is None
        for flow in self._flows[:oldest]:
            flow.clear()

    def mend(self) -> None:
        """Let new connections through, and what was held back."""
        self._is_cut = self._is_frozen = False
        for flow in self._flows:
            flow.set()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._ends.add(writer)
        flow = asyncio.Event()
        if not self._is_frozen:
            flow.set()
        try:
            if self._is_cut:
                return
            self.connections += 1
            self._flows.append(flow)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._ends.add(far_writer)
            try:
                await asyncio.gather(self._carry(reader, far_writer, flow), self._carry(far_reader, writer, flow))
            finally:
                self._ends.discard(far_writer)
                far_writer.close()
        except (OSError, asyncio.CancelledError):
            pass  # cancelled by `__aexit__` alone; asyncio's streams (3.11) log a task that ends as cancelled
        finally:
            if flow in self._flows:
                self._flows.remove(flow)
            self._ends.discard(writer)
            self._tasks.discard(task)
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await flow.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
