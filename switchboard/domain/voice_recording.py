"""What a caller said into a recording: how long, how loud, and what ended it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

SILENT = -100.0  # dBFS, the lowest level we tell: digital silence
VOICE = -45.0  # dBFS; speech on a telephone line is louder, its noise is not


class RecordingEnd(StrEnum):
    """What ended a recording."""

    SILENCE = "silence"  # nothing was said any more, or at all
    KEY = "key"  # one that ends it was pressed; it is used up
    LENGTH = "length"  # as long as allowed
    HANGUP = "hangup"  # the caller hung up; what was said is kept


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that is on disk."""

    duration: timedelta  # with the silence at its end
    level: float  # dBFS: the root mean square of its loudest half second; SILENT at least
    ended_by: RecordingEnd

    @property
    def has_voice(self) -> bool:
        """Somebody said something, as far as loudness tells."""
        return self.level > VOICE
