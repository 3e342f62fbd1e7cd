"""Where messages are kept, for exploring: there is room or not, and what was said is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from switchboard.flows.forking_call import ForkingCall
from switchboard.ports import KeptRecording


class ForkingMessages:
    """Implements ports.Messages for one run."""

    def __init__(self, call: ForkingCall) -> None:
        self._call = call

    def has_room(self) -> bool:
        """See ports.Messages."""
        return self._call.fork((True, False))

    async def keep(self, name: UUID, takes: Sequence[Sequence[UUID]]) -> KeptRecording | None:
        """See ports.Messages."""
        for take in takes:
            recorded = [self._call.recordings[each] for each in take if each in self._call.recordings]
            if any(each.has_voice for each in recorded):
                return KeptRecording(sum((each.duration for each in recorded), timedelta()), recorded[0].level, "")
        return None

    async def discard(self, recordings: Sequence[UUID]) -> None:
        """See ports.Messages."""

    async def settled(self) -> None:
        """See ports.Messages."""
