"""Reconciles the ledger with Asterisk's channel event log: each call of Asterisk gets exactly one closed record.

What the controller saw to its end is left alone. A call that it lost (it was killed, or Asterisk was) is ended as CEL
witnessed it. One that it never saw (desk phone to desk phone, the safety net while no controller lived) is told from
CEL alone, its messages included. Whether a call is known is asked of Postgres; while that does not answer, calls wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.cel import (
    ATTENDED,
    BLIND,
    COLUMNS,
    MESSAGE_MARK,
    CelEvent,
    end_of_lost_call,
    is_announcement,
    missing,
    parse_line,
    tell,
)
from switchboard.domain.identity import CallId, call_id_of
from switchboard.errors import RecordsUnreachable
from switchboard.folders import Folders
from switchboard.postgres.archive import KnownCall, PostgresArchive
from switchboard.postgres.cel_file import CelFile, Place
from switchboard.postgres.recording import inspect_recording
from switchboard.postgres.spool import SpooledLedger

log = structlog.get_logger(__name__)

INTERVAL = 1.0  # seconds between looks at the file
GRACE = 5.0  # seconds that the controller gets to end a call's record itself
DRAIN_DEADLINE = 10.0  # seconds to wait for the ledger to be drained before asking what Postgres knows
AT_ONCE = 500  # calls asked for in one query
SWEEP = timedelta(minutes=5)  # between looks for calls that CEL has nothing of
_MARKS = (b"SWITCHBOARD_", f'"{BLIND}"'.encode(), f'"{ATTENDED}"'.encode())  # the dialplan alone had the caller


@dataclass(slots=True)
class _History:
    """The lines of one call, until it is settled."""

    begin: Place
    lines: list[bytes] = field(default_factory=list)
    ended_at: float | None = None  # epoch seconds, of the event that ended it
    last_at: float = 0.0
    is_cut: bool = False  # Asterisk died before it ended

    def events(self) -> list[CelEvent]:
        parsed = (parse_line(line.decode("utf-8", "replace")) for line in self.lines)
        return [event for event in parsed if event]


class CelCollector:
    """The task that collects. `in_progress` says whether the controller has the call in hand; `names` has a person's
    name for an extension."""

    def __init__(
        self,
        folders: Folders,
        ledger: SpooledLedger,
        dsn: str,
        *,
        in_progress: Callable[[CallId], bool],
        names: Mapping[str, str] | None = None,
        interval: float = INTERVAL,
        grace: float = GRACE,
    ) -> None:
        self._folders = folders
        self._ledger = ledger
        self._archive = PostgresArchive(dsn)
        self._in_progress = in_progress
        self._names = names or {}
        self._interval, self._grace = interval, grace
        self._file = CelFile(folders.cel, folders.ledger / "cel.json")
        self._open: dict[bytes, _History] = {}  # by linkedid, in the order they began
        self._next_sweep = datetime.now(UTC) + SWEEP
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        """Why nothing is collected now; None while all is well."""
        return self._problem

    async def run(self) -> None:
        """Collect until cancelled."""
        try:
            while True:
                try:
                    await self.collect()
                    self._problem = None
                except (RecordsUnreachable, OSError, TimeoutError) as error:
                    if self._problem is None:
                        log.warning("collector_waits", error=str(error) or type(error).__name__)
                    self._problem = str(error) or type(error).__name__
                await asyncio.sleep(self._interval)
        finally:
            self._file.close()
            await self._archive.close()

    async def collect(self) -> None:
        """Read what is new and settle every call that has ended. Raises RecordsUnreachable, TimeoutError, OSError."""
        while lines := self._file.read():
            for place, line in lines:
                self._take(place, line)
            await asyncio.sleep(0)
        self._cut_by_restart()
        now = datetime.now(UTC)
        due = now.timestamp() - self._grace
        ready = [
            linkedid
            for linkedid, history in self._open.items()
            if (history.ended_at is not None and history.ended_at <= due) or (history.is_cut and history.last_at <= due)
        ]
        for start in range(0, len(ready), AT_ONCE):
            await self._settle(ready[start : start + AT_ONCE])
        if now >= self._next_sweep:
            await self._sweep(now)
            self._next_sweep = now + SWEEP
        self._file.save(next((history.begin for history in self._open.values()), self._file.place))

    def _take(self, place: Place, line: bytes) -> None:
        """Add a line to its call's history. Cheap, because nearly every call needs no more than this."""
        columns = line.split(b'","', 4)
        try:
            at = float(columns[0][1:])
            kind, linkedid, uniqueid = columns[1:4]
            is_plain = line.count(b'","') == COLUMNS - 1 and line[:1] == line[-1:] == b'"'
        except ValueError:
            is_plain = False
        if not is_plain:
            event = parse_line(line.decode("utf-8", "replace"))
            if event is None:
                log.warning("cel_line_unreadable", file=self._folders.cel.name, offset=place.offset)
                return
            at, kind = event.at.timestamp(), event.type.encode()
            linkedid, uniqueid = event.linkedid.encode(), event.uniqueid.encode()
        if kind == b"CHAN_START" and uniqueid.endswith(b".0"):
            self._cut(at - 1.0)
        history = self._open.get(linkedid)
        if history is None:
            history = self._open[linkedid] = _History(place)
        history.lines.append(line)
        history.last_at = max(history.last_at, at)
        if kind == b"LINKEDID_END":
            history.ended_at = at

    def _cut(self, before: float) -> None:
        """Asterisk began anew: what was going on before has ended without a last event."""
        for history in self._open.values():
            if history.ended_at is None and history.last_at < before:
                history.is_cut = True

    def _cut_by_restart(self) -> None:
        try:
            self._cut((self._folders.asterisk / "run" / "asterisk.pid").stat().st_mtime)
        except FileNotFoundError:
            return  # not running, or not ours: its first call tells of the restart

    async def _settle(self, linkedids: Sequence[bytes]) -> None:
        """Let each of these calls have its one closed record; those that the controller has in hand wait."""
        ids = {linkedid: call_id_of(linkedid.decode("utf-8", "replace")) for linkedid in linkedids}
        known = await self._archive.known(ids.values())
        for linkedid, call_id in list(ids.items()):
            if self._is_whole(linkedid, known.get(call_id)) or not _is_of_a_call(linkedid):
                del self._open[linkedid], ids[linkedid]
            elif self._in_progress(call_id):
                del ids[linkedid]
        if not ids:
            return
        # Whatever the controller noted of these calls is in the ledger by now: ask again when that is drained.
        async with asyncio.timeout(DRAIN_DEADLINE):
            await self._ledger.archived()
        known = await self._archive.known(ids.values())
        for linkedid, call_id in ids.items():
            if self._is_whole(linkedid, known.get(call_id)):
                continue
            events = await self._tell(self._open[linkedid], known.get(call_id), call_id)
            # Ends of recordings last: a recording is brought in when its end is told, with all who talked.
            for event in sorted(events, key=lambda event: event.kind is EventKind.RECORDING_ENDED):
                self._ledger.append(event)
        await self._ledger.durable()
        for linkedid in ids:
            del self._open[linkedid]

    def _is_whole(self, linkedid: bytes, known: KnownCall | None) -> bool:
        """Whether the record is closed already, and the dialplan never had the caller alone."""
        is_ended = known is not None and known.is_ended
        return is_ended and not any(mark in line for line in self._open[linkedid].lines for mark in _MARKS)

    async def _tell(self, history: _History, known: KnownCall | None, call_id: CallId) -> list[CallEvent]:
        events = history.events()
        if not events or is_announcement(events):
            return []
        recordings = {
            message_id: await asyncio.to_thread(inspect_recording, path)
            for message_id, path in self._message_files(events).items()
        }
        is_cut = history.ended_at is None
        witnessed = tell(events, recordings, is_cut=is_cut, names=self._names)
        told = await self._archive.story(call_id) if known else []
        added = missing(told, witnessed) if told else witnessed
        if added:
            kinds = [str(event.kind) for event in added]
            log.info("call_told_from_cel", call=str(call_id), was_known=bool(told), is_cut=is_cut, events=kinds)
        return added

    def _message_files(self, events: Sequence[CelEvent]) -> dict[str, Path]:
        files = {}
        for event in events:
            if event.type == MESSAGE_MARK:
                name = str(event.extra.get("extra", ""))
                try:
                    files[name] = self._folders.messages / f"{UUID(name)}.wav"
                except ValueError:
                    log.error("message_without_id", linkedid=event.linkedid)
        return files

    async def _sweep(self, now: datetime) -> None:
        """End calls that the ledger has without an end, nobody has in hand, and CEL has nothing of (a crash of the
        machine can lose CEL's last lines, never the ledger's)."""
        witnessed = {linkedid.decode("utf-8", "replace") for linkedid in self._open}
        for call_id, call in (await self._archive.open_calls(now - SWEEP)).items():
            if self._in_progress(call_id) or call.linkedid in witnessed:
                continue
            async with asyncio.timeout(DRAIN_DEADLINE):
                await self._ledger.archived()
            told = await self._archive.story(call_id)
            if told and all(event.kind is not EventKind.ENDED for event in told):
                log.warning("call_ended_without_witness", call=str(call_id))
                self._ledger.append(end_of_lost_call(told))


def _is_of_a_call(linkedid: bytes) -> bool:
    """Whether Asterisk made this id itself ("name-epoch.sequence"); a leg made by the controller has an id of ours."""
    epoch, _, sequence = linkedid.rpartition(b"-")[2].partition(b".")
    return epoch.isdigit() and sequence.isdigit()
