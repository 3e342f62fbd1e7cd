"""What people set of their presence, on disk before it is confirmed to them; Postgres may be away, or follow later.

One file of checksummed frames (frames.py), one a setting. It is empty again once Postgres has everything.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import orjson
import structlog

from switchboard.domain.presence import Presence, presence_of
from switchboard.errors import SetupError
from switchboard.postgres.frames import damaged_bytes, frame, good_frames

log = structlog.get_logger(__name__)


class PresenceJournal:
    """The file. Its methods block for a disk write: call them in a thread, one at a time."""

    def __init__(self, path: Path) -> None:
        """Raises SetupError if the file cannot be kept there."""
        self._path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            raise SetupError(f"{path}: people's presence cannot be kept here: {error.strerror}") from error

    def read(self) -> Sequence[Presence]:
        """Every setting in it, oldest first."""
        data = self._path.read_bytes()
        if damaged := damaged_bytes(data):
            log.error("presence_journal_damaged", file=str(self._path), bytes_skipped=damaged)
        found = []
        for _, _, payload in good_frames(data):
            try:
                found.append(presence_of(orjson.loads(payload)))
            except (ValueError, KeyError, TypeError) as error:
                log.error("presence_not_understood", file=str(self._path), error=repr(error))
        return found

    def append(self, presence: Presence) -> None:
        """Returns when it is on disk; raises OSError if it cannot be."""
        size = os.fstat(self._fd).st_size
        data = memoryview(frame(orjson.dumps(presence)))
        try:
            while data:
                data = data[os.write(self._fd, data) :]
            os.fdatasync(self._fd)
        except OSError:
            os.ftruncate(self._fd, size)  # or what comes next would stand behind a torn frame
            raise

    def clear(self) -> None:
        """Forget everything: Postgres has it."""
        os.ftruncate(self._fd, 0)
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Let the file go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
