"""What the console reads and changes. A change, its line in the audit log and the answer kept for a repeated request
are one transaction: what was answered has happened, once, and is told of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from switchboard.domain.absence import NotedAbsence
from switchboard.domain.api_token import ApiToken, Scope
from switchboard.domain.audit import Change
from switchboard.domain.presence import Presence, presence_of
from switchboard.postgres.connections import Connections
from switchboard.postgres.presence import noted_absence_of
from switchboard.postgres.queries import queries
from switchboard.postgres.rows import plain_uuid


class PostgresConsole:
    """Implements console.office.Store. Raises RecordsUnreachable where Postgres does not answer within a deadline."""

    def __init__(self, dsn: Callable[[], str]) -> None:
        self._connections = Connections(dsn, "console")
        self._sql = queries("console")
        self._presence = queries("presence")

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()

    async def check(self) -> None:
        """Whether it would answer: raises RecordsUnreachable if not."""
        await self._fetch(self._sql["is_ready"])

    async def token(self, digest: bytes) -> ApiToken | None:
        """The token whose SHA-256 that is, in force or not."""
        rows = await self._fetch(self._sql["token_of"], digest)
        return _token(rows[0]) if rows else None

    async def tokens(self) -> Sequence[ApiToken]:
        """Every token there ever was, the newest first."""
        return [_token(row) for row in await self._fetch(self._sql["tokens"])]

    async def add_token(self, token: ApiToken, digest: bytes, change: Change) -> bool:
        """Keep it. False if one of that name is in force."""
        each = token
        values = each.id, each.name, digest, sorted(each.scopes), each.created_at, each.created_by, each.expires_at
        async with self._connections.transaction() as connection:
            added = await connection.fetch(self._sql["add_token"], *values)
            if added:
                await self._note(connection, change)
        return bool(added)

    async def revoke_token(self, name: str, change: Change) -> bool:
        """It allows nothing from now on. False if none of that name is in force."""
        async with self._connections.transaction() as connection:
            revoked = await connection.fetch(self._sql["revoke_token"], name)
            if revoked:
                await self._note(connection, change)
        return bool(revoked)

    async def presences(self) -> Sequence[Presence]:
        """What each person set last."""
        return [presence_of(dict(row)) for row in await self._fetch(self._presence["presence"])]

    async def absences(self) -> Sequence[NotedAbsence]:
        """Absences that are not over for long, the earliest first."""
        return [noted_absence_of(dict(row)) for row in await self._fetch(self._presence["absences"])]

    async def set_presence(self, presence: Presence, change: Change) -> Presence:
        """Keep it; as it counts now."""
        each = presence
        values = each.person, each.status.value, each.set_at, each.until, each.by
        async with self._connections.transaction() as connection:
            row = (await connection.fetch(self._sql["put_presence"], *values))[0]
            await self._note(connection, change)
        return presence_of(dict(row))

    async def add_absence(
        self, noted: NotedAbsence, change: Change, *, key: str, request: bytes, answer: Mapping[str, Any]
    ) -> tuple[bytes, Mapping[str, Any]] | None:
        """Note it, and keep the answer to that key ("": to none). If the token used the key before nothing is done:
        the request (its SHA-256) and the answer of then."""
        times = noted.absence.begins, noted.absence.ends
        async with self._connections.transaction() as connection:
            if key:
                await connection.execute(self._sql["forget_answers"])
                kept = change.token, key
                told = orjson.dumps(answer).decode()
                if not await connection.fetch(self._sql["keep_answer"], *kept, request, told):
                    row = (await connection.fetch(self._sql["answer_kept"], *kept))[0]
                    return bytes(row["request"]), orjson.loads(row["answer"])
            values = noted.id, noted.person, *times, noted.absence.because, noted.by
            await connection.execute(self._presence["add_absence"], *values)
            await self._note(connection, change)
        return None

    async def answer_of(self, token: UUID, key: str) -> tuple[bytes, Mapping[str, Any]] | None:
        """What was answered to a request with this key: the request (its SHA-256), and the answer."""
        rows = await self._fetch(self._sql["answer_kept"], token, key)
        return (bytes(rows[0]["request"]), orjson.loads(rows[0]["answer"])) if rows else None

    async def note(
        self, change: Change, *, key: str = "", request: bytes = b"", answer: Mapping[str, Any] | None = None
    ) -> None:
        """Note what was done elsewhere, and keep the answer to that key ("": to none)."""
        async with self._connections.transaction() as connection:
            if key:
                await connection.execute(self._sql["forget_answers"])
                told = orjson.dumps(answer).decode()
                if not await connection.fetch(self._sql["keep_answer"], change.token, key, request, told):
                    return  # the same request at the same time
            await self._note(connection, change)

    async def remove_absence(self, identifier: UUID, person: str, change: Change) -> bool:
        """Forget it. False if that person has none of that id."""
        async with self._connections.transaction() as connection:
            removed = await connection.fetch(self._sql["remove_absence_of"], identifier, person)
            if removed:
                await self._note(connection, change)
        return bool(removed)

    async def _note(self, connection: asyncpg.Connection[asyncpg.Record], change: Change) -> None:
        each, detail = change, orjson.dumps(dict(change.detail)).decode()
        values = each.who, each.token, each.address, each.what, each.subject, detail
        await connection.execute(self._sql["note_change"], *values)

    async def _fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        async with self._connections.transaction() as connection:
            return await connection.fetch(sql, *arguments)


def _token(row: asyncpg.Record) -> ApiToken:
    known = {scope.value: scope for scope in Scope}  # of a newer version there may be others, which allow nothing here
    times: tuple[datetime | None, ...] = row["expires_at"], row["revoked_at"], row["used_at"]
    scopes = frozenset(known[name] for name in row["scopes"] if name in known)
    return ApiToken(plain_uuid(row["id"]), row["name"], scopes, row["created_at"], row["created_by"], *times)
