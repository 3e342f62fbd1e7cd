"""A few connections to Postgres, kept open between requests. Every request has a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

from switchboard.errors import RecordsUnreachable

DEADLINE = 5.0  # seconds, for a connection and all that is asked over it
MOST = 4  # connections


class Connections:
    """Takes an open one, or opens one; what went wrong on it is not used again."""

    def __init__(self, dsn: Callable[[], str], name: str) -> None:
        """`dsn` may raise RecordsUnreachable; it is asked at each connecting. `name` is what Postgres calls us."""
        self._dsn, self._name = dsn, name
        self._idle: list[asyncpg.Connection[asyncpg.Record]] = []
        self._free = asyncio.Semaphore(MOST)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """All of it or nothing; committed when the block is left. Raises RecordsUnreachable, and the block's own."""
        connection: asyncpg.Connection[asyncpg.Record] | None = None
        try:
            async with asyncio.timeout(DEADLINE), self._free:
                connection = await self._take()
                async with connection.transaction():
                    yield connection
                self._idle.append(connection)
                connection = None
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise RecordsUnreachable(f"Postgres did not do it: {error or type(error).__name__}") from error
        finally:
            if connection is not None:
                connection.terminate()

    def close(self) -> None:
        """Let go of those that are open."""
        while self._idle:
            self._idle.pop().terminate()

    async def _take(self) -> asyncpg.Connection[asyncpg.Record]:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await asyncpg.connect(
            self._dsn(), timeout=DEADLINE, server_settings={"application_name": f"switchboard {self._name}"}
        )
