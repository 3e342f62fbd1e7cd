"""The ledger and the archive in memory, for tests and simulation; tests/contract holds them to the real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from switchboard.domain.call_record import CallEvent, derive, in_order
from switchboard.domain.identity import CallId


class InMemoryLedger:
    """Implements ports.CallLedger; `events` is everything appended, in that order."""

    def __init__(self) -> None:
        self.events: list[CallEvent] = []

    def append(self, event: CallEvent) -> None:
        """Take the event."""
        self.events.append(event)

    async def durable(self) -> None:
        """Nothing to wait for."""

    def of(self, call_id: CallId) -> list[CallEvent]:
        """One call's events, oldest first, each once."""
        return in_order(event for event in self.events if event.call_id == call_id)


class InMemoryArchive:
    """Implements ports.CallArchive over an InMemoryLedger, as if it were drained at every moment."""

    def __init__(self, ledger: InMemoryLedger) -> None:
        self._ledger = ledger

    async def calls(self, *, since: datetime | None = None, limit: int = 50) -> Sequence[Mapping[str, Any]]:
        """The newest calls' rows, newest first."""
        rows = [derive(self._ledger.of(call_id)) for call_id in {event.call_id for event in self._ledger.events}]
        chosen = [row for row in rows if since is None or row.started_at >= since]
        chosen.sort(key=lambda row: (row.started_at, row.id), reverse=True)
        return [row.columns() for row in chosen[:limit]]

    async def story(self, call_id: CallId) -> Sequence[CallEvent]:
        """All events of one call, oldest first; empty if unknown."""
        return self._ledger.of(call_id)
