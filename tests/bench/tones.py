"""The prompts of the bench: tones told apart by pitch in every packet."""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path

RATE = 8000  # Hz
GREETING = (400, 1.0)  # Hz, seconds
PROMPT = (1000, 0.5)
_LOUDNESS = 8000  # of 32767


def write_tone(path: Path, hertz: float, seconds: float, *, rate: int = RATE) -> None:
    """A WAV file of a tone, mono, 16 bit. It begins off zero, so that its first packet changes sign like the others."""
    samples = (
        round(_LOUDNESS * math.sin(2 * math.pi * hertz * (index + 0.5) / rate))
        for index in range(round(rate * seconds))
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
