"""Named queries on a few connections, each with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from switchboard.errors import RecordsUnreachable
from switchboard.postgres.queries import queries

DEADLINE = 5.0  # seconds, for connecting and for each request
CONNECTIONS = 4


class PooledQueries:
    """The queries of one file. RecordsUnreachable says that Postgres did not answer in time.

    Connects when first asked.
    """

    def __init__(
        self,
        dsn: str | Callable[[], str],
        file: str,
        what: str,
        *,
        read_only: bool = False,
        deadline: float = DEADLINE,
        connections: int = CONNECTIONS,
        lock_timeout: float = 0.0,
    ) -> None:
        """`what` is named when it cannot be had: "mailboxes cannot be read or changed". `deadline` and `lock_timeout`
        (for each lock; 0: as long as the deadline lasts) are seconds. A `dsn` that may change is asked at each
        connecting; it may raise RecordsUnreachable."""
        self._dsn, self._file, self._what, self._read_only = dsn, file, what, read_only
        self._deadline, self._connections, self._lock_timeout = deadline, connections, lock_timeout
        self._sql = queries(file)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        """Let the connections go."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of one query, which counts as soon as it is answered."""
        async with self._connection() as connection:
            return await connection.fetch(self._sql[query], *arguments)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Fetch]:
        """Several queries that all count or none."""
        async with self._connection() as connection, connection.transaction():
            yield Fetch(connection, self._sql)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy[asyncpg.Record]]:
        try:
            async with asyncio.timeout(self._deadline):
                pool = await self._connected()
                connection = await pool.acquire()
                try:
                    yield connection
                finally:
                    # Not awaiting the pool's reset of a connection that does not answer.
                    await asyncio.shield(pool.release(connection, timeout=self._deadline))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise RecordsUnreachable(f"{self._what}: {error or type(error).__name__}") from error

    async def _connected(self) -> asyncpg.Pool[asyncpg.Record]:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    connect=self._connect,
                    min_size=0,
                    max_size=self._connections,
                    timeout=self._deadline,
                    command_timeout=self._deadline,
                    reset=_reset,
                    server_settings={
                        "application_name": f"switchboard {self._file}",
                        "statement_timeout": str(int(self._deadline * 1000)),
                        "lock_timeout": str(int(self._lock_timeout * 1000)),
                        "default_transaction_read_only": "on" if self._read_only else "off",
                    },
                )
            return self._pool

    async def _connect(self, *_: object, **options: Any) -> asyncpg.Connection[asyncpg.Record]:
        """What the pool connects by."""
        dsn = self._dsn if isinstance(self._dsn, str) else self._dsn()
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(dsn, **options)
        return connection


async def _reset(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Nothing that is done here outlasts its transaction, so the server need not be asked each time."""
    if connection.is_in_transaction():
        await connection.reset()


class Fetch:
    """Queries within a transaction, by name."""

    def __init__(self, connection: asyncpg.pool.PoolConnectionProxy[asyncpg.Record], sql: dict[str, str]) -> None:
        self._connection, self._sql = connection, sql

    async def __call__(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of one query."""
        return await self._connection.fetch(self._sql[query], *arguments)
