"""What was said, written down by a machine, and how long that may take."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 20_000  # characters
LEAST_TIME, TIMES_ITS_LENGTH = 60.0, 4.0  # seconds
MAIL_WAITS = 45.0  # seconds, for a transcript: then it goes without


@dataclass(frozen=True, slots=True)
class Transcript:
    """A machine's; it errs."""

    text: str
    confidence: float  # 0 to 1: the recogniser's own


def time_for(seconds: float) -> float:
    """How long writing down a recording of so many seconds may take, in seconds."""
    return LEAST_TIME + TIMES_ITS_LENGTH * seconds
