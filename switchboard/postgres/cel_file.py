"""Reads Asterisk's channel event log as it grows, across rotation and restarts of ours."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
import structlog

log = structlog.get_logger(__name__)

PIECE = 256 * 1024  # bytes read at a time
LONGEST_LINE = 64 * 1024  # bytes; what has no line end for so long is no line


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line begins: which file (its inode, which rotation by renaming keeps), and how far into it."""

    inode: int
    offset: int


class CelFile:
    """The log at `path`; `checkpoint` keeps where to go on after a restart of ours."""

    def __init__(self, path: Path, checkpoint: Path) -> None:
        self._path = path
        self._checkpoint = checkpoint
        self._fd = -1
        self._place = Place(0, 0)
        self._saved: Place | None = None
        self._left: os.stat_result | None = None  # the file read to its end before this one

    @property
    def place(self) -> Place:
        """Where the next line will begin."""
        return self._place

    def read(self) -> list[tuple[Place, bytes]]:
        """The next whole lines, without their line ends, and where each begins; none if there is nothing new (or no
        file yet). Raises OSError when the file cannot be read."""
        if self._fd < 0 and not self._open():
            return []
        data = os.pread(self._fd, PIECE, self._place.offset)
        is_left = self._is_left_behind()
        end = data.rfind(b"\n") + 1
        if not end and data and (is_left or len(data) >= LONGEST_LINE):
            end = len(data)  # a torn line that nobody will finish
        if not end:
            if is_left:
                self._left = os.fstat(self._fd)
                self.close()
                return self.read()
            return []
        lines, offset = [], self._place.offset
        for line in data[:end].split(b"\n"):
            if line:
                lines.append((Place(self._place.inode, offset), line))
            offset += len(line) + 1
        self._place = Place(self._place.inode, self._place.offset + end)
        return lines

    def save(self, place: Place) -> None:
        """Everything before `place` is settled: a restart goes on there. May be lost, then lines are read again."""
        if place == self._saved:
            return
        new = self._checkpoint.with_suffix(".new")
        with suppress(OSError):
            new.write_bytes(orjson.dumps({"inode": place.inode, "offset": place.offset}))
            new.replace(self._checkpoint)
            self._saved = place

    def close(self) -> None:
        """Let the file go; `read` opens what is at the path then."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> bool:
        path, offset, is_lost = self._after_the_one_left(), 0, False
        if not self._place.inode and (saved := self._load()) and saved.inode:
            if earlier := self._with_inode(saved.inode):
                path, offset = earlier, saved.offset
            else:
                is_lost = True
        try:
            self._fd = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        if is_lost:
            log.warning("cel_rotated_away", file=self._path.name)
        status = os.fstat(self._fd)
        self._place = Place(status.st_ino, offset if offset <= status.st_size else 0)
        return True

    def _is_left_behind(self) -> bool:
        """Whether the file we read is no longer the one Asterisk writes to, or was emptied."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False  # renamed a moment ago: Asterisk makes a new one with its next event
        return status.st_ino != self._place.inode or status.st_size < self._place.offset

    def _after_the_one_left(self) -> Path:
        """The file to go on with: the log itself, or an older one if it was rotated more than once meanwhile."""
        if self._left is None:
            return self._path
        later = []
        for path in self._path.parent.glob(f"{self._path.name}.[0-9]*"):
            with suppress(OSError):
                status = path.stat()
                is_later = status.st_mtime_ns > self._left.st_mtime_ns and status.st_ino != self._left.st_ino
                if is_later and path.suffix[1:].isdigit():
                    later.append((status.st_mtime_ns, path))
        return min(later)[1] if later else self._path

    def _with_inode(self, inode: int) -> Path | None:
        for path in self._path.parent.glob(f"{self._path.name}*"):
            with suppress(OSError):
                if path.stat().st_ino == inode:
                    return path
        return None

    def _load(self) -> Place | None:
        try:
            saved = orjson.loads(self._checkpoint.read_bytes())
            return Place(int(saved["inode"]), int(saved["offset"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("cel_checkpoint_unreadable", error=str(error))
            return None
