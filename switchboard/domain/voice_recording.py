"""What a caller said into a recording: how long, how loud, and what ended it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

SILENT = -100.0  # dBFS, the lowest level we tell: digital silence
WINDOW = 0.5  # seconds, of whose loudness the loudest tells how loud a recording is
VOICE = -45.0  # dBFS; speech on a telephone line is louder, its noise is not
_FULL_SCALE = 32768


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
    key: str = ""  # that ended it

    @property
    def has_voice(self) -> bool:
        """Somebody said something, as far as loudness tells."""
        return self.level > VOICE


def level_of(samples: bytes, rate: int) -> float:
    """How loud the loudest half second of 16-bit samples is, in dBFS; SILENT at least."""
    import numpy as np

    values = np.frombuffer(samples, "<i2").astype(np.float32)
    window = max(1, int(rate * WINDOW))
    powers = (float(np.mean(values[at : at + window] ** 2)) for at in range(0, len(values), window))
    loudest = max(powers, default=0.0)
    level = 10 * math.log10(loudest) - 20 * math.log10(_FULL_SCALE) if loudest else SILENT
    return max(SILENT, round(level, 1))
