"""The client list: in Postgres for whoever changes it, in memory for calls."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from switchboard.domain.clients import Client, Standing
from switchboard.domain.language import Language
from switchboard.postgres.connected_queries import ConnectedQueries
from switchboard.postgres.mirror import Mirror
from switchboard.postgres.queries import queries

NOTIFICATION = "clients"
SNAPSHOT = "clients.snapshot"  # in the state folder
LIST_DEADLINE = 60.0  # seconds, for a request about all clients


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


class PostgresClients(ConnectedQueries):
    """The list in Postgres."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, "clients", "clients cannot be read or changed")

    async def all(self) -> Sequence[Client]:
        """Every client, by code."""
        return [client_of(dict(row)) for row in await self.fetch("clients", deadline=LIST_DEADLINE)]

    async def find(self, number_or_code: str) -> Client | None:
        """The client with this number (E.164) or code."""
        rows = await self.fetch("client_of_number", number_or_code)
        return client_of(dict(rows[0])) if rows else None

    async def remove(self, code: str) -> bool:
        """Forget a client. False if there is none of this code."""
        return bool(await self.fetch("remove_client", code))

    async def take(
        self, clients: Sequence[Client], *, replace: bool = False, is_trial: bool = False
    ) -> Imported | Sequence[Taken]:
        """Take a list over: whole, or nothing of it where numbers are other clients' already.

        With `replace`, clients that the list does not name are forgotten. A trial changes nothing.
        """
        async with self.within(LIST_DEADLINE) as connection:
            sql = self._sql
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
