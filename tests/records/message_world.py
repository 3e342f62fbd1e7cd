"""The parts of a controller that see to messages, without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np

from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.folders import Folders
from switchboard.postgres.filing import GIVEN_UP, Filing
from switchboard.postgres.kept_messages import KeptMessages
from switchboard.postgres.message_sound import A_LAW_VALUES
from switchboard.postgres.recording import Sound
from switchboard.postgres.spool import SpooledLedger
from switchboard.testing.manual_clock import ManualClock
from tests.flows.playing import EXAMPLE, PROMPTS
from tests.records.telling import NOON, archived, draining, ledger_at

RATE = 8000
LATER = NOON + GIVEN_UP + timedelta(minutes=2)


def tone(seconds: float, hertz: float = 440, level: float = 0.3) -> Sound:
    """As G.711 has it: every sample is one that A-law knows."""
    wanted = np.sin(np.arange(int(seconds * RATE)) * 2 * np.pi * hertz / RATE) * level * 32767
    known = np.sort(A_LAW_VALUES)
    nearest = known[np.clip(np.searchsorted(known, wanted), 0, len(known) - 1)]
    return Sound(RATE, nearest.astype("<i2").tobytes())


@cache
def example() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


@dataclass
class World:
    """The parts of a controller that see to messages."""

    folders: Folders
    ledger: SpooledLedger
    messages: KeptMessages
    dsn: str
    clock: ManualClock

    def recorded(self, name: UUID, sound: Sound, *, is_cut: bool = False) -> None:
        """A recording of Asterisk's; its lengths are zero where it was killed."""
        data = bytearray(sound.as_wav())
        if is_cut:
            data[4:8] = data[40:44] = bytes(4)
        (self.folders.messages / f"{name}.wav").write_bytes(data)

    def recordings(self) -> list[str]:
        return sorted(path.stem for path in self.folders.messages.iterdir())

    def kept(self) -> list[str]:
        return sorted(path.name for path in self.folders.kept_messages.iterdir())

    async def file(self, *, in_progress: bool = False, keep_originals: bool = True) -> None:
        configuration = example()
        filing = Filing(
            self.dsn,
            self.messages,
            self.ledger,
            self.clock,
            in_progress=lambda call_id: in_progress,
            organisation=lambda: configuration.organisation,
            hours=lambda: configuration.hours,
            keep_originals=keep_originals,
        )
        connection = await asyncpg.connect(self.dsn, timeout=10)
        try:
            async with draining(self.ledger, self.dsn):
                await archived(self.ledger)
                await filing.file(connection)
                await archived(self.ledger)
                await filing.file(connection)
        finally:
            await connection.close(timeout=10)

    async def rows(self, query: str = "select * from messages order by id") -> list[Mapping[str, Any]]:
        connection = await asyncpg.connect(self.dsn, timeout=10)
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close(timeout=10)


@asynccontextmanager
async def world_at(folder: Path, dsn: str) -> AsyncIterator[World]:
    folders = Folders(folder, folder, folder / "cache")
    for each in (folders.messages, folders.kept_messages):
        each.mkdir(parents=True, exist_ok=True)
    with ledger_at(folders.ledger) as ledger:
        yield World(folders, ledger, KeptMessages(folders, ledger, room=1), dsn, ManualClock(LATER))
