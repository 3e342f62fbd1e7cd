"""Which ways callers went through the flows: the records' steps, counted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from switchboard.errors import RecordsUnreachable
from switchboard.postgres.queries import queries

DEADLINE = 5.0  # seconds, for connecting
COUNTING = 60.0  # seconds, for counting a year of a busy organisation


@dataclass(frozen=True, slots=True)
class TakenEdges:
    """Calls, each counted once for every way it went, however often."""

    by_outcome: Mapping[tuple[str, str, str], int]  # (flow's id, step, outcome)
    by_number: Mapping[str, int]


async def taken_edges(dsn: str, since: datetime) -> TakenEdges:
    """What the records hold of calls since an instant. Raises RecordsUnreachable."""
    sql = queries("edges")
    try:
        async with asyncio.timeout(DEADLINE + COUNTING):
            connection = await asyncpg.connect(
                dsn,
                timeout=DEADLINE,
                server_settings={"application_name": "switchboard graph", "default_transaction_read_only": "on"},
            )
            try:
                taken = await connection.fetch(sql["taken"], since)
                dialled = await connection.fetch(sql["dialled"], since)
            finally:
                connection.terminate()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise RecordsUnreachable(f"records cannot be counted: {error or type(error).__name__}") from error
    return TakenEdges(
        {(row["flow"], row["step"], row["outcome"]): row["callers"] for row in taken},
        {row["number"]: row["callers"] for row in dialled},
    )
