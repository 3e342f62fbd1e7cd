"""How callers left the queues: counted from the records."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import asyncpg

from switchboard.domain.queue_figures import QueueFigures, figures_of
from switchboard.errors import RecordsUnreachable
from switchboard.postgres.queries import queries

DEADLINE = 5.0  # seconds, for connecting
COUNTING = 30.0  # seconds, for counting a year of a busy organisation


async def queue_figures(dsn: str, since: datetime) -> Sequence[QueueFigures]:
    """Of every queue that somebody left since an instant. Raises RecordsUnreachable."""
    try:
        async with asyncio.timeout(DEADLINE + COUNTING):
            connection = await asyncpg.connect(
                dsn,
                timeout=DEADLINE,
                server_settings={"application_name": "switchboard queues", "default_transaction_read_only": "on"},
            )
            try:
                rows = await connection.fetch(queries("queues")["waits_since"], since)
            finally:
                connection.terminate()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise RecordsUnreachable(f"records cannot be counted: {error or type(error).__name__}") from error
    return [figures_of(dict(row)) for row in rows]
