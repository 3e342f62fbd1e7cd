"""How long and how loud a recording of Asterisk is."""

from __future__ import annotations

import wave
from datetime import timedelta
from pathlib import Path

from switchboard.domain.voice_recording import level_of
from switchboard.errors import AsteriskError

_SAMPLE_BYTES = 2


def measure(recording: Path) -> tuple[timedelta, float]:
    """Duration, and the level of the loudest half second in dBFS. Raises AsteriskError if there is no such sound."""
    try:
        with wave.open(str(recording)) as audio:
            rate = audio.getframerate()
            samples = audio.readframes(audio.getnframes())
            level = level_of(samples, rate)
    except (OSError, EOFError, ValueError, wave.Error) as error:
        raise AsteriskError(f"recording {recording.name} cannot be read: {error}") from error
    return timedelta(seconds=len(samples) / _SAMPLE_BYTES / rate), level
