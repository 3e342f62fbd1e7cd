"""What happened on a scripted call, line by line, as it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from switchboard.domain.dialling import DialOutcome, Phone, WhileRinging
from switchboard.ports import Utterance


class Happening(StrEnum):
    """What a line tells of."""

    ANSWERS = "answers"  # the switchboard, the caller
    SAYS = "says"  # the switchboard begins to say an utterance
    STOPPED = "stopped"  # by the caller's key, the utterance
    PRESSES = "presses"  # the caller, keys
    MUSIC = "music"  # the caller hears, from now on
    SILENCE = "silence"  # a question went by unanswered
    RECORDS = "records"  # the switchboard begins to
    SPEAKS = "speaks"  # the caller, into the recording
    RECORDED = "recorded"  # it is over
    PLAYS = "plays"  # the switchboard, what was recorded
    RINGS = "rings"  # phones begin to ring
    ASKS = "asks"  # what who picks up is told, and asked
    PICKS_UP = "picks up"  # one of them
    NOT_REACHED = "not reached"  # a phone, with its outcome
    TALK = "talk"  # caller and callee begin to
    IS_RECORDED = "is recorded"  # what they say
    LEAVES = "leaves"  # the callee hangs up
    CALLER_HANGS_UP = "caller hangs up"
    DIALS_ON = "dials on"  # the caller's desk phone: the call goes on without the switchboard
    HANGS_UP = "hangs up"  # the switchboard


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened, at its instant (UTC)."""

    at: datetime
    what: Happening
    text: str  # as the transcripts of tests have it
    utterance: Utterance | None = None
    keys: str = ""
    phones: tuple[Phone, ...] = ()
    hearing: WhileRinging | None = None  # while it rings
    outcome: DialOutcome | None = None
    lasts: timedelta | None = None  # how long a silence, or a phone's ringing, lasted until then


Listener = Callable[[Line], None]
