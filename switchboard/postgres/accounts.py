"""Accounts of the console. A change and its line in the audit log are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from switchboard.domain.account import Account, Role
from switchboard.domain.audit import Change
from switchboard.postgres.connections import Connections
from switchboard.postgres.queries import queries
from switchboard.postgres.rows import plain_uuid


class PostgresAccounts:
    """Implements console.site_office.Accounts. Raises RecordsUnreachable where Postgres does not answer in time."""

    def __init__(self, dsn: Callable[[], str]) -> None:
        self._connections = Connections(dsn, "accounts")
        self._sql = queries("accounts")

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()

    async def accounts(self) -> Sequence[Account]:
        """Every account, by name."""
        return [_account(row) for row in await self._fetch("accounts")]

    async def account(self, identifier: UUID) -> Account | None:
        """The account of an id."""
        rows = await self._fetch("account", identifier)
        return _account(rows[0]) if rows else None

    async def named(self, name: str) -> tuple[Account, str] | None:
        """The account of a name, and its password's hash."""
        rows = await self._fetch("account_named", name)
        return (_account(rows[0]), rows[0]["password_hash"]) if rows else None

    async def add(
        self, identifier: UUID, name: str, role: Role, password_hash: str, change: Change, *, first: bool = False
    ) -> bool:
        """Make one with a one-time password. False if there is one of that name, or, for the `first`, any at all."""
        query = "add_first_account" if first else "add_account"
        return await self._changed(change, query, identifier, name, password_hash, role.value, change.who)

    async def set_password(
        self, identifier: UUID, password_hash: str, at: datetime, change: Change, *, must_change: bool
    ) -> bool:
        """Another password: sessions that began before `at` are over. False if there is no such account."""
        return await self._changed(change, "set_password", identifier, password_hash, must_change, at)

    async def set_role(self, identifier: UUID, role: Role, change: Change) -> bool:
        """Another role. False if there is no such account, or it is the last that can manage accounts."""
        keeps = role is Role.ADMINISTRATOR
        return await self._changed(change, "set_role", identifier, role.value, keeps_one=None if keeps else identifier)

    async def set_disabled(self, identifier: UUID, change: Change, *, disabled: bool) -> bool:
        """Let it sign in no more, or again. False as `set_role`."""
        keeps_one = identifier if disabled else None
        return await self._changed(change, "set_disabled", identifier, disabled, keeps_one=keeps_one)

    async def note(self, change: Change) -> None:
        """A line of the audit log alone: somebody signed in."""
        async with self._connections.transaction() as connection:
            await self._note(connection, change)

    async def audit_log(self, before: int | None, limit: int) -> Sequence[Mapping[str, Any]]:
        """Its newest lines before a line's id."""
        rows = await self._fetch("audit_log", before, limit)
        return [{**row, "detail": orjson.loads(row["detail"])} for row in rows]

    async def _changed(self, change: Change, query: str, *values: object, keeps_one: UUID | None = None) -> bool:
        """`keeps_one`: nothing is done if no other account than this could manage accounts."""
        async with self._connections.transaction() as connection:
            if keeps_one is not None:
                await connection.execute(self._sql["lock_accounts"])
                if not await connection.fetchval(self._sql["other_administrators"], keeps_one):
                    return False
            done = bool(await connection.fetch(self._sql[query], *values))
            if done:
                await self._note(connection, change)
        return done

    async def _note(self, connection: asyncpg.Connection[asyncpg.Record], change: Change) -> None:
        detail = orjson.dumps(dict(change.detail)).decode()
        values = change.who, change.address, change.what, change.subject, detail
        await connection.execute(self._sql["note_change"], *values)

    async def _fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        async with self._connections.transaction() as connection:
            return await connection.fetch(self._sql[query], *values)


def _account(row: asyncpg.Record) -> Account:
    identifier = plain_uuid(row["id"])
    role, since = Role(row["role"]), row["sessions_since"]
    return Account(identifier, row["name"], role, row["must_change"], since, row["is_disabled"])
