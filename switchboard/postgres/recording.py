"""A recorded message's file: how long it is, repaired where a crash cut it, and safe on disk."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import wave
from dataclasses import dataclass
from pathlib import Path

import structlog

from switchboard.domain.cel import Recording

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sound:
    """16-bit samples of one channel."""

    rate: int  # samples a second
    samples: bytes

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / (2 * self.rate)

    def as_wav(self) -> bytes:
        """As a WAV file."""
        written = io.BytesIO()
        with wave.open(written, "wb") as audio:
            audio.setnchannels(1)
            audio.setsampwidth(2)
            audio.setframerate(self.rate)
            audio.writeframes(self.samples)
        return written.getvalue()


_CHUNK = struct.Struct("<4sI")
_FRAME_BYTES = 2
_LENGTH = struct.Struct("<I")


def read_sound(path: Path) -> Sound | None:
    """What a WAV file of ours holds, as far as it was written; None if it is not there or is none. Raises OSError."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as file:
        data = file.read()
    found = _sound(data)
    if found is None or found[2] != _FRAME_BYTES:
        return None
    start, _, frame_bytes, bytes_per_second = found
    length = (len(data) - start) // frame_bytes * frame_bytes
    return Sound(bytes_per_second // frame_bytes, data[start : start + length]) if length else None


def inspect_recording(path: Path) -> Recording | None:
    """Length and content of a WAV file that nobody writes any more; None if there is none or it is no WAV.

    Asterisk writes the lengths into the header when the recording ends; where it was killed before, they are zero and
    are written now, from the file's size. The file and its folder are synced, so that what is recorded of it holds.
    """
    try:
        data = path.read_bytes()
        found = _sound(data)
        if found is None:
            return None
        start, stated, frame_bytes, bytes_per_second = found
        length = (len(data) - start) // frame_bytes * frame_bytes
        if stated != length:
            data = _repair(path, data, start, length)
            log.warning("recording_repaired", file=path.name, seconds=round(length / bytes_per_second, 1))
        sync(path)
        sync(path.parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        log.error("recording_unreadable", file=path.name, error=str(error))
        return None
    return Recording(round(length / bytes_per_second, 3), hashlib.sha256(data).hexdigest())


def _sound(data: bytes) -> tuple[int, int, int, int] | None:
    """Where the sound begins, its length as the header states it, bytes per frame, bytes per second."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    position, frame_bytes, bytes_per_second = 12, 0, 0
    while position + _CHUNK.size <= len(data):
        name, length = _CHUNK.unpack_from(data, position)
        body = position + _CHUNK.size
        if name == b"fmt " and body + 16 <= len(data):
            bytes_per_second, frame_bytes = struct.unpack_from("<IH", data, body + 8)
        if name == b"data":
            return (body, length, frame_bytes, bytes_per_second) if frame_bytes and bytes_per_second else None
        position = body + length + length % 2
    return None


def _repair(path: Path, data: bytes, start: int, length: int) -> bytes:
    """Write the lengths that the file has; its content afterwards."""
    fixed = bytearray(data[: start + length])
    _LENGTH.pack_into(fixed, 4, len(fixed) - 8)
    _LENGTH.pack_into(fixed, start - 4, length)
    fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        os.pwrite(fd, bytes(fixed[:start]), 0)
        os.ftruncate(fd, len(fixed))
    finally:
        os.close(fd)
    return bytes(fixed)


def sync(path: Path) -> None:
    """Write a file, or a folder's names, through to the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
