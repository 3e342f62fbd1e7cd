"""The table outbox: what is to be sent because of messages, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

import asyncpg
import orjson

from switchboard.domain.appointment import Appointment
from switchboard.domain.notification import Delivery, LeftMessage, Notice, Spoken, Way
from switchboard.postgres.appointments import appointment_of
from switchboard.postgres.connected_queries import DEADLINE, ConnectedQueries
from switchboard.postgres.rows import plain_uuid

_TEXTS = (
    *("kind", "caller_number", "caller_name", "client_name", "client_code", "person", "department", "owner"),
    *("language", "call_back", "transcript", "transcript_by"),
)
SOUND_DEADLINE = 10.0  # seconds, for what was said in a message


class PostgresOutbox(ConnectedQueries):
    """Implements ports.Outbox. `transcript_wait`: seconds a mail waits for what was said to be written down; 0 where
    nobody does that."""

    def __init__(self, dsn: str, *, transcript_wait: float = 0.0) -> None:
        super().__init__(dsn, "outbox", "the outbox cannot be read or changed")
        self._transcript_wait = transcript_wait
        self._added = asyncio.Event()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        async with self.within(DEADLINE) as connection:
            await connection.add_listener("outbox", lambda *_: self._added.set())
            connection.add_termination_listener(lambda _: self._added.set())
        return self

    async def claim(self, way: Way, now: datetime, until: datetime, most: int) -> Sequence[Notice]:
        """See ports.Outbox."""
        rows = await self.fetch("claim", way.value, now, until, most, self._transcript_wait)
        return [_notice(row) for row in rows]

    async def address(self, notice: Notice, receivers: Mapping[str, str]) -> None:
        """See ports.Outbox."""
        await self.fetch("address", notice.id, list(receivers), list(receivers.values()))

    async def settle(self, notice: Notice, delivery: Delivery, again: datetime | None) -> None:
        """See ports.Outbox."""
        await self.fetch("settle", notice.id, delivery.outcome.value, _kept(delivery.told), again, uuid4())

    async def message(self, message_id: UUID, *, with_sound: bool) -> LeftMessage | None:
        """See ports.Outbox."""
        rows = await self.fetch("message", message_id)
        if not rows:
            return None
        sound = await self.fetch("sound", message_id, deadline=SOUND_DEADLINE) if with_sound else []
        return _message(rows[0], sound)

    async def appointment(self, appointment_id: UUID) -> Appointment | None:
        """See ports.Outbox."""
        rows = await self.fetch("appointment", appointment_id)
        return appointment_of(rows[0]) if rows else None

    async def more(self, seconds: float) -> None:
        """See ports.Outbox."""
        try:
            async with asyncio.timeout(seconds):
                await self._added.wait()
        except TimeoutError:
            return
        self._added.clear()

    async def figures(self) -> Mapping[str, Any]:
        """How sending goes: `waiting`, `failing`, `oldest`, `undelivered` (of a week), `told` (by the other side)."""
        return dict((await self.fetch("figures"))[0])

    async def entries(self, since: datetime, most: int = 200) -> Sequence[Mapping[str, Any]]:
        """What waits, and what came to nothing since then, the newest first."""
        return [dict(row) for row in await self.fetch("entries", since, most)]

    async def try_again(self, identifier: int) -> bool:
        """Send it once more. False if there is none such, or it was sent."""
        return bool(await self.fetch("try_again", identifier))


def _notice(row: asyncpg.Record) -> Notice:
    payload = orjson.loads(row["payload"])
    return Notice(
        id=row["id"],
        way=Way(row["kind"]),
        key=row["idempotency_key"],
        occasion=str(payload.get("what") or ""),
        message_id=plain_uuid(row["message_id"]) if row["message_id"] else None,
        attempts=row["attempts"],
        created_at=row["created_at"],
        payload=payload,
    )


def _message(row: asyncpg.Record, sound: Sequence[asyncpg.Record]) -> LeftMessage:
    return LeftMessage(
        id=plain_uuid(row["id"]),
        at=row["recorded_at"],
        seconds=row["seconds"],
        urgent=row["urgent"],
        deadline=row["deadline"],
        transcript_confidence=row["transcript_confidence"],
        sound=tuple(Spoken(each["part"], each["content"], each["media_type"], each["seconds"]) for each in sound),
        **{name: row[name] or "" for name in _TEXTS},
    )


def _kept(told: str) -> str:
    """What the other side told, as Postgres takes it: one line of a bearable length."""
    return " ".join("".join(c if c.isprintable() else " " for c in told).split())[:500]
