"""WAV files: whatever a recording program wrote, read; 16-bit mono, written.

Python's `wave` (3.11) refuses what studios write: 24 bits in the extensible form, and floating point. The format:
Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" and its WAVE_FORMAT_EXTENSIBLE.
"""

from __future__ import annotations

import os
import struct
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from switchboard.speech.sound import NotSound, Samples, Sound

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
LONGEST = 15 * 60  # s: a longer recording is surely not a prompt
LARGEST = 500_000_000  # bytes: LONGEST in stereo, 32 bits, 48 kHz, and more


def read_wav(path: Path) -> Sound:
    """Any uncompressed WAV (8 to 32 bits or floating point, any rate, any channels, mixed to one). Raises NotSound."""
    try:
        if path.stat().st_size > LARGEST:
            raise NotSound("too large for a prompt")
        content = path.read_bytes()
    except OSError as error:
        raise NotSound(f"cannot be read: {error.strerror}") from error
    kind, channels, rate, width, data = _parts(content)
    if not 4000 <= rate <= 384_000 or not 1 <= channels <= 32:
        raise NotSound(f"odd form: {rate} Hz, {channels} channels")
    if len(data) > LONGEST * rate * channels * width:
        raise NotSound(f"longer than {LONGEST // 60} minutes")
    samples = _samples(data[: len(data) // (width * channels) * width * channels], kind, width)
    return Sound(samples.reshape(-1, channels).mean(axis=1), rate)


def _parts(content: bytes) -> tuple[int, int, int, int, bytes]:
    """Format, channels, rate, bytes a sample, and the samples' bytes."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise NotSound("not a WAV file")
    form: tuple[int, int, int, int] | None = None
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        body = content[at + 8 : at + 8 + size]  # shorter where the header lies, as in a file cut by a crash
        if name == b"fmt " and len(body) >= 16:
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            if kind == EXTENSIBLE and len(body) >= 26:
                (kind,) = struct.unpack_from("<H", body, 24)
            form = kind, channels, rate, (bits + 7) // 8
        if name == b"data" and form:
            return *form, body
        at += 8 + size + size % 2
    raise NotSound("a WAV file without sound in it")


def _samples(data: bytes, kind: int, width: int) -> Samples:
    if kind == FLOAT and width in (4, 8):
        return np.nan_to_num(np.frombuffer(data, f"<f{width}").astype(np.float64), posinf=0, neginf=0).clip(-1, 1)
    if kind != PCM or width not in (1, 2, 3, 4):
        raise NotSound(f"compressed or unusual (format {kind}, {8 * width} bits); save it as uncompressed PCM")
    if width == 1:  # 8 bits are unsigned, the others signed
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) / 128
    wide: NDArray[np.uint8] = np.zeros((len(data) // width, 4), np.uint8)
    wide[:, 4 - width :] = np.frombuffer(data, np.uint8).reshape(-1, width)
    samples: Samples = wide.view("<i4")[:, 0].astype(np.float64) / 2**31
    return samples


def write_wav(sound: Sound, path: Path) -> int:
    """Write 16-bit mono under another name first, then rename, so nobody plays half a file. Returns its size, bytes."""
    steps = np.round(np.clip(sound.samples, -1, 1) * 32767).astype("<i2")
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with wave.open(str(half), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(sound.rate)
            file.writeframes(steps.tobytes())
        half.chmod(0o644)  # Asterisk may run as another account
        size = half.stat().st_size
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return size
