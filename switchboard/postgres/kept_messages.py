"""What callers said, made whole and safe on disk: from Asterisk's recordings to the folder of kept messages.

A recording lies where Asterisk writes it, under a name that means nothing to anybody else. Kept is a copy: made whole
(a crash leaves a header without lengths), joined where it has two pieces, written beside, fsynced, and only then given
its name. So what has a name in the folder of kept messages is complete.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import structlog

from switchboard.domain.voice_recording import VOICE, level_of
from switchboard.errors import MessageNotKept
from switchboard.folders import Folders
from switchboard.ports import KeptRecording
from switchboard.postgres.recording import Sound, read_sound, sync
from switchboard.postgres.spool import SpooledLedger

FILES = 1000  # so many more files must be possible
SETTLES = 2.0  # seconds that Postgres gets before a caller is told that the message is saved, which it is
ENDING = ".wav"

log = structlog.get_logger(__name__)


class KeptMessages:
    """Implements ports.Messages on the folders that Asterisk records in."""

    def __init__(self, folders: Folders, ledger: SpooledLedger, *, room: int) -> None:
        """`room`: bytes that must be free for a message to be promised: the setting messages_free_mb."""
        self._folders = folders
        self._ledger = ledger
        self._room = room

    def has_room(self) -> bool:
        """See ports.Messages. Nothing can be promised either while the ledger cannot write."""
        if self._ledger.problem is not None:
            return False
        try:
            disk = os.statvfs(self._folders.messages)
        except OSError as error:
            log.error("messages_have_no_folder", folder=str(self._folders.messages), error=str(error))
            return False
        # Some file systems make files as they are needed, and tell none.
        return disk.f_bavail * disk.f_frsize >= self._room and (disk.f_files == 0 or disk.f_favail >= FILES)

    async def keep(self, name: UUID, takes: Sequence[Sequence[UUID]]) -> KeptRecording | None:
        """See ports.Messages."""
        try:
            return await asyncio.to_thread(self._keep, name, takes)
        except OSError as error:
            log.error("message_not_kept", message=str(name), error=str(error))
            raise MessageNotKept(f"what was said cannot be written: {error.strerror or error}") from error

    async def discard(self, recordings: Sequence[UUID]) -> None:
        """See ports.Messages."""
        await asyncio.to_thread(self._discard, recordings)

    async def settled(self) -> None:
        """See ports.Messages."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLES):
                await self._ledger.archived()

    @property
    def folder(self) -> Path:
        """Of kept messages."""
        return self._folders.kept_messages

    def path_of(self, name: UUID) -> Path:
        """Where a message is kept: here if the controller took it, where it was recorded if the safety net did."""
        kept = self._folders.kept_messages / f"{name}{ENDING}"
        return kept if kept.exists() else self._folders.messages / f"{name}{ENDING}"

    def on_disk(self) -> list[UUID]:
        """Under which names anything lies here, kept or recorded."""
        found = set()
        for folder in (self._folders.kept_messages, self._folders.messages):
            for path in folder.glob(f"*{ENDING}"):
                with suppress(ValueError):
                    found.add(UUID(path.stem))
        return sorted(found)

    def remove(self, name: UUID) -> None:
        """Of a message that Postgres has: its file goes, wherever it lies."""
        path = self.path_of(name)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("original_not_removed", message=str(name), error=str(error))

    def _keep(self, name: UUID, takes: Sequence[Sequence[UUID]]) -> KeptRecording | None:
        target = self._folders.kept_messages / f"{name}{ENDING}"
        if (kept := _kept(target)) is not None:
            return kept
        for take in takes:
            pieces = [piece for each in take if (piece := read_sound(self._recording(each))) is not None]
            sound = _joined(pieces)
            if sound is not None and level_of(sound.samples, sound.rate) > VOICE:
                _write(target, sound)
                return _kept(target)
        return _kept(target)  # somebody else may have kept it meanwhile, and removed the recordings

    def _discard(self, recordings: Sequence[UUID]) -> None:
        for each in recordings:
            try:
                self._recording(each).unlink(missing_ok=True)
            except OSError as error:
                log.warning("recording_not_removed", recording=str(each), error=str(error))

    def _recording(self, name: UUID) -> Path:
        return self._folders.messages / f"{name}{ENDING}"


def _joined(pieces: Sequence[Sound]) -> Sound | None:
    if not pieces:
        return None
    rate = pieces[0].rate
    return Sound(rate, b"".join(piece.samples for piece in pieces if piece.rate == rate))


def _kept(path: Path) -> KeptRecording | None:
    sound = read_sound(path)
    if sound is None:
        return None
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return KeptRecording(timedelta(seconds=sound.seconds), level_of(sound.samples, sound.rate), sha256)


def _write(target: Path, sound: Sound) -> None:
    """Write it beside, sync it, give it its name: whatever happens, all of it has that name, or nothing has."""
    beside = target.with_name(f".{uuid4()}.part")
    owner = target.parent.stat()
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            if os.geteuid() == 0:
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)  # Asterisk plays it to whom it is for
            file.write(sound.as_wav())
            file.flush()
            os.fsync(file.fileno())
        beside.rename(target)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync(target.parent)
