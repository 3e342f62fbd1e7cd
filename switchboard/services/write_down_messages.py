"""Has a machine write down what was said in messages, one after the other, after they are saved. Delays nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from switchboard.domain.transcript import Transcript, time_for
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Clock, Recogniser, Transcripts

log = structlog.get_logger(__name__)

LOOK = 2.0  # seconds between two looks for a message
NOT_OLDER = timedelta(days=2)  # whoever installs a recogniser does not want years written down


class WritingDown:
    """The task that does it. Each message is tried once."""

    def __init__(self, transcripts: Transcripts, recogniser: Recogniser, clock: Clock) -> None:
        self._transcripts, self._recogniser, self._clock = transcripts, recogniser, clock
        self.problem: str | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                if await self.once():
                    continue
            except RecordsUnreachable as error:
                self.problem = str(error)
            await asyncio.sleep(LOOK)

    async def once(self) -> bool:
        """Write down one message; False if none waits. Raises RecordsUnreachable."""
        waiting = await self._transcripts.next(self._clock.now() - NOT_OLDER)
        if waiting is None:
            return False
        found = await self._recogniser.written_down(waiting.wav, waiting.language, time_for(waiting.seconds))
        self.problem = None if isinstance(found, Transcript) else found
        if not isinstance(found, Transcript):
            log.error("message_not_written_down", message=str(waiting.message), problem=found)
        await self._transcripts.keep(waiting.message, found, self._clock.now())
        return True
