"""Messages in memory: of scripted calls, whose recordings are known by what the caller's script says."""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping, Sequence
from datetime import timedelta
from uuid import UUID

from switchboard.domain.voice_recording import Recorded
from switchboard.errors import MessageNotKept
from switchboard.ports import KeptRecording


class InMemoryMessages:
    """Implements ports.Messages. `recordings` are those of the call; `room` says whether there is any, and `refuses`
    why the disk does."""

    def __init__(self, recordings: MutableMapping[UUID, Recorded] | None = None) -> None:
        self.recordings: MutableMapping[UUID, Recorded] = recordings if recordings is not None else {}
        self.kept: dict[UUID, KeptRecording] = {}
        self.discarded: list[UUID] = []
        self.room = True
        self.refuses = ""

    def has_room(self) -> bool:
        """See ports.Messages."""
        return self.room

    async def keep(self, name: UUID, takes: Sequence[Sequence[UUID]]) -> KeptRecording | None:
        """See ports.Messages."""
        if self.refuses:
            raise MessageNotKept(self.refuses)
        if name in self.kept:
            return self.kept[name]
        for take in takes:
            recorded = [self.recordings[each] for each in take if each in self.recordings]
            if any(each.has_voice for each in recorded):
                duration = sum((each.duration for each in recorded), timedelta())
                sha256 = hashlib.sha256(name.bytes).hexdigest()
                self.kept[name] = KeptRecording(duration, max(each.level for each in recorded), sha256)
                return self.kept[name]
        return None

    async def discard(self, recordings: Sequence[UUID]) -> None:
        """See ports.Messages."""
        self.discarded += recordings
        for name in recordings:
            self.recordings.pop(name, None)

    async def settled(self) -> None:
        """See ports.Messages."""
