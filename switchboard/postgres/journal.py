"""A file of what was promised, on disk before it is confirmed; Postgres may be away, or follow later.

Checksummed frames (frames.py), one a value: a torn one is left out. Whoever keeps it decides when it may be forgotten.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson
import structlog

from switchboard.errors import SetupError
from switchboard.postgres.frames import damaged_bytes, frame, good_frames

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Journal(Generic[T]):
    """The file. Its methods block for a disk write: call them in a thread, one at a time."""

    def __init__(self, path: Path, what: str, parse: Callable[[Any], T]) -> None:
        """`what` is kept, for what is told. `parse` makes a value of its JSON, and raises ValueError, KeyError or
        TypeError for anything else. Raises SetupError if the file cannot be kept there."""
        self._path, self._what, self._parse = path, what, parse
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            raise SetupError(f"{path}: {what} cannot be kept here: {error.strerror}") from error

    def read(self) -> Sequence[T]:
        """Every value in it, oldest first."""
        data = self._path.read_bytes()
        if damaged := damaged_bytes(data):
            log.error("journal_damaged", file=str(self._path), bytes_skipped=damaged)
        found = []
        for _, _, payload in good_frames(data):
            try:
                found.append(self._parse(orjson.loads(payload)))
            except (ValueError, KeyError, TypeError) as error:
                log.error("journal_not_understood", file=str(self._path), what=self._what, error=repr(error))
        return found

    def append(self, *values: object) -> None:
        """Returns when they are on disk; raises OSError if they cannot be."""
        size = os.fstat(self._fd).st_size
        data = memoryview(b"".join(frame(orjson.dumps(value)) for value in values))
        try:
            while data:
                data = data[os.write(self._fd, data) :]
            os.fdatasync(self._fd)
        except OSError:
            os.ftruncate(self._fd, size)  # or what comes next would stand behind a torn frame
            raise

    def replace(self, values: Iterable[object]) -> None:
        """Keep these alone: all of them or what was there before, whatever happens meanwhile."""
        draft = self._path.with_name(f".{self._path.name}.new")
        fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        before, self._fd = self._fd, fd
        self.append(*values)
        draft.replace(self._path)
        os.close(before)

    def clear(self) -> None:
        """Forget everything: Postgres has it."""
        os.ftruncate(self._fd, 0)
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Let the file go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
