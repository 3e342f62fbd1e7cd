"""Messages that wait to be written down, and what was said in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from switchboard.domain.transcript import LONGEST, Transcript
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Unwritten
from switchboard.postgres.message_sound import playable
from switchboard.postgres.pooled import PooledQueries


class PostgresTranscripts:
    """Implements ports.Transcripts."""

    def __init__(self, dsn: str) -> None:
        self._records = PooledQueries(dsn, "transcripts", "transcripts cannot be read or kept")

    async def close(self) -> None:
        """Let the connections go."""
        await self._records.close()

    async def next(self, since: datetime) -> Unwritten | None:
        """See ports.Transcripts."""
        rows = await self._records.fetch("to_write_down", since)
        if not rows:
            return None
        row = rows[0]
        try:
            wav = playable(row["content"])
        except ValueError as error:
            raise RecordsUnreachable(f"message {row['id']} cannot be played: {error}") from error
        return Unwritten(UUID(int=row["id"].int), row["language"], row["seconds"], wav)

    async def keep(self, message: UUID, found: Transcript | str, at: datetime) -> None:
        """See ports.Transcripts."""
        text, confidence, why = None, None, None
        if isinstance(found, Transcript):
            text, confidence = found.text.replace("\0", "")[:LONGEST], found.confidence
        else:
            why = found[:300]
        await self._records.fetch("written_down", message, text, confidence, at, why)
