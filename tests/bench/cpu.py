"""CPU time that processes have used: the kernel's own count in nanoseconds, every thread included, ended ones too."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

_CPUCLOCK_SCHED = 2  # include/linux/posix-timers.h: the clock of a process is (~pid << 3) | CPUCLOCK_SCHED
_TICK = os.sysconf("SC_CLK_TCK")
_CHILDREN_TICKS = slice(13, 15)  # cutime, cstime, counted from the field after the command (proc_pid_stat(5))


def process_seconds(pid: int) -> float:
    """CPU seconds a process has used. /proc/<pid>/stat says the same in ticks of 10 ms, too coarse for short rounds."""
    return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)


def family_seconds(pid: int) -> float:
    """CPU seconds of a process and all its descendants, those included that have ended and were waited for."""
    total = process_seconds(pid) + _reaped_seconds(pid)
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            try:
                total += family_seconds(int(child))
            except (OSError, FileNotFoundError):
                continue  # it ended this moment
    return total


def used(processes: Mapping[str, Iterable[int]]) -> dict[str, float]:
    """CPU seconds by name: each the sum over its processes and their descendants."""
    return {name: sum(family_seconds(pid) for pid in pids) for name, pids in processes.items()}


def _reaped_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[_CHILDREN_TICKS]) / _TICK
