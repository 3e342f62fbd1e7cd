"""How long and how loud a recording of Asterisk is."""

from __future__ import annotations

import math
import wave
from datetime import timedelta
from pathlib import Path

import numpy as np

from switchboard.domain.voice_recording import SILENT
from switchboard.errors import AsteriskError

WINDOW = 0.5  # seconds over which loudness is averaged: a word
_FULL_SCALE = 32768


def measure(recording: Path) -> tuple[timedelta, float]:
    """Duration, and the level of the loudest half second in dBFS. Raises AsteriskError if there is no such sound."""
    try:
        with wave.open(str(recording)) as audio:
            rate = audio.getframerate()
            samples = np.frombuffer(audio.readframes(audio.getnframes()), "<i2").astype(np.float32)
    except (OSError, EOFError, ValueError, wave.Error) as error:
        raise AsteriskError(f"recording {recording.name} cannot be read: {error}") from error
    window = max(1, int(rate * WINDOW))
    loudest = max(
        (float(np.mean(samples[at : at + window] ** 2)) for at in range(0, len(samples), window)), default=0.0
    )
    level = 10 * math.log10(loudest) - 20 * math.log10(_FULL_SCALE) if loudest else SILENT
    return timedelta(seconds=len(samples) / rate), max(SILENT, round(level, 1))
