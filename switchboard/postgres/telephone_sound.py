"""Sound as it is stored: in half the space where that loses nothing.

What comes over a telephone line is G.711 most of the time: 8 bits a sample, which Asterisk makes 16 of. Where every
sample is one that A-law (or µ-law) has, those 8 bits are all there is to keep, and any player reads them in a WAV file.
Otherwise the 16 bits are kept.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING

from switchboard.postgres.recording import Sound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

A_LAW, MU_LAW = 6, 7  # format tags of WAV
_HEADER = struct.Struct("<4sI4s4sIHHIIHHH4sII4sI")


def stored(sound: Sound) -> bytes:
    """As a WAV file, as small as it gets without losing anything."""
    import numpy as np

    samples = np.frombuffer(sound.samples, "<i2")
    for law in (A_LAW, MU_LAW):
        codes = _codes(law)[samples.astype(np.int32) + 32768]
        if not (codes < 0).any():
            return _header(law, sound.rate, len(samples)) + codes.astype(np.uint8).tobytes()
    return sound.as_wav()


def plain(content: bytes) -> bytes:
    """A stored WAV file as every player and Asterisk read it: 16 bits a sample."""
    import numpy as np

    law = int.from_bytes(content[20:22], "little")
    if law not in (A_LAW, MU_LAW):
        return content
    rate = int.from_bytes(content[24:28], "little")
    codes = np.frombuffer(content[_HEADER.size :], np.uint8)
    return Sound(rate, _values(law)[codes].astype("<i2").tobytes()).as_wav()


def _header(law: int, rate: int, length: int) -> bytes:
    size = _HEADER.size - 8 + length
    about = (16 + 2, law, 1, rate, rate, 1, 8, 0)
    return _HEADER.pack(b"RIFF", size, b"WAVE", b"fmt ", *about, b"fact", 4, length, b"data", length)


@cache
def _codes(law: int) -> NDArray[np.int16]:
    """By a sample plus 32768: its code, -1 where it has none."""
    import numpy as np

    codes = np.full(65536, -1, np.int16)
    codes[_values(law).astype(np.int32) + 32768] = np.arange(256)
    return codes


@cache
def _values(law: int) -> NDArray[np.int16]:
    """What each code means (ITU-T G.711)."""
    import numpy as np

    return np.array([_a_law(code) if law == A_LAW else _mu_law(code) for code in range(256)], np.int16)


def _a_law(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    value = (mantissa << 4) + 8
    if exponent:
        value = (value + 0x100) << (exponent - 1)
    return value if code & 0x80 else -value


def _mu_law(code: int) -> int:
    code = ~code & 0xFF
    value = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return -value if code & 0x80 else value
