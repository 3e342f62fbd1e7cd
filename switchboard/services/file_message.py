"""What was recorded becomes a message: once, whoever finds it, the call's own task or whoever clears up after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from switchboard.domain.message import MESSAGE_AT_LEAST, Part, part_of, recordings_of, takes_of
from switchboard.ports import KeptRecording, Messages

FORM = (Part.ABOUT, Part.WHO)  # what was said of these is the message where nothing else was


async def file_message(
    message_id: UUID,
    begun: Mapping[str, Any],
    messages: Messages,
    recorded_at: datetime,
    **said: Any,
) -> dict[str, Any] | None:
    """Keep what was said, and tell it as a MESSAGE event does; None where nothing was.

    `begun` is what MESSAGE_BEGUN carries, `said` what keys told (urgent, call_back). Raises MessageNotKept. It may be
    done twice: the second time it comes to the same.
    """
    body = await _kept(messages, message_id, takes_of(message_id))
    parts: list[dict[str, Any]] = []
    for part in FORM:
        if part.value not in begun.get("asked", ()):
            continue
        name = part_of(message_id, part)
        if body is None:
            body = await _kept(messages, message_id, [[name]])  # hung up before the rest
        elif (kept := await _kept(messages, name, [[name]])) is not None:
            parts.append({"part": part.value, "message_id": str(name), **_told(kept)})
    await messages.discard(recordings_of(message_id))
    if body is None:
        return None
    return {
        **begun,
        **said,
        **_told(body),
        "message_id": str(message_id),
        "file": f"{message_id}.wav",
        "level": body.level,
        "parts": parts[::-1],
        "recorded_at": recorded_at.isoformat(),
    }


async def _kept(messages: Messages, name: UUID, takes: Sequence[Sequence[UUID]]) -> KeptRecording | None:
    kept = await messages.keep(name, takes)
    return kept if kept is not None and kept.duration >= MESSAGE_AT_LEAST else None


def _told(kept: KeptRecording) -> dict[str, Any]:
    return {"seconds": round(kept.duration.total_seconds(), 3), "sha256": kept.sha256}
