"""Recorded conversations: brought in when their call is over, kept as long as their rule says, then erased. So are
names that callers stated, which stay where Asterisk recorded them.

What is to be brought in is asked of the records, not of the folder: an order to record stands in the ledger before
Asterisk begins, so a killed controller, a killed Asterisk or a Postgres that is away only make it later.

A file is taken only once Asterisk has let go of it (see quiet_files.py), and what it wrote is removed only if nothing
was added since it was read.

Erased is in three steps: the row is marked with who and why, the files go, and row and call's record tell it in one
transaction. Whatever breaks off in between, the keeper goes on with what is marked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson
import structlog

from switchboard.domain.call_record import CallEvent
from switchboard.domain.call_recording import NAME_KEPT
from switchboard.domain.identity import CallId, new_event_id
from switchboard.errors import RecordsUnreachable
from switchboard.folders import Folders
from switchboard.ports import Clock
from switchboard.postgres.call_audio import erase, keep_audio
from switchboard.postgres.connected_queries import ConnectedQueries
from switchboard.postgres.quiet_files import QuietFiles, Stamp, stamp_of
from switchboard.postgres.rows import plain_uuid
from switchboard.services.announce_caller import name_recording

INTERVAL = 2.0  # seconds between looks
UNTOLD = timedelta(minutes=1)  # after a call's end, until what Asterisk's log does not tell of counts as never begun
SWEEP = timedelta(hours=1)  # between looks for names that nobody told of; younger files are left alone
SWEPT_BACK = 2 * NAME_KEPT  # how old such a file may be
LONGEST_CALL = timedelta(days=1)
NOBODY, OVERDUE = "the switchboard", "its time was over"  # who erases what is overdue, and why
CONVERSATION, STATED_NAME = "conversation", "stated name"  # kinds of recordings

log = structlog.get_logger(__name__)


class Taken(NamedTuple):
    """What was read of a recording of Asterisk's."""

    stamp: Stamp | None  # of its file, when it was read
    sound: tuple[float, str] | None  # seconds, and sha256 in hex, of what is kept; None: Asterisk recorded nothing


class PostgresRecordings(ConnectedQueries):
    """The table of recordings."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, "recordings", "recordings cannot be read or noted")

    async def note(self, event: CallEvent) -> None:
        """Add an event of a person's to a call's record."""
        data = orjson.dumps(dict(event.data)).decode()
        await self.fetch("note", event.event_id, event.call_id, event.at, event.kind.value, data)

    async def mark(self, name: UUID, who: str, why: str) -> bool:
        """From now on nobody hears it, and it will be erased; False if it is not kept."""
        return bool(await self.fetch("erasing", name, who, why))

    async def finish_erasing(self, folders: Folders, name: UUID, kind: str, now: datetime) -> bool:
        """Remove the files of what is marked, then tell it; False if somebody else has. Raises OSError."""
        for path in (recording_file(folders, name, kind), samples_file(folders, name)):
            await asyncio.to_thread(erase, path)
        return bool(await self.fetch("erased", name, new_event_id(now), now))


class RecordingKeeper:
    """The task that brings in and erases; one, in the process that owns the ledger."""

    def __init__(
        self, folders: Folders, clock: Clock, dsn: str, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._folders, self._clock, self._dsn = folders, clock, dsn
        self._quiet = QuietFiles(monotonic)
        self.problem: str | None = None
        self._swept_at: datetime | None = None
        self._swept: set[Path] = set()  # files that are known to be something else, or have a row

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with PostgresRecordings(self._dsn) as store:
                    while True:
                        await self.look(store)
                        await asyncio.sleep(INTERVAL)
            except RecordsUnreachable as error:
                self._told(str(error))
            await asyncio.sleep(INTERVAL)

    async def look(self, store: PostgresRecordings) -> None:
        """Bring in what is complete, erase what is overdue or marked. What a disk refuses holds up nothing else, and is
        tried again. Raises RecordsUnreachable."""
        now = self._clock.now()
        problem: str | None = None
        # What is to be done, and not yet begun.
        work = [partial(self._settle, store, row) for row in await store.fetch("unsettled", now - UNTOLD)]
        work += [partial(self._settle_name, store, row) for row in await store.fetch("stated", now - UNTOLD)]
        work += [partial(self._bring_the_rest, store, name) for name in await self._left_over(store)]
        await self._settle_untold_names(store, now)
        await store.fetch("overdue", now, NOBODY, OVERDUE)
        work += [partial(self._finish, store, now, row) for row in await store.fetch("being_erased")]
        for each in work:
            try:
                await each()
            except OSError as error:
                problem = f"{error.filename or self._folders.recordings}: {error.strerror or error}"
        self._told(problem)

    def _told(self, problem: str | None) -> None:
        if problem is not None and problem != self.problem:
            log.error("recordings_wait", error=problem)
        self.problem = problem

    async def _finish(self, store: PostgresRecordings, now: datetime, row: asyncpg.Record) -> None:
        name = plain_uuid(row["id"])
        if await store.finish_erasing(self._folders, name, row["kind"], now):
            log.info("recording_erased", recording=str(name))

    async def _settle(self, store: PostgresRecordings, row: asyncpg.Record) -> None:
        data: dict[str, Any] = orjson.loads(row["data"])
        name = UUID(str(data["recording"]))
        taken = await self._take(name)
        if taken is None:
            return
        if taken.sound is None:
            log.warning("recording_missing", recording=str(name))
        seconds, digest = taken.sound or (0.0, None)
        days = data.get("keep_days")
        keep = timedelta(days=days if isinstance(days, int) else 0)
        pauses, state = orjson.dumps(orjson.loads(row["pauses"])).decode(), "kept" if taken.sound else "missing"
        consent, people = str(data.get("consent") or ""), row["people"] or str(data.get("name") or "")
        until = row["at"] + keep
        ordered = (row["call_id"], row["at"], state, seconds, consent, people, pauses, until, digest, CONVERSATION)
        await store.fetch("settle", name, *ordered)
        await self._let_go(name, taken)

    async def _take(self, name: UUID) -> Taken | None:
        """Make the file to keep of what Asterisk has written; None while it is still writing. Raises OSError."""
        samples = samples_file(self._folders, name)
        if not self._quiet.is_quiet(samples):
            return None
        stamp = stamp_of(samples)
        sound = await asyncio.to_thread(keep_audio, samples, recording_file(self._folders, name))
        return Taken(stamp, sound) if stamp_of(samples) == stamp else None

    async def _let_go(self, name: UUID, taken: Taken) -> None:
        """Remove what Asterisk wrote, now that it is told in the database: whatever is killed before this, it is
        brought in again. What has grown since it was read stays, for the next look. Raises OSError."""
        samples = samples_file(self._folders, name)
        if stamp_of(samples) == taken.stamp:
            await asyncio.to_thread(erase, samples)
            self._quiet.forget(samples)

    async def _left_over(self, store: PostgresRecordings) -> list[UUID]:
        """Recordings that are kept, of which something still lies with Asterisk: it wrote on after they were brought
        in, or the keeper was killed before it removed that."""
        names = await asyncio.to_thread(_names_in, self._folders.call_audio)
        return [plain_uuid(row["id"]) for row in await store.fetch("brought_in", names)] if names else []

    async def _bring_the_rest(self, store: PostgresRecordings, name: UUID) -> None:
        taken = await self._take(name)
        if taken is None:
            return
        if taken.sound is not None and not await store.fetch("whole", name, *taken.sound):
            await asyncio.to_thread(erase, recording_file(self._folders, name))  # it was erased at this moment
        await self._let_go(name, taken)

    async def _settle_untold_names(self, store: PostgresRecordings, now: datetime) -> None:
        """Names that were being stated when the controller was killed, or which Asterisk failed to record to the end:
        no event tells of them, but a call's name has the one file."""
        if self._swept_at is not None and now - self._swept_at < SWEEP:
            return
        files = await asyncio.to_thread(_wav_files, self._folders.messages)
        unknown = {
            path: at for path, at in files.items() if path not in self._swept and now - SWEPT_BACK < at < now - SWEEP
        }
        if unknown:
            began = min(unknown.values()) - LONGEST_CALL
            calls = [CallId(plain_uuid(row["id"])) for row in await store.fetch("calls_since", began)]
            names = await asyncio.to_thread(lambda: {str(name_recording(call)): call for call in calls})
            for path, at in unknown.items():
                if (call := names.get(path.stem)) is not None:
                    until = at + NAME_KEPT
                    about = (UUID(path.stem), call, at, "kept", 0.0, "", "", "[]", until, None, STATED_NAME)
                    await store.fetch("settle", *about)
        self._swept = (self._swept & files.keys()) | unknown.keys()
        self._swept_at = now

    async def _settle_name(self, store: PostgresRecordings, row: asyncpg.Record) -> None:
        data: dict[str, Any] = orjson.loads(row["data"])
        name = UUID(str(data["recording"]))
        is_there = await asyncio.to_thread(recording_file(self._folders, name, STATED_NAME).exists)
        seconds, state = float(data.get("seconds") or 0), "kept" if is_there else "missing"
        until = row["at"] + NAME_KEPT
        await store.fetch(
            "settle", name, row["call_id"], row["at"], state, seconds, "", "", "[]", until, None, STATED_NAME
        )


def _names_in(folder: Path) -> list[UUID]:
    """Of the recordings that Asterisk writes, or has written."""
    found = []
    for path in folder.glob("*.raw"):
        with suppress(ValueError):
            found.append(UUID(path.stem))
    return found


def _wav_files(folder: Path) -> dict[Path, datetime]:
    """Each with when it was written last."""
    found = {}
    for path in folder.glob("*.wav"):
        with suppress(FileNotFoundError):
            found[path] = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return found


def recording_file(folders: Folders, name: UUID, kind: str = CONVERSATION) -> Path:
    """Where a recording of this kind lies."""
    return (folders.messages if kind == STATED_NAME else folders.recordings) / f"{name}.wav"


def samples_file(folders: Folders, name: UUID) -> Path:
    """Where Asterisk records a conversation."""
    return folders.call_audio / f"{name}.raw"
