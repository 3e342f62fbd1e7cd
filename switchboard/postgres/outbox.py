"""The table outbox: what is to be sent because of messages, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import asyncpg
import orjson

from switchboard.domain.appointment import Appointment
from switchboard.domain.notification import Delivery, LeftMessage, Notice, Spoken, Way
from switchboard.errors import RecordsUnreachable
from switchboard.postgres.queries import queries
from switchboard.postgres.rows import plain_uuid

_TEXTS = (
    *("kind", "caller_number", "caller_name", "client_name", "client_code", "person", "department", "owner"),
    *("language", "call_back", "transcript", "transcript_by"),
)
DEADLINE = 10.0  # seconds, for connecting and for each request


class PostgresOutbox:
    """Implements ports.Outbox over one connection, `async with`. Every request has a deadline; RecordsUnreachable says
    that Postgres did not answer within it. `transcript_wait`: seconds a mail waits for what was said to be written
    down; 0 where nobody does that."""

    def __init__(self, dsn: str, *, transcript_wait: float = 0.0) -> None:
        self._dsn = dsn
        self._transcript_wait = transcript_wait
        self._sql = queries("outbox")
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._added = asyncio.Event()

    async def __aenter__(self) -> Self:
        async with _deadline():
            self._connection = await asyncpg.connect(
                self._dsn,
                timeout=DEADLINE,
                server_settings={"application_name": "switchboard outbox"},
            )
            await self._connection.add_listener("outbox", lambda *_: self._added.set())
            self._connection.add_termination_listener(lambda _: self._added.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def claim(self, way: Way, now: datetime, until: datetime, most: int) -> Sequence[Notice]:
        """See ports.Outbox."""
        rows = await self._fetch("claim", way.value, now, until, most, self._transcript_wait)
        return [_notice(row) for row in rows]

    async def address(self, notice: Notice, receivers: Mapping[str, str]) -> None:
        """See ports.Outbox."""
        await self._fetch("address", notice.id, list(receivers), list(receivers.values()))

    async def settle(self, notice: Notice, delivery: Delivery, again: datetime | None) -> None:
        """See ports.Outbox."""
        await self._fetch("settle", notice.id, delivery.outcome.value, _kept(delivery.told), again, uuid4())

    async def message(self, message_id: UUID, *, with_sound: bool) -> LeftMessage | None:
        """See ports.Outbox."""
        rows = await self._fetch("message", message_id)
        if not rows:
            return None
        sound = await self._fetch("sound", message_id) if with_sound else []
        return _message(rows[0], sound)

    async def appointment(self, appointment_id: UUID) -> Appointment | None:
        """See ports.Outbox."""
        return None  # nothing is booked yet

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
        return dict((await self._fetch("figures"))[0])

    async def entries(self, since: datetime, most: int = 200) -> Sequence[Mapping[str, Any]]:
        """What waits, and what came to nothing since then, the newest first."""
        return [dict(row) for row in await self._fetch("entries", since, most)]

    async def try_again(self, identifier: int) -> bool:
        """Send it once more. False if there is none such, or it was sent."""
        return bool(await self._fetch("try_again", identifier))

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        if self._connection is None:
            raise RecordsUnreachable("the outbox is asked before Postgres was connected to")
        async with _deadline():
            return await self._connection.fetch(self._sql[query], *arguments)


@asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(DEADLINE):
            yield
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise RecordsUnreachable(f"the outbox cannot be read: {error or type(error).__name__}") from error


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
