"""Sound as it is stored: in half the space.

What comes over a telephone line is G.711 most of the time: 8 bits a sample, which Asterisk makes 16 of. Where every
sample is one that A-law (or µ-law) has, those 8 bits are all there is to keep, and any player reads them in a WAV file.
What came finer, from a wideband phone, becomes A-law where the original is kept beside it; else its 16 bits are kept.
"""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
from numpy.typing import NDArray

from switchboard.postgres.message_sound import A_LAW, A_LAW_VALUES, MU_LAW, MU_LAW_VALUES
from switchboard.postgres.recording import Sound

_VALUES = {A_LAW: A_LAW_VALUES, MU_LAW: MU_LAW_VALUES}
_HEADER = struct.Struct("<4sI4s4sIHHIIHHH4sII4sI")


def stored(sound: Sound, *, has_original: bool = False) -> bytes:
    """As a WAV file, as small as it gets without losing anything; with `has_original`, as a telephone line has it."""
    samples = np.frombuffer(sound.samples, "<i2")
    for law in (A_LAW, MU_LAW):
        codes = _codes(law)[samples.astype(np.int32) + 32768]
        if not (codes < 0).any():
            return _header(law, sound.rate, len(samples)) + codes.astype(np.uint8).tobytes()
    if has_original:
        return _header(A_LAW, sound.rate, len(samples)) + _nearest()[samples.astype(np.int32) + 32768].tobytes()
    return sound.as_wav()


def _header(law: int, rate: int, length: int) -> bytes:
    size = _HEADER.size - 8 + length
    about = (16 + 2, law, 1, rate, rate, 1, 8, 0)
    return _HEADER.pack(b"RIFF", size, b"WAVE", b"fmt ", *about, b"fact", 4, length, b"data", length)


@cache
def _codes(law: int) -> NDArray[np.int16]:
    """By a sample plus 32768: its code, -1 where it has none."""
    codes = np.full(65536, -1, np.int16)
    codes[_VALUES[law].astype(np.int32) + 32768] = np.arange(256)
    return codes


@cache
def _nearest() -> NDArray[np.uint8]:
    """By a sample plus 32768: the code of A-law that is nearest to it."""
    codes = np.argsort(A_LAW_VALUES)
    values = A_LAW_VALUES[codes].astype(np.int32)
    between = (values[:-1] + values[1:] + 1) // 2  # from here on the next one is as near
    return codes[np.searchsorted(between, np.arange(-32768, 32768), side="right")].astype(np.uint8)
