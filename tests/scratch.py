"""Where tests keep what they make: in memory, if the machine has room there.

On a disk most of a test's time with a Postgres of its own goes to deleting its thousand files. Nothing tested here is
about a loss of power: whoever is killed leaves the same files in memory as on a disk.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30  # bytes free, from which it is used; tests leave a few hundred MB at once


def use_scratch() -> None:
    """From now on temporary files and folders, of pytest and of what tests start, too, are made there."""
    if has_room(MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def has_room(folder: Path) -> bool:
    """Whether anybody may make files there, run them, and fill it."""
    try:
        told = os.statvfs(folder)
        is_for_all = folder.stat().st_mode & 0o1777 == 0o1777
    except OSError:
        return False
    is_runnable = not told.f_flag & (os.ST_NOEXEC | os.ST_RDONLY)
    return is_for_all and is_runnable and told.f_bavail * told.f_frsize >= ROOM


def scratch_folder(prefix: str) -> Path:
    """A new folder that every account can enter; remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    return folder
