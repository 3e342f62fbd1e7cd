"""A call's position in its flow, as the text of a channel variable."""

from __future__ import annotations

import json
from datetime import datetime

import structlog

from switchboard.domain.language import Language
from switchboard.ports import Position

POSITION_VARIABLE = "SWITCHBOARD_POSITION"
LONGEST = 900  # bytes that fit in one line of an AMI action

log = structlog.get_logger()


def pack(position: Position) -> str:
    """The position as one line of ASCII JSON (AMI declares no encoding), at most LONGEST bytes.

    Variables are left out of a longer one.
    """
    fields = [
        position.flow,
        position.version,
        position.step,
        position.attempt,
        position.language,
        dict(position.variables),
        [list(place) for place in position.returns],
        [position.waiting[0], position.waiting[1].isoformat()] if position.waiting else None,
    ]
    text = json.dumps(fields, separators=(",", ":"))
    if len(text) > LONGEST:
        log.warning("position_too_long", flow=position.flow, step=position.step, bytes=len(text))
        fields[5] = {}
        text = json.dumps(fields, separators=(",", ":"))
    return text


def unpack(text: str) -> Position | None:
    """What `pack` wrote; None where it is empty, cut or not ours."""
    try:
        # One written before queues were there has no place in one.
        flow, version, step, attempt, language, variables, returns, *more = json.loads(text)
        came_through = tuple((f, s) for f, s in returns)
        waiting = (str(more[0][0]), datetime.fromisoformat(more[0][1])) if more and more[0] else None
        return Position(flow, version, step, attempt, Language(language), variables, came_through, waiting)
    except (TypeError, ValueError, LookupError):
        return None
