"""A caller whom the person at a desk phone passes on: how a talk ends, how the caller comes back."""

from __future__ import annotations

from enum import StrEnum


class TalkEnd(StrEnum):
    """How a talk ended, while the caller is still there."""

    CALLEE_LEFT = "callee_left"  # the caller is with us
    PASSED_ON = "passed_on"  # the callee transferred the caller to somebody else, or parked the call


class Return(StrEnum):
    """How a caller who was passed on came back to us."""

    TALKED = "talked"  # talked to somebody, who has left
    UNANSWERED = "unanswered"  # nobody answered: not the one meant, nor who passed the caller on, nor reception
