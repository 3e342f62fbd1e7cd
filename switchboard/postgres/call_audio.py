"""A recorded conversation's file: from Asterisk's bare samples to a WAV file that is safe on disk."""

from __future__ import annotations

import hashlib
import os
import wave
from contextlib import suppress
from pathlib import Path

RATE, SIDES, SAMPLE_BYTES = 8000, 2, 2  # as the dialplan has them recorded: caller left, our side right
_FRAME = SIDES * SAMPLE_BYTES
_PIECE = 256 * 1024 // _FRAME * _FRAME


def keep_audio(samples: Path, kept: Path) -> tuple[float, str] | None:
    """Make the WAV file `kept` of the samples; (seconds, sha256 in hex), None where nothing was recorded.

    A crash of Asterisk may have cut the last frame: it is left out. The samples stay where they are. Raises OSError.
    """
    try:
        whole = samples.stat().st_size // _FRAME * _FRAME
    except FileNotFoundError:
        return None
    new = kept.with_suffix(".new")
    try:
        _write(samples, new, whole)
        with new.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
    except OSError:
        new.unlink(missing_ok=True)  # a full disk: what was written of it helps nobody
        raise
    new.replace(kept)
    sync_folder(kept.parent)
    return round(whole / _FRAME / RATE, 3), digest


def _write(samples: Path, new: Path, whole: int) -> None:
    with samples.open("rb") as source, wave.open(str(new), "wb") as target:
        new.chmod(0o600)
        target.setnchannels(SIDES)
        target.setsampwidth(SAMPLE_BYTES)
        target.setframerate(RATE)
        left = whole
        while left and (piece := source.read(min(_PIECE, left))):
            target.writeframesraw(piece)
            left -= len(piece)


def erase(path: Path) -> None:
    """Remove a file for good; nothing if it is not there. Raises OSError."""
    with suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """What was renamed or removed in the folder stays so."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
