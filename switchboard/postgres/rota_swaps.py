"""Swaps in rotas: in Postgres for whoever notes them, in memory for calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import asyncpg

from switchboard.domain.rota import NotedSwap, Swap
from switchboard.errors import RecordsUnreachable
from switchboard.postgres.mirror import Mirror
from switchboard.postgres.queries import queries

NOTIFICATION = "rota_swaps"
SNAPSHOT = "rota_swaps.snapshot"  # in the state folder
DEADLINE = 5.0  # seconds, for connecting and for each request


class MirroredSwaps:
    """Implements ports.SwapBook: swaps in memory, as Postgres has them or had them last."""

    def __init__(self, dsn: str, state: Path) -> None:
        self.mirror: Mirror[NotedSwap] = Mirror(
            dsn, queries("rota")["swaps"], NOTIFICATION, state / SNAPSHOT, noted_swap_of
        )

    def of(self, rota: str) -> Sequence[Swap]:
        """See ports.SwapBook."""
        return [noted.swap for noted in self.mirror.rows if noted.rota == rota]


class PostgresSwaps:
    """The table, over one connection, `async with`. Every request has a deadline; RecordsUnreachable says that
    Postgres did not answer within it."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._sql = queries("rota")
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def __aenter__(self) -> Self:
        async with _deadline():
            self._connection = await asyncpg.connect(
                self._dsn, timeout=DEADLINE, server_settings={"application_name": "switchboard rota"}
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def all(self) -> Sequence[NotedSwap]:
        """Those that count, in the order in which they were noted."""
        return [noted_swap_of(dict(row)) for row in await self._fetch("swaps")]

    async def add(self, noted: NotedSwap) -> None:
        """Note it."""
        swap = noted.swap
        columns = noted.id, noted.rota, swap.day, swap.one, swap.other, swap.because, swap.by
        await self._fetch("add_swap", *columns)

    async def take_back(self, identifier: UUID, by: str) -> NotedSwap | None:
        """It counts no more; what it was. None if there is none that counts."""
        rows = await self._fetch("take_back_swap", identifier, by)
        return noted_swap_of(dict(rows[0])) if rows else None

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        if self._connection is None:
            raise RecordsUnreachable("swaps are asked for before Postgres was connected to")
        async with _deadline():
            return await self._connection.fetch(self._sql[query], *arguments)


@asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(DEADLINE):
            yield
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise RecordsUnreachable(f"swaps cannot be read or kept: {error or type(error).__name__}") from error


def noted_swap_of(row: Mapping[str, Any]) -> NotedSwap:
    """From JSON or a row of Postgres. Raises ValueError, KeyError or TypeError."""
    day = row["day"] if isinstance(row["day"], date) else date.fromisoformat(row["day"])
    swap = Swap(day, str(row["one"]), str(row["other"]), str(row["because"]), str(row["by"]))
    return NotedSwap(UUID(str(row["id"])), str(row["rota"]), swap)
