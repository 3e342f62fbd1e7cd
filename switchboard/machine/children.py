"""The programs started for this machine: they die with the launcher, come back when they fail, and stop in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import structlog

from switchboard.errors import SetupError
from switchboard.machine import child_start
from switchboard.machine.account import Account

LONGEST_LOG = 20_000_000  # bytes; a longer one is put aside at the next start
FIRST_PAUSE = timedelta(milliseconds=200)
LONGEST_PAUSE = timedelta(seconds=10)
HEALTHY_AFTER = timedelta(seconds=60)  # ran that long: its next end is a first one again
LOOK_AGAIN = 0.02  # seconds between two looks whether a child is ready

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Program:
    """How to run one child and how to end it."""

    name: str
    command: tuple[str, ...]
    folder: Path
    """Its working folder, which its account can enter."""
    log: Path
    """Where what it prints is appended."""
    environment: Mapping[str, str] | None = None
    """All it is told; None passes the launcher's own on."""
    account: Account | None = None
    """Drop to it; None keeps the launcher's."""
    death_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when the launcher dies, however that dies."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: timedelta = timedelta(seconds=10)
    hurry_signal: signal.Signals = signal.SIGKILL
    """What it gets when `stop_within` is over, or when whoever stops us is in a hurry; SIGKILL five seconds later."""
    ready: Callable[[int], Awaitable[bool]] | None = None
    """Whether the process of that id serves; asked again and again after its start."""
    ready_within: timedelta = timedelta(seconds=30)


def start_command(command: tuple[str, ...], account: Account | None, death_signal: signal.Signals) -> list[str]:
    """The command that becomes `command`, as the account, bound to the life of this process's main thread."""
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    shim = [sys.executable, "-I", "-S", child_start.__file__]
    return [*shim, str(os.getpid()), str(int(death_signal)), str(uid), str(gid), *command]


class Child:
    """One program that runs. Start it from the main thread: the kernel ties its life to the thread that forked."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.since: datetime | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start it and return once it is ready. Raises SetupError, with its own last words, if it fails to be."""
        program = self.program
        command = start_command(program.command, program.account, program.death_signal)
        try:
            with _open_log(program.log) as output:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=program.folder,
                    env=program.environment,
                    start_new_session=True,  # a Ctrl-C in the terminal is for the launcher, which stops all in order
                )
        except OSError as error:
            raise SetupError(f"{program.name} cannot be started: {error}") from error
        self._process, self.since = process, datetime.now(UTC)
        if program.ready is not None:
            await self._become_ready(process.pid, program.ready)

    async def wait(self) -> int:
        """Return when it has ended: its exit status, or minus the signal that ended it."""
        if self._process is None:
            raise RuntimeError(f"{self.program.name} was never started")
        return await self._process.wait()

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """End it: politely, then less so, then by SIGKILL."""
        process, program = self._process, self.program
        if process is None:
            return
        if hurry is None or not hurry.is_set():
            _send(process, program.stop_signal)
            if await _ended(process, program.stop_within, hurry):
                return
        _send(process, program.hurry_signal)
        if not await _ended(process, timedelta(seconds=5)):
            _send(process, signal.SIGKILL)
            await process.wait()

    async def _become_ready(self, pid: int, ready: Callable[[int], Awaitable[bool]]) -> None:
        name, path = self.program.name, self.program.log
        try:
            async with asyncio.timeout(self.program.ready_within.total_seconds()):
                while not await ready(pid):
                    if self.pid is None:
                        raise SetupError(f"{name} ended at once: {_last_words(path)} (log: {path})")
                    await asyncio.sleep(LOOK_AGAIN)
        except TimeoutError:
            await self.stop()
            seconds = self.program.ready_within.total_seconds()
            raise SetupError(f"{name} is not ready after {seconds:.0f} s: {_last_words(path)} (log: {path})") from None


class Children:
    """All children of the launcher, in the order of their start."""

    def __init__(self) -> None:
        self.hurry = asyncio.Event()
        """Set it to stop without waiting for anybody."""
        self._children: list[Child] = []
        self._keepers: list[asyncio.Task[None]] = []

    def all(self) -> tuple[Child, ...]:
        """The children, the first started first."""
        return tuple(self._children)

    async def start(
        self, program: Program, *, changed: Callable[[], None] | None = None, must_start: bool = True
    ) -> Child:
        """Start it, and again whenever it ends; `changed` is called after each such start.

        Raises SetupError if the first start fails; where it need not start, it is tried again.
        """
        child = Child(program)
        self._children.append(child)
        try:
            await child.start()
        except SetupError as error:
            if must_start:
                raise
            log.error("child does not start", child=program.name, problem=str(error))
        self._keepers.append(asyncio.create_task(_keep(child, changed), name=f"keep {program.name}"))
        return child

    async def stop(self) -> None:
        """End all, the last started first, each before the next."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for child in reversed(self._children):
            await child.stop(self.hurry)


async def _keep(child: Child, changed: Callable[[], None] | None) -> None:
    """Start the child again whenever it ends, with ever longer pauses while it does not last."""
    pause = FIRST_PAUSE
    while True:
        status = await child.wait()
        lived = datetime.now(UTC) - child.since if child.since else timedelta(0)
        pause = FIRST_PAUSE if lived > HEALTHY_AFTER else pause
        log.error(
            "child ended, starting it again",
            child=child.program.name,
            by=_ending(status),
            pause_seconds=pause.total_seconds(),
            log=str(child.program.log),
        )
        await asyncio.sleep(pause.total_seconds())
        pause = min(2 * pause, LONGEST_PAUSE)
        try:
            await child.start()
        except SetupError as error:
            log.error("child does not start", child=child.program.name, problem=str(error))
        else:
            log.info("child started again", child=child.program.name, pid=child.pid)
        if changed is not None:
            changed()


async def _ended(process: asyncio.subprocess.Process, within: timedelta, hurry: asyncio.Event | None = None) -> bool:
    """Whether the process ended in time; gives up at once when `hurry` is set."""
    waits = [asyncio.ensure_future(process.wait())]
    if hurry is not None:
        waits.append(asyncio.ensure_future(hurry.wait()))
    try:
        await asyncio.wait(waits, timeout=within.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return process.returncode is not None


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _open_log(path: Path) -> BinaryIO:
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LONGEST_LOG:
            path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def _last_words(path: Path) -> str:
    """The last line a program left in its log."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        lines = file.read().decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")
