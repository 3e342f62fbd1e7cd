"""Numbers that people blocked or allowed: in Postgres for whoever changes it, in memory for calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from switchboard.domain.screening import Listed, NumberList
from switchboard.postgres.connected_queries import ConnectedQueries
from switchboard.postgres.mirror import Mirror
from switchboard.postgres.queries import queries

NOTIFICATION = "screening_list"
SNAPSHOT = "screening_list.snapshot"  # in the state folder
BLOCK, ALLOW = "block", "allow"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list."""

    pattern: str  # "+37255501234", "+372900*"
    kind: str  # BLOCK or ALLOW
    why: str
    who: str
    at: datetime
    call_id: UUID | None = None  # the call because of which


class MirroredLists:
    """Implements ports.ScreeningLists: in memory, as Postgres has them or had them last."""

    def __init__(self, dsn: str, state: Path) -> None:
        query = queries("blocklist")["entries"]
        self.mirror: Mirror[Entry] = Mirror(dsn, query, NOTIFICATION, state / SNAPSHOT, entry_of)
        self._seen: Sequence[Entry] | None = None
        self._allowed = self._blocked = NumberList()
        self._own: dict[str, str] = {}  # blocked here, and not seen in Postgres yet: number -> why

    def allowed(self, number: str) -> Listed | None:
        """See ports.ScreeningLists."""
        self._look()
        return self._allowed.find(number)

    def blocked(self, number: str) -> Listed | None:
        """See ports.ScreeningLists."""
        self._look()
        if number in self._own:
            return Listed(number, self._own[number])
        return self._blocked.find(number)

    def block(self, number: str, why: str) -> None:
        """See ports.ScreeningLists."""
        self._own[number] = why

    def _look(self) -> None:
        rows = self.mirror.rows
        if rows is self._seen:
            return
        self._seen = rows
        self._allowed = NumberList(Listed(row.pattern, row.why) for row in rows if row.kind == ALLOW)
        self._blocked = NumberList(Listed(row.pattern, row.why) for row in rows if row.kind == BLOCK)
        for row in rows:
            self._own.pop(row.pattern, None)


class PostgresLists(ConnectedQueries):
    """The table of blocked and allowed numbers."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, "blocklist", "the blocklist cannot be read or changed")

    async def entries(self) -> Sequence[Entry]:
        """Every line, the newest first."""
        return sorted(map(entry_of, map(dict, await self.fetch("entries"))), key=lambda each: each.at, reverse=True)

    async def put(self, entry: Entry) -> None:
        """Add a line, or say otherwise of a pattern that is there."""
        each = entry
        await self.fetch("put_entry", each.pattern, each.kind, each.why, each.who, each.at, each.call_id)

    async def remove(self, pattern: str) -> Entry | None:
        """Take a line away; the line, None if there was none."""
        rows = await self.fetch("remove_entry", pattern)
        return entry_of(dict(rows[0])) if rows else None


def entry_of(row: Mapping[str, Any]) -> Entry:
    """A row of the query `entries`, from Postgres or as JSON."""
    at, call_id = row["at"], row["call_id"]
    return Entry(
        row["pattern"],
        row["kind"],
        row["why"],
        row["who"],
        datetime.fromisoformat(at) if isinstance(at, str) else at,
        UUID(str(call_id)) if call_id else None,
    )
