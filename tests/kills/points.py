"""The points of a message's way in, each known by what anybody can see from outside: a file, a row, a sound.

Whoever waits for a point is woken by the event itself and kills at once, or a random while later within the window that
the point names. Where `strace` is installed, the controller dies exactly at a point between two system calls: the
kernel delivers the signal as the second one begins.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import asyncpg

CREATED, CLOSED, MOVED_HERE, WRITTEN = 0x100, 0x8, 0x80, 0x2  # inotify(7)
_EVENT = struct.Struct("iIII")


@dataclass(frozen=True, slots=True)
class Point:
    """Where somebody is killed."""

    name: str
    seen: str  # by which event: of `Watch`, of Postgres, or a prompt that a caller hears
    window: tuple[float, float] = (0.0, 0.0)  # seconds after it, at random
    call: str = ""  # the controller's system call that it dies at the beginning of; the how manieth


POINTS = (
    Point("announced on disk", "ledger message_begun"),
    Point("recording begun", "recording begun", (0.0, 0.05)),
    Point("in the recording", "recording begun", (0.3, 2.0)),
    Point("recording ended", "recording ended", (0.0, 0.03)),
    Point("checked, being written", "writing", call="fsync:1"),
    Point("synced, without a name", "written", call="rename:1"),
    Point("named", "named", call="fsync:2"),
    Point("on disk as a message", "ledger message"),
    Point("row committed", "row"),
    Point('before "saved"', "row", (0.0, 0.08)),
    Point('after "saved" began', "message_saved", (0.0, 0.6)),
    Point("in the review", "message_review", (0.0, 1.0)),
    Point("to be sent, audio stored", "to send", (0.0, 1.5)),
)


class Watch:
    """Files of the switchboard, as things happen to them: calls `happened` with the names above."""

    def __init__(self, recordings: Path, kept: Path, ledger: Path, happened: Callable[[str], None]) -> None:
        self._happened = happened
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._ledger = ledger
        self._read: dict[str, int] = {}  # bytes seen of each of the ledger's files
        self._meanings = {
            self._add(recordings, CREATED | CLOSED): {CREATED: "recording begun", CLOSED: "recording ended"},
            self._add(kept, CREATED | CLOSED | MOVED_HERE): {
                CREATED: "writing",
                CLOSED: "written",
                MOVED_HERE: "named",
            },
        }
        self._ledger_watch = self._add(ledger, CREATED | WRITTEN)
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _add(self, folder: Path, events: int) -> int:
        watch: int = self._libc.inotify_add_watch(self._fd, os.fsencode(folder), events)
        if watch < 0:
            raise OSError(ctypes.get_errno(), f"{folder} cannot be watched")
        return watch

    def _readable(self) -> None:
        with suppress(BlockingIOError):
            data = os.read(self._fd, 65536)
            at = 0
            while at < len(data):
                watch, mask, _, length = _EVENT.unpack_from(data, at)
                name = data[at + _EVENT.size : at + _EVENT.size + length].rstrip(b"\0").decode()
                at += _EVENT.size + length
                if watch == self._ledger_watch and mask & CREATED:
                    self._read[name] = 0  # names come again
                if watch == self._ledger_watch:
                    self._look_into(name)
                for event, meaning in self._meanings.get(watch, {}).items():
                    if mask & event:
                        self._happened(meaning)

    def _look_into(self, name: str) -> None:
        """Which kinds of events the ledger has more of. They are synced a moment after they are written."""
        if not name.endswith(".ledger"):
            return
        with suppress(FileNotFoundError), (self._ledger / name).open("rb") as file:
            file.seek(self._read.get(name, 0))
            data = file.read()
            self._read[name] = self._read.get(name, 0) + len(data)
            for kind in ("message_begun", "message"):
                if f'"kind":"{kind}"'.encode() in data:
                    self._happened(f"ledger {kind}")


async def rows_told(database_url: Callable[[], str], happened: Callable[[str], None]) -> None:
    """Call `happened` when there is a new message's row, and something to be sent; until cancelled."""
    known = 0
    while True:
        try:
            connection = await asyncpg.connect(database_url(), timeout=5)
        except (OSError, asyncpg.PostgresError, TimeoutError, AssertionError):
            await asyncio.sleep(0.1)
            continue
        told = asyncio.Event()
        try:
            await connection.add_listener("messages", lambda *_, told=told: told.set())
            await connection.add_listener("outbox", lambda *_: happened("to send"))
            while not connection.is_closed():
                with suppress(TimeoutError):
                    await asyncio.wait_for(told.wait(), 1)
                told.clear()
                count = await connection.fetchval("select count(*) from messages", timeout=5)
                if count > known:
                    known = count
                    happened("row")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            pass
        finally:
            connection.terminate()


class Exactly:
    """Kills a process as it begins a system call, "fsync:2" the second of these, by strace. `async with`."""

    def __init__(self, pid: int, call: str) -> None:
        name, _, number = call.partition(":")
        self._arguments = (
            *("strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={name}", "-e", "signal=none"),
            *("-e", f"inject={name}:signal=KILL:when={number}", "-p", str(pid)),
        )
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        nowhere = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(*self._arguments, stdin=nowhere, stdout=nowhere)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.terminate()
        await self._process.wait()

    async def done(self, timeout: float) -> bool:
        """Whether the process died of it in time."""
        assert self._process is not None
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), timeout)
        return self._process.returncode is not None


def can_be_exact() -> bool:
    """Whether strace is there."""
    return shutil.which("strace") is not None
