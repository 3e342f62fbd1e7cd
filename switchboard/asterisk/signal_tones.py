"""Short tones that answer a desk phone's in-call codes: understood in any language, and never missing.

ETSI's special dial tone for "dial now", and rising or falling pairs for what came of it.
"""

from __future__ import annotations

import io
import math
import wave
from array import array
from collections.abc import Mapping, Sequence

RATE = 8000  # Hz
_LEVEL = 0.15  # peak
_EDGE = 0.005  # seconds of rise and fall, so that nothing clicks

Tone = tuple[float, float]  # Hz (0: silence), seconds

TONES: Mapping[str, Sequence[Tone]] = {
    "dial": ((425.0, 0.6),),
    "again": ((425.0, 0.15), (0.0, 0.1), (425.0, 0.15), (0.0, 0.1), (425.0, 0.3)),
    "no": ((620.0, 0.2), (480.0, 0.3)),
    "recording": ((880.0, 0.15), (0.0, 0.25)),  # once: paused; twice: goes on
    "done": ((480.0, 0.1), (620.0, 0.15)),
}


def make_wavs() -> dict[str, bytes]:
    """8 kHz mono 16 bit WAV files by name."""
    return {f"{name}.wav": _wav(tones) for name, tones in TONES.items()}


def _wav(tones: Sequence[Tone]) -> bytes:
    samples = array("h")
    for frequency, seconds in tones:
        for position in range(int(RATE * seconds)):
            at = position / RATE
            edge = min(1.0, at / _EDGE, (seconds - at) / _EDGE)
            samples.append(round(32767 * _LEVEL * edge * math.sin(2 * math.pi * frequency * at)))
    output = io.BytesIO()
    with wave.open(output, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return output.getvalue()
