"""Messages for those who see to them: listed, heard, assigned, exported, erased; noted with who did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import orjson

from switchboard.domain.message import MessageKind, MessageState
from switchboard.errors import RecordsUnreachable
from switchboard.postgres.message_sound import playable
from switchboard.postgres.pooled import PooledQueries

Row = Mapping[str, Any]
NOT_DONE = tuple(state.value for state in MessageState if state is not MessageState.DONE)


class PostgresMessages:
    """`async with`. Raises RecordsUnreachable."""

    def __init__(self, dsn: str) -> None:
        self._records = PooledQueries(dsn, "messages", "messages cannot be read or changed")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._records.close()

    async def listed(
        self,
        *,
        person: str | None = None,
        department: str | None = None,
        states: Sequence[str] = NOT_DONE,
        limit: int = 50,
    ) -> Sequence[Row]:
        """The newest, newest first. A message that has an owner is the owner's, whoever it was for."""
        rows = await self._records.fetch("listed", person, department, list(states), limit)
        return [_plain(dict(row)) for row in rows]

    async def found(self, beginning: str) -> Sequence[Row]:
        """Those whose id begins so; at most two."""
        return [_plain(dict(row)) for row in await self._records.fetch("found", beginning)]

    async def history(self, message: UUID) -> Sequence[Row]:
        """Who did what to it, oldest first; `detail` as a table."""
        rows = await self._records.fetch("history", message)
        return [{**dict(row), "detail": orjson.loads(row["detail"])} for row in rows]

    async def sound(self, message: UUID, part: str, who: str, way: str) -> bytes | None:
        """What was said, as a WAV file of 16 bits; None if it is not there. Noted as heard by `who`, in this way."""
        async with self._records.transaction() as fetch:
            rows = await fetch("audio", message, part)
            if not rows:
                return None
            await fetch("heard", message, who, orjson.dumps({"way": way, "part": part}).decode())
        try:
            return playable(rows[0]["content"])
        except ValueError as error:
            raise RecordsUnreachable(f"message {message} cannot be played: {error}") from error

    async def read(self, message: UUID, who: str) -> None:
        """Somebody read its transcript."""
        await self._records.fetch("heard", message, who, '{"way": "read"}')

    async def assign(self, message: UUID, person: str, who: str, *, owner: str | None) -> bool:
        """Make it a person's, if it is still `owner`'s (None: nobody's): of two who do so at once, one wins."""
        what = "taken" if person == who else "assigned"
        return bool(await self._records.fetch("assigned", message, person, who, owner, what))

    async def done(self, message: UUID, who: str) -> bool:
        """Nothing is left to do; False if that was so before."""
        return bool(await self._records.fetch("done", message, who))

    async def exported(self, messages: Sequence[UUID], who: str) -> None:
        """Somebody took a list of them away."""
        await self._records.fetch("noted", list(messages), who, "exported")

    async def erase(self, message: UUID, who: str, why: str) -> bool:
        """Remove what was said and who said it: audio, transcript, what is to be sent, the addresses it went to."""
        return bool(await self._records.fetch("erased", message, who, why))

    async def expired(self, kind: MessageKind, before: datetime, limit: int) -> Sequence[UUID]:
        """Those of a kind that were recorded before then, the oldest first."""
        rows = await self._records.fetch("expired", kind.value, before, limit)
        return [UUID(int=row["id"].int) for row in rows]

    async def forget_before(self, instant: datetime) -> int:
        """Drop what is remembered of sending, and of PINs that were tried, before then; of how much was sent."""
        async with self._records.transaction() as fetch:
            await fetch("forget_tries", instant)
            return len(await fetch("forget_sent", instant))

    async def unreached(self, since: datetime, limit: int = 50) -> Sequence[Row]:
        """Callers who talked to nobody, and have not since."""
        return [_plain(dict(row)) for row in await self._records.fetch("unreached", since, limit)]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """With ids as anybody can write them."""
    return {key: UUID(int=value.int) if isinstance(value, UUID) else value for key, value in row.items()}
