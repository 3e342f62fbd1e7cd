"""A quiet music on hold of our own: no licence to ask for, nothing to download.

A slow sequence of soft chords, made from sines; replace it by the organisation's own (asterisk-config/README.md).
"""

from __future__ import annotations

import io
import math
import wave
from array import array

RATE = 8000  # Hz
_LEVEL = 0.09  # peak of one voice: speech stays louder than the music
_CHORD_SECONDS = 4.0
_RISE, _FALL = 0.15, 1.2  # seconds of a note's beginning and end
# C, A minor, F, G; close voices around middle C, within what a telephone carries
_CHORDS = ((261.63, 329.63, 392.0), (261.63, 329.63, 440.0), (261.63, 349.23, 440.0), (246.94, 293.66, 392.0))


def music_class(folder: str) -> str:
    """What Asterisk calls the music of a folder of the organisation's. One it does not know plays the usual."""
    return f"music_{folder}"


def make_wav() -> bytes:
    """16 seconds that end as they begin, as an 8 kHz mono 16 bit WAV file."""
    samples = array("h")
    size = int(RATE * _CHORD_SECONDS)
    for chord in _CHORDS:
        notes = [(frequency, index * 0.35) for index, frequency in enumerate(chord)]  # broken, not struck
        for position in range(size):
            at = position / RATE
            value = sum(_note(frequency, at - begin, _CHORD_SECONDS - begin) for frequency, begin in notes)
            samples.append(round(32767 * _LEVEL * value))
    output = io.BytesIO()
    with wave.open(output, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return output.getvalue()


def _note(frequency: float, at: float, length: float) -> float:
    if at < 0:
        return 0.0
    envelope = min(1.0, at / _RISE) * min(1.0, max(0.0, length - at) / _FALL)
    return envelope * math.sin(2 * math.pi * frequency * at)
