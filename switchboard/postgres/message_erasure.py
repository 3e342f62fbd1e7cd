"""Messages are erased when their time is over: what was said, who said it, what is still to be sent, every file.

Files go first: a row without files is found again by whoever goes on after a crash, files without a row are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid5

import structlog

from switchboard.domain.message import MessageKind, Part, part_of, recordings_of
from switchboard.domain.retention import Retention
from switchboard.errors import RecordsUnreachable
from switchboard.folders import Folders
from switchboard.ports import Clock
from switchboard.postgres.mailboxes import HEARD
from switchboard.postgres.messages import PostgresMessages

log = structlog.get_logger(__name__)

EVERY = 3600.0  # seconds
AT_ONCE = 200
SENT_KEPT = timedelta(days=30)  # what was sent, to which address; and from where PINs were tried
PARTS = (*(part.value for part in Part), "introduction")  # as message_audio calls them
WHO, WHY = "switchboard", "kept as long as organisation.yaml says"


class MessageErasure:
    """The task that erases what `keep` of organisation.yaml lets go; `keep` as it is now."""

    def __init__(
        self, database_url: Callable[[], str], folders: Folders, clock: Clock, keep: Callable[[], Retention]
    ) -> None:
        self._database_url, self._folders, self._clock, self._keep = database_url, folders, clock, keep
        self.problem: str | None = None

    async def run(self) -> None:
        """Erase now and every hour, until cancelled."""
        while True:
            try:
                await self.once()
                self.problem = None
            except RecordsUnreachable as error:
                self.problem = str(error)
            await asyncio.sleep(EVERY if self.problem is None else 60.0)

    async def once(self) -> int:
        """Erase all whose time is over; how many those were. Raises RecordsUnreachable."""
        now, count = self._clock.now(), 0
        async with PostgresMessages(self._database_url()) as messages:
            await messages.forget_before(now - SENT_KEPT)
            for kind in MessageKind:
                before = self._keep().erased_before(kind, now)
                refused: set[UUID] = set()
                while before is not None:
                    found = [each for each in await messages.expired(kind, before, AT_ONCE) if each not in refused]
                    if not found:
                        break
                    for message in found:
                        if problems := await asyncio.to_thread(remove_files, self._folders, message):
                            log.error("message_not_erased", message=str(message), problems=problems)
                            refused.add(message)
                        elif await messages.erase(message, WHO, WHY):
                            count += 1
        if count:
            log.info("messages_erased", messages=count)
        return count


def files_of(folders: Folders, message: UUID) -> list[Path]:
    """Where anything said in a message can lie on this machine's disk."""
    names = {message, *recordings_of(message), *(part_of(message, part) for part in Part)}
    heard = {uuid5(message, f"heard {part}") for part in PARTS}
    places = [(folders.kept_messages, names), (folders.messages, names), (folders.messages / HEARD, heard)]
    return [folder / f"{name}.wav" for folder, of_it in places for name in of_it]


def remove_files(folders: Folders, message: UUID) -> list[str]:
    """Remove all that lies on this machine's disk; what could not be, in a line each."""
    left = []
    for path in files_of(folders, message):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            left.append(f"{path}: cannot be removed: {error.strerror}")
    return left
