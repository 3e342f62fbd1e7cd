"""The ledger's spool: events go to files at once and from there to Postgres when it answers.

`append` puts a frame into a queue; a thread writes what has gathered with one write and one fdatasync (group
commit). Files are segments, `<number>.ledger`, of about a megabyte; a segment is deleted when everything in it is in
Postgres. A segment of an earlier process is never written to again. What a crash left torn or damaged is skipped, all
that is intact is used; such a segment is not deleted in the end but renamed to `<number>.damaged`.

The reading side (`more`, `wanted`, `take`, `release`) belongs to one task, drain.py.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import structlog

from switchboard.domain.call_record import CallEvent
from switchboard.errors import SetupError
from switchboard.postgres.frames import damaged_bytes, encode_event, frame, good_frames
from switchboard.postgres.progress import Progress

log = structlog.get_logger(__name__)

SEGMENT_BYTES = 1 << 20
GATHER = 0.1  # seconds that events may wait for company while nobody awaits them
RETRY_FIRST, RETRY_LONGEST = 0.1, 5.0  # seconds between attempts while the disk refuses
ATTEMPTS_AT_CLOSE = 20  # RETRY_FIRST apart, before what the disk refuses is given up


@dataclass(slots=True)
class _Segment:
    path: Path
    size: int = 0  # bytes that are on disk and intact
    is_sealed: bool = False  # nothing will be added
    is_damaged: bool = False

    def discard(self) -> None:
        if self.is_damaged:
            self.path.replace(self.path.with_suffix(".damaged"))
        else:
            self.path.unlink(missing_ok=True)


class SpooledLedger:
    """Implements ports.CallLedger on files in `folder`, which is made if missing.

    One process at a time: raises SetupError if another has it open, or if the folder cannot be used. `append` and
    `durable` may be called from any thread or event loop. Call `close` at the end.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES, gather: float = GATHER) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._gather = gather
        self._lock = threading.Lock()  # guards `_queue`, `_appended`, `_segments`
        self._queue: list[bytes] = []
        self._appended = 0
        self._segments: list[_Segment] = []  # oldest first
        self._fd = -1  # of the last segment, unless it is sealed
        self._synced, self._wanted, self._released = Progress(), Progress(), Progress()
        self._taken = 0
        self._frames: Iterator[bytes] = iter(())
        self._read_to = 0  # bytes of the oldest segment that `_frames` covers
        self._problem: str | None = None
        self._wake, self._hurry, self._stop = threading.Event(), threading.Event(), threading.Event()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock_fd = _own(folder)
            self._recover()
        except OSError as error:
            raise SetupError(f"{folder}: the ledger cannot be kept here: {error.strerror}") from error
        self._writer = threading.Thread(target=self._write_until_stopped, name="ledger", daemon=True)
        self._writer.start()

    @property
    def backlog(self) -> int:
        """Events that are not in Postgres yet."""
        return self._appended - self._released.count

    @property
    def problem(self) -> str | None:
        """Why events cannot be written to disk now; None while they can. They stay in memory and are retried."""
        return self._problem

    def append(self, event: CallEvent) -> None:
        """Take the event; it is on disk within about 100 ms. Never waits, never fails."""
        data = frame(encode_event(event))
        with self._lock:
            self._queue.append(data)
            self._appended += 1
        if not self._wake.is_set():
            self._wake.set()

    async def durable(self) -> None:
        """Return when everything appended before is on disk. Waits as long as the disk refuses (see `problem`)."""
        if self._synced.count < self._appended:
            self._hurry.set()
            await self._synced.reached(self._appended)

    async def archived(self) -> None:
        """Return when everything appended before has left for Postgres (or was put aside by the drain)."""
        if self._released.count < self._appended:
            self._wanted.advance(self._appended)
            self._hurry.set()
            await self._released.reached(self._appended)

    async def wanted(self) -> None:
        """Return when somebody awaits that what is not taken yet is archived."""
        await self._wanted.reached(self._taken + 1)

    async def more(self) -> None:
        """Return when there is something to `take`."""
        await self._synced.reached(self._taken + 1)

    def take(self, limit: int) -> list[bytes]:
        """The next payloads on disk, oldest first, none if there are none. Release them before taking more."""
        while True:
            if payloads := list(islice(self._frames, limit)):
                self._taken += len(payloads)
                return payloads
            with self._lock:
                segment = self._segments[0] if self._segments else _Segment(self.folder)
                size, is_sealed = segment.size, segment.is_sealed
                if is_sealed and self._read_to >= size:
                    del self._segments[0]
            if self._read_to < size:
                self._frames = (payload for _, _, payload in good_frames(_read(segment.path, self._read_to, size)))
                self._read_to = size
            elif is_sealed:
                self._read_to = 0
                segment.discard()
            else:
                return []

    def release(self, count: int) -> None:
        """So many more of the events taken are safe elsewhere: they may be forgotten."""
        self._released.advance(self._released.count + count)

    def close(self) -> None:
        """Write what is queued, stop the thread and let the folder go. Blocks for one disk write."""
        if self._lock_fd < 0:
            return
        self._stop.set()
        self._hurry.set()
        self._wake.set()
        self._writer.join()
        with self._lock:
            self._seal()
        if self.backlog == 0:
            for segment in self._segments:
                segment.discard()
        os.close(self._lock_fd)
        self._lock_fd = -1

    # The writing thread.

    def _write_until_stopped(self) -> None:
        while not (self._stop.is_set() and not self._queue):
            self._wake.wait()
            if not self._hurry.is_set():
                self._hurry.wait(self._gather)
            self._hurry.clear()
            self._wake.clear()
            with self._lock:
                frames, self._queue = self._queue, []
                count = self._appended
            if frames and not self._commit(b"".join(frames)):
                log.critical("ledger_events_lost", events=len(frames), error=self._problem)
                return
            self._synced.advance(count)

    def _commit(self, data: bytes) -> bool:
        """Write until it works; False if the process ends before that."""
        delay, attempts_left = RETRY_FIRST, ATTEMPTS_AT_CLOSE
        while attempts_left > 0:
            try:
                self._write(data)
            except OSError as error:
                self._give_up_segment()
                if self._problem is None:
                    log.error("ledger_cannot_write", folder=str(self.folder), error=str(error), events="stay in memory")
                self._problem = str(error)
            else:
                if self._problem is not None:
                    log.warning("ledger_writes_again", folder=str(self.folder))
                    self._problem = None
                return True
            if self._stop.wait(delay):
                attempts_left -= 1
                threading.Event().wait(RETRY_FIRST)
            delay = min(delay * 2, RETRY_LONGEST)
        return False

    def _write(self, data: bytes) -> None:
        if self._fd < 0:
            self._open_segment()
        left = memoryview(data)
        while left:
            left = left[os.write(self._fd, left) :]
        os.fdatasync(self._fd)
        with self._lock:
            segment = self._segments[-1]
            segment.size += len(data)
            if segment.size >= self._segment_bytes:
                self._seal()

    def _open_segment(self) -> None:
        number = 1 + max((int(path.stem) for path in self.folder.iterdir() if path.stem.isdecimal()), default=0)
        segment = _Segment(self.folder / f"{number:016}.ledger")
        self._fd = os.open(segment.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        with self._lock:
            self._segments.append(segment)
        _sync_folder(self.folder)

    def _seal(self) -> None:
        """End the segment being written, if any. The lock is held, so that the reader sees size and seal agree."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._segments[-1].is_sealed = True

    def _give_up_segment(self) -> None:
        """After a failed write or sync nothing is certain of what follows the last good byte (a failed sync may have
        dropped it): cut it off, the next attempt makes a new segment. If even that fails, events are found twice
        after a restart, which does no harm."""
        if self._fd < 0:
            return
        with suppress(OSError):
            os.ftruncate(self._fd, self._segments[-1].size)
        with self._lock:
            self._seal()
            if self._segments[-1].size == 0:
                self._segments.pop().discard()

    def _recover(self) -> None:
        for path in sorted(self.folder.glob("*.ledger")):
            data = path.read_bytes()
            segment = _Segment(path, len(data), is_sealed=True)
            if damaged := damaged_bytes(data):
                segment.is_damaged = True
                log.error("ledger_damaged", segment=path.name, bytes_skipped=damaged, kept=f"{path.stem}.damaged")
            self._segments.append(segment)
            self._appended += sum(1 for _ in good_frames(data))
        self._synced.advance(self._appended)
        if self._appended:
            log.info("ledger_has_backlog", events=self._appended)


def _own(folder: Path) -> int:
    """Lock the folder for this process; a file descriptor that holds the lock."""
    fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.read(fd, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(fd)
        raise SetupError(f"{folder}: process {owner} keeps its ledger here; only one switchboard can") from error
    with suppress(OSError):  # the disk may be full; the lock holds without a name in it
        os.truncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
    return fd


def _read(path: Path, begin: int, end: int) -> bytes:
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.pread(fd, end - begin, begin)
    finally:
        os.close(fd)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
