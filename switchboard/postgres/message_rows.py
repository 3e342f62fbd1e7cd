"""The row of `messages` that an event of the ledger tells of. A ledger can hold anything: what Postgres would refuse is
left out, never the message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.message import CallBack, MessageKind, Part

LONGEST_TEXT = 200
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")

log = structlog.get_logger(__name__)


def message_row(event: CallEvent) -> dict[str, Any] | None:
    """What a MESSAGE event says, by the columns' names; None of another event, or of one that names no message."""
    if event.kind is not EventKind.MESSAGE:
        return None
    data = event.data
    try:
        message_id = UUID(str(data.get("message_id")))
    except ValueError:
        log.error("message_without_id", event_id=str(event.event_id))
        return None
    person = _fitting(_WORD, data.get("person"))
    level = data.get("level")
    return {
        "id": message_id,
        "call_id": event.call_id,
        "recorded_at": _instant(data.get("recorded_at")) or event.at,
        "seconds": _seconds(data.get("seconds")),
        "file": _text(data.get("file")) or f"{message_id}.wav",
        "sha256": _fitting(_SHA256, data.get("sha256")),
        "kind": _one_of(MessageKind, data.get("message_kind")) or MessageKind.SAFETY_NET.value,
        "person": person,
        "department": None if person else _fitting(_WORD, data.get("department")),
        "language": _text(data.get("language")),
        "urgent": data.get("urgent") is True,
        "level": level if isinstance(level, int | float) and -1000 < level < 1000 else None,
        "call_back": _one_of(CallBack, data.get("call_back")) or "",
        "parts": _parts(data.get("parts")),
        "deadline": _instant(data.get("deadline")),
    }


def _parts(told: object) -> list[dict[str, Any]]:
    parts = []
    for each in told if isinstance(told, list) else ():
        part = _one_of(Part, each.get("part")) if isinstance(each, Mapping) else None
        if part is None:
            continue
        try:
            recording = str(UUID(str(each.get("message_id"))))
        except ValueError:
            continue
        sha256 = _fitting(_SHA256, each.get("sha256"))
        parts.append(
            {"part": part, "message_id": recording, "seconds": _seconds(each.get("seconds")), "sha256": sha256}
        )
    return parts


def _instant(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo else None


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e6 else 0.0


def _text(value: object) -> str | None:
    return value[:LONGEST_TEXT] if isinstance(value, str) and value else None


def _fitting(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= LONGEST_TEXT and pattern.fullmatch(value) else None


def _one_of(words: Any, value: object) -> str | None:
    return value if isinstance(value, str) and value in set(words) else None
