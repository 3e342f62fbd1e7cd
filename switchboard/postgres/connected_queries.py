"""Named queries over one connection, each with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import asyncpg

from switchboard.errors import RecordsUnreachable
from switchboard.postgres.queries import queries

DEADLINE = 5.0  # seconds, for connecting and for each request


class ConnectedQueries:
    """The queries of one file, `async with`. RecordsUnreachable says that Postgres did not answer in time."""

    def __init__(self, dsn: str, file: str, what: str) -> None:
        """`what` is said when it cannot be had: "swaps cannot be read or kept"."""
        self._dsn, self._file, self._what = dsn, file, what
        self._sql = queries(file)
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def __aenter__(self) -> Self:
        async with self._deadline():
            self._connection = await asyncpg.connect(
                self._dsn, timeout=DEADLINE, server_settings={"application_name": f"switchboard {self._file}"}
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def fetch(self, query: str, *arguments: object, deadline: float = DEADLINE) -> list[asyncpg.Record]:
        """The rows of one query; `deadline` in seconds."""
        async with self.within(deadline) as connection:
            return await connection.fetch(self._sql[query], *arguments)

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """The connection, for what has to be done in so many seconds altogether."""
        if self._connection is None:
            raise RecordsUnreachable(f"{self._what}: Postgres was not connected to")
        async with self._deadline(seconds):
            yield self._connection

    @asynccontextmanager
    async def _deadline(self, seconds: float = DEADLINE) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds):
                yield
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise RecordsUnreachable(f"{self._what}: {error or type(error).__name__}") from error
