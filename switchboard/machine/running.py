"""What `up` says of itself while it runs, for the controller, `status` and whoever else looks: one JSON file."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from switchboard.errors import RecordsUnreachable, SetupError
from switchboard.folders import Folders
from switchboard.settings import Settings

LEFTOVERS_GO_WITHIN = 6.0  # seconds for children of a killed launcher to end


@dataclass(slots=True)
class RunningProcess:
    """One process of a running switchboard."""

    name: str
    pid: int | None
    """None while it is being started again."""
    since: str | None
    """ISO 8601, UTC."""
    started: int = 0
    """Clock ticks since boot at its start: with the pid, it tells the process from a later one."""


@dataclass(slots=True)
class Running:
    """A running switchboard. The file is readable by its owner only: the database URL has a password."""

    processes: list[RunningProcess]
    """The launcher first."""
    database_url: str
    addresses: list[str] = field(default_factory=list)
    """SIP addresses to dial, the main number first."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of switchboard, python, asterisk, postgres."""
    asterisk_command: list[str] = field(default_factory=list)
    """Runs this Asterisk's program; with `-C FILE -rx COMMAND` it commands the running one."""
    state: str = ""
    served: str = ""

    def write(self, folders: Folders) -> None:
        """Replace the file at once."""
        draft = folders.running.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file, indent=1)
        draft.replace(folders.running)


def read_running(folders: Folders) -> Running | None:
    """What the last `up` said; None if there was none. It may have been killed: see `is_alive`."""
    try:
        values: dict[str, Any] = json.loads(folders.running.read_text("utf-8"))
        processes = [RunningProcess(**process) for process in values.pop("processes")]
        return Running(processes=processes, **values)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise SetupError(f"{folders.running} belongs to another user: ask as the one who started it") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SetupError(f"{folders.running} is damaged: {error}") from error


def database_url(settings: Settings, folders: Folders) -> str:
    """The database of these settings, password included. Raises RecordsUnreachable if the embedded one never ran."""
    if settings.database_url is not None:
        return str(settings.database_url)
    running = read_running(folders)
    if running is None:
        raise RecordsUnreachable("the switchboard is not running, and with it its database: start it (`make run`)")
    return running.database_url


def is_alive(process: RunningProcess) -> bool:
    """Whether that very process still runs."""
    return process.pid is not None and start_of(process.pid) == process.started != 0


def start_of(pid: int) -> int:
    """Clock ticks since boot at which the process started; 0 if it doesn't run (see proc(5), `stat`)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])


@contextlib.contextmanager
def only_one(folders: Folders, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the state folder for one launcher. Raises SetupError if another one holds it.

    Children of a launcher that was killed get the few seconds they need to end.
    """
    handle = os.open(folders.run / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(handle, 20).decode() or "?"
            raise SetupError(f"state: the switchboard of {folders.state} runs already (process {other})") from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        _wait_for_leftovers(folders, waiting)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _wait_for_leftovers(folders: Folders, waiting: Callable[[str], None]) -> None:
    last = read_running(folders)
    deadline = time.monotonic() + LEFTOVERS_GO_WITHIN
    while left := [process for process in (last.processes if last else []) if is_alive(process)]:
        names = ", ".join(f"{process.name} (process {process.pid})" for process in left)
        if time.monotonic() > deadline:
            raise SetupError(f"state: {names} of a killed switchboard does not end; end it and start again")
        waiting(f"waiting for {names} of the last run to end")
        time.sleep(0.05)
    folders.running.unlink(missing_ok=True)
