"""The client list: in Postgres for whoever changes it, in memory for calls."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncpg

from switchboard.domain.clients import Client, Standing
from switchboard.domain.language import Language
from switchboard.errors import RecordsUnreachable
from switchboard.postgres.mirror import Mirror
from switchboard.postgres.queries import queries

NOTIFICATION = "clients"
SNAPSHOT = "clients.snapshot"  # in the state folder
DEADLINE = 5.0  # seconds, for connecting and for a request about one client
LIST_DEADLINE = 60.0  # seconds, for one about all of them


class MirroredClients:
    """Implements ports.ClientDirectory: the list in memory, as Postgres has it or had it last."""

    def __init__(self, dsn: str, state: Path) -> None:
        self.mirror: Mirror[Client] = Mirror(
            dsn,
            queries("clients")["clients"],
            NOTIFICATION,
            state / SNAPSHOT,
            client_of,
            keys=lambda client: client.numbers,
        )

    def of(self, number: str) -> Client | None:
        """Whose number (E.164) it is."""
        return self.mirror.by_key.get(number)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a list changed, or would."""

    added: int
    changed: int
    unchanged: int
    removed: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A number of a list that is another client's."""

    number: str
    code: str
    name: str


class PostgresClients:
    """One connection, `async with`. Every request has a deadline; RecordsUnreachable says that Postgres did not answer
    within it."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._sql = queries("clients")
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def __aenter__(self) -> Self:
        async with _deadline(DEADLINE):
            self._connection = await asyncpg.connect(
                self._dsn, timeout=DEADLINE, server_settings={"application_name": "switchboard clients"}
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def all(self) -> Sequence[Client]:
        """Every client, by code."""
        async with _deadline(LIST_DEADLINE):
            return [client_of(dict(row)) for row in await self._connected().fetch(self._sql["clients"])]

    async def find(self, number_or_code: str) -> Client | None:
        """The client with this number (E.164) or code."""
        async with _deadline(DEADLINE):
            row = await self._connected().fetchrow(self._sql["client_of_number"], number_or_code)
        return client_of(dict(row)) if row else None

    async def remove(self, code: str) -> bool:
        """Forget a client. False if there is none of this code."""
        async with _deadline(DEADLINE):
            return bool(await self._connected().fetch(self._sql["remove_client"], code))

    async def take(
        self, clients: Sequence[Client], *, replace: bool = False, is_trial: bool = False
    ) -> Imported | Sequence[Taken]:
        """Take a list over: whole, or nothing of it where numbers are other clients' already.

        With `replace`, clients that the list does not name are forgotten. A trial changes nothing.
        """
        async with _deadline(LIST_DEADLINE):
            connection, sql = self._connected(), self._sql
            transaction = connection.transaction()
            await transaction.start()
            keeps = False
            try:
                await connection.execute(sql["lock_clients"])
                await connection.execute(sql["make_coming"])
                await connection.copy_records_to_table("coming", records=_records(clients))
                await connection.execute("analyze coming")
                if taken := await connection.fetch(sql["taken_numbers"], replace):
                    return [Taken(*row.values()) for row in taken]
                known = await connection.fetchval(sql["count_known"])
                unchanged = await connection.fetchval(sql["count_unchanged"])
                removed = await connection.fetchval(sql["remove_others"]) if replace else 0
                await connection.execute(sql["drop_numbers"])
                await connection.execute(sql["take_clients"])
                await connection.execute(sql["take_numbers"])
                keeps = not is_trial
                return Imported(len(clients) - known, known - unchanged, unchanged, removed)
            finally:
                await (transaction.commit() if keeps else transaction.rollback())

    def _connected(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._connection is None:
            raise RecordsUnreachable("clients are asked for before Postgres was connected to")
        return self._connection


@asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise RecordsUnreachable(f"clients cannot be read or changed: {error or type(error).__name__}") from error


def client_of(row: Mapping[str, Any]) -> Client:
    """A row of the query `clients`, from Postgres or as JSON. Words that many share are kept once."""
    since = row["since"]
    return Client(
        code=row["code"],
        name=row["name"],
        numbers=tuple(row["numbers"] or ()),
        client_class=sys.intern(row["class"]),
        manager=sys.intern(row["manager"] or ""),
        language=Language(sys.intern(row["language"])) if row["language"] else None,
        vip=bool(row["vip"]),
        note=row["note"],
        standing=Standing(row["standing"]),
        owed=Decimal(row["owed"]) if row["owed"] is not None else None,
        since=date.fromisoformat(since) if isinstance(since, str) else since,
    )


def _records(clients: Sequence[Client]) -> list[tuple[Any, ...]]:
    return [
        (
            line,
            each.code,
            each.name,
            each.client_class,
            each.manager or None,
            each.language,
            each.vip,
            each.note,
            each.standing.value,
            each.owed,
            each.since,
            list(each.numbers),
        )
        for line, each in enumerate(clients)
    ]
