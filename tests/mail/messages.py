"""Messages in the database, and an organisation whose people have addresses."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from switchboard.domain.language import ENGLISH, Language
from switchboard.domain.organisation import Organisation, Person
from switchboard.domain.webhook import Webhook
from tests.sample_organisation import MARI, sample_organisation

SOUND = b"RIFF" + bytes(range(256)) * 40
RECORDED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def office(**changes: Any) -> Organisation:
    """Mari reads Estonian, Jaan has no address; sales has a box of its own."""
    sample = sample_organisation()
    mari = Person("mari", "Mari Tamm", "sales", MARI, email="mari@example.net", language=Language("et"))
    jaan = Person("jaan", "Jaan Sepp", "sales")
    sales = replace(sample.departments["sales"], email="sales@example.net")
    service = replace(sales, id="service", names={ENGLISH: "Service"}, email="")
    people, departments = {"mari": mari, "jaan": jaan}, {"sales": sales, "service": service}
    return replace(sample, people=people, departments=departments, **changes)


def told(url: str) -> dict[str, Webhook]:
    """A webhook."""
    return {"crm": Webhook("crm", url)}


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        yield connection
    finally:
        await connection.close(timeout=10)


async def left(dsn: str, *, kinds: tuple[str, ...] = ("email",), filed: bool = True, **columns: Any) -> UUID:
    """Leave a message, with what is to be sent because of it, as the drain does it."""
    message_id = uuid4()
    values = {"person": "mari", "caller_number": "+37255501234", "caller_name": "Juku", "language": "et"} | columns
    async with connected(dsn) as connection, connection.transaction():
        await connection.execute(
            "insert into messages (id, call_id, recorded_at, seconds, file, kind, filed_at) values"
            " ($1, $2, $3, 65, $4, 'voicemail', case when $5 then now() end)",
            *(message_id, uuid4(), values.pop("recorded_at", RECORDED), f"{message_id}.wav", filed),
        )
        assert all(column.isidentifier() for column in values)
        changes = ", ".join(f"{column} = ${number}" for number, column in enumerate(values, start=2))
        await connection.execute(f"update messages set {changes} where id = $1", message_id, *values.values())
        if filed:
            await connection.execute(
                "insert into message_audio (message_id, part, content, sha256, seconds)"
                " values ($1, 'body', $2, $3, 65)",
                *(message_id, SOUND, hashlib.sha256(SOUND).hexdigest()),
            )
        for kind in kinds:
            await notice(connection, message_id, kind, "saved")
    return message_id


async def notice(
    connection: asyncpg.Connection[asyncpg.Record], message_id: UUID | None, kind: str, what: str, **payload: Any
) -> None:
    """Something to send."""
    await connection.execute(
        "insert into outbox (message_id, kind, idempotency_key, payload) values ($1, $2, $3, $4)",
        *(message_id, kind, f"message:{message_id}:{what}:{kind}", orjson.dumps({"what": what, **payload}).decode()),
    )


async def outbox(dsn: str) -> list[dict[str, Any]]:
    """Its rows that have a receiver, in their order; what became of each."""
    async with connected(dsn) as connection:
        rows = await connection.fetch(
            "select payload ->> 'receiver' as receiver, outcome, attempts, error, next_at, done_at from outbox"
            " where payload ? 'receiver' order by id"
        )
    return [dict(row) for row in rows]


async def history(dsn: str, message_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """What was done with a message: (what, detail)."""
    async with connected(dsn) as connection:
        rows = await connection.fetch(
            "select what, detail from message_events where message_id = $1 order by at", message_id
        )
    return [(row["what"], orjson.loads(row["detail"])) for row in rows]
