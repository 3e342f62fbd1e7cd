"""A call's position in its flow, as the text of a channel variable."""

from __future__ import annotations

import json

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
        flow, version, step, attempt, language, variables, returns = json.loads(text)
        return Position(flow, version, step, attempt, Language(language), variables, tuple((f, s) for f, s in returns))
    except (TypeError, ValueError):
        return None
