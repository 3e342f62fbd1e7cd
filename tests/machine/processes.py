"""Looking at processes, and waiting for them to be gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from switchboard.machine.running import start_of


def descendants(pid: int) -> set[int]:
    """Every process below, the running ones only."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return {each for each in found - {pid} if start_of(each)}


def wait_until(true: Callable[[], object], *, within: float = 5.0) -> None:
    """Return once it is true; fail the test if it isn't in time."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


def running(pids: set[int]) -> set[int]:
    """Those of the processes that still run."""
    return {pid for pid in pids if start_of(pid)}
