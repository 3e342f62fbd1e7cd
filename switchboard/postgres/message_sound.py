"""Messages' sounds as files that Asterisk plays: 16 bit WAV."""

from __future__ import annotations

import io
import os
import struct
import wave
from pathlib import Path

import numpy as np

_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHI")
_PCM, A_LAW, MU_LAW = 1, 6, 7  # of WAV files


def playable(content: bytes) -> bytes:
    """A WAV file of 16 bits, of one that may be G.711. Raises ValueError for what is no WAV file of these."""
    tag, rate, sound = _parts(content)
    if tag == _PCM:
        return content
    if tag not in (A_LAW, MU_LAW):
        raise ValueError(f"a WAV file of format {tag}")
    table = A_LAW_VALUES if tag == A_LAW else MU_LAW_VALUES
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(table[np.frombuffer(sound, np.uint8)].tobytes())
    return made.getvalue()


def length_of(content: bytes) -> float:
    """Seconds of a 16 bit WAV file. Raises ValueError for what is none."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            return float(file.getnframes() / file.getframerate())
    except (EOFError, wave.Error) as error:
        raise ValueError(f"no WAV file: {error}") from error


def put(content: bytes, path: Path) -> None:
    """Write the file, whole or not at all; whoever plays the one before goes on with that."""
    path.parent.mkdir(mode=0o755, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.chmod(0o644)
    beside.replace(path)


def _parts(content: bytes) -> tuple[int, int, bytes]:
    """Format, samples a second, and the sound."""
    tag = rate = 0
    position = 12
    while content[:4] == b"RIFF" and position + _CHUNK.size <= len(content):
        name, length = _CHUNK.unpack_from(content, position)
        body = position + _CHUNK.size
        if name == b"fmt " and body + _FORMAT.size <= len(content):
            tag, _, rate = _FORMAT.unpack_from(content, body)
        elif name == b"data" and tag:
            return tag, rate, content[body : body + length]
        position = body + length + length % 2
    raise ValueError("no WAV file")


def _mu_law(code: int) -> int:
    """The sample of a code (ITU-T G.711)."""
    code = ~code & 0xFF
    size = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return -size if code & 0x80 else size


def _a_law(code: int) -> int:
    """The sample of a code (ITU-T G.711)."""
    code ^= 0x55
    segment = (code & 0x70) >> 4
    size = ((code & 0x0F) << 4) + (0x108 if segment else 0x08)
    size <<= max(0, segment - 1)
    return size if code & 0x80 else -size


MU_LAW_VALUES = np.array([_mu_law(code) for code in range(256)], "<i2")
A_LAW_VALUES = np.array([_a_law(code) for code in range(256)], "<i2")
