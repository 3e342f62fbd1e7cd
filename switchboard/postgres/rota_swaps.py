"""Swaps in rotas: in Postgres for whoever notes them, in memory for calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from switchboard.domain.rota import NotedSwap, Swap
from switchboard.postgres.connected_queries import ConnectedQueries
from switchboard.postgres.mirror import Mirror
from switchboard.postgres.queries import queries

NOTIFICATION = "rota_swaps"
SNAPSHOT = "rota_swaps.snapshot"  # in the state folder


class MirroredSwaps:
    """Implements ports.SwapBook: swaps in memory, as Postgres has them or had them last."""

    def __init__(self, dsn: str, state: Path) -> None:
        self.mirror: Mirror[NotedSwap] = Mirror(
            dsn, queries("rota")["swaps"], NOTIFICATION, state / SNAPSHOT, noted_swap_of
        )

    def of(self, rota: str) -> Sequence[Swap]:
        """See ports.SwapBook."""
        return [noted.swap for noted in self.mirror.rows if noted.rota == rota]


class PostgresSwaps(ConnectedQueries):
    """The table of swaps."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, "rota", "swaps cannot be read or kept")

    async def all(self) -> Sequence[NotedSwap]:
        """Those that count, in the order in which they were noted."""
        return [noted_swap_of(dict(row)) for row in await self.fetch("swaps")]

    async def add(self, noted: NotedSwap) -> None:
        """Note it."""
        swap = noted.swap
        columns = noted.id, noted.rota, swap.day, swap.one, swap.other, swap.because, swap.by
        await self.fetch("add_swap", *columns)

    async def take_back(self, identifier: UUID, by: str) -> NotedSwap | None:
        """It counts no more; what it was. None if there is none that counts."""
        rows = await self.fetch("take_back_swap", identifier, by)
        return noted_swap_of(dict(rows[0])) if rows else None


def noted_swap_of(row: Mapping[str, Any]) -> NotedSwap:
    """From JSON or a row of Postgres. Raises ValueError, KeyError or TypeError."""
    day = row["day"] if isinstance(row["day"], date) else date.fromisoformat(row["day"])
    swap = Swap(day, str(row["one"]), str(row["other"]), str(row["because"]), str(row["by"]))
    return NotedSwap(UUID(str(row["id"])), str(row["rota"]), swap)
