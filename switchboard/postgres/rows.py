"""Rows of Postgres as values of the domain."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import orjson
import structlog

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import CallId, EventId

log = structlog.get_logger(__name__)

_KINDS = {str(kind): kind for kind in EventKind}


def event_of(record: asyncpg.Record) -> CallEvent | None:
    """The event of a row of call_events; None when a newer version wrote it and this one does not know its kind.

    Its ids are asyncpg's kind of UUID.
    """
    kind = _KINDS.get(record["kind"])
    if kind is None:
        log.warning("event_of_unknown_kind", kind=record["kind"])
        return None
    return CallEvent(
        CallId(record["call_id"]),
        EventId(record["event_id"]),
        record["at"],
        kind,
        orjson.loads(record["data"]),
    )


def plain_uuid(value: UUID) -> UUID:
    """asyncpg's own kind of UUID as the standard library's, which orjson knows."""
    return UUID(int=value.int)
