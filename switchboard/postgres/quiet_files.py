"""Which files nobody writes any more.

Asterisk buffers 32 KB of a recording and writes the last of it when it closes the file, in a thread of its own, after
the call has ended: on a busy machine seconds later. Nothing tells when; so a file counts as whole once it has been
seen unchanged for long enough.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

QUIET = 3.0  # seconds; what is still recorded grows by 32 KB about every second


class Stamp(NamedTuple):
    """What changes when a file is written."""

    bytes: int
    written_at: int  # ns


class QuietFiles:
    """Remembers how files looked, and since when. It never asks the time of day, which may step."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic` gives seconds since any instant."""
        self._monotonic = monotonic
        self._seen: dict[Path, tuple[Stamp | None, float]] = {}

    def is_quiet(self, path: Path) -> bool:
        """Whether it has been as it is now, or not there, for QUIET seconds of looking. Raises OSError."""
        now, stamp = self._monotonic(), stamp_of(path)
        before, since = self._seen.setdefault(path, (stamp, now))
        if before != stamp:
            since = now
            self._seen[path] = stamp, now
        return now - since >= QUIET

    def forget(self, path: Path) -> None:
        """It is dealt with."""
        self._seen.pop(path, None)


def stamp_of(path: Path) -> Stamp | None:
    """How it looks now; None if it is not there. Raises OSError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return Stamp(found.st_size, found.st_mtime_ns)
