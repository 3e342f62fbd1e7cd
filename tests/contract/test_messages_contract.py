"""What keeping messages promises, held against the one of scripted calls and the one on Asterisk's folders."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from switchboard.domain.voice_recording import SILENT, VOICE, Recorded, RecordingEnd
from switchboard.errors import MessageNotKept
from switchboard.folders import Folders
from switchboard.ports import Messages
from switchboard.postgres.kept_messages import KeptMessages
from switchboard.postgres.spool import SpooledLedger
from switchboard.testing.in_memory_messages import InMemoryMessages
from tests.records.message_world import tone
from tests.records.telling import ledger_at

LOUD = -13.0  # dBFS, of what is said


class MessagesBench(Protocol):
    """Somewhere messages are kept, and a caller who says something."""

    messages: Messages

    def says(self, name: UUID, seconds: float, *, silent: bool = False) -> None:
        """`Call.record` has recorded so much under this name."""

    def fills_up(self) -> None:
        """From now on there is no room."""

    def breaks(self) -> None:
        """From now on nothing can be written."""

    def mends(self) -> None:
        """It can again."""


class MemoryBench:
    def __init__(self) -> None:
        self._recordings: dict[UUID, Recorded] = {}
        self.messages = InMemoryMessages(self._recordings)

    def says(self, name: UUID, seconds: float, *, silent: bool = False) -> None:
        level = SILENT if silent else LOUD
        self._recordings[name] = Recorded(timedelta(seconds=seconds), level, RecordingEnd.SILENCE)

    def fills_up(self) -> None:
        self.messages.room = False

    def breaks(self) -> None:
        self.messages.refuses = "the disk is gone"

    def mends(self) -> None:
        self.messages.refuses = ""


class DiskBench:
    def __init__(self, folders: Folders, ledger: SpooledLedger) -> None:
        self._folders, self._ledger = folders, ledger
        self.messages = KeptMessages(folders, ledger, room=1)

    def says(self, name: UUID, seconds: float, *, silent: bool = False) -> None:
        sound = tone(seconds, level=0 if silent else 0.3)
        (self._folders.messages / f"{name}.wav").write_bytes(sound.as_wav())

    def fills_up(self) -> None:
        self.messages = KeptMessages(self._folders, self._ledger, room=1 << 60)

    def breaks(self) -> None:
        self._folders.kept_messages.rename(self._folders.kept_messages.with_name("away"))

    def mends(self) -> None:
        self._folders.kept_messages.with_name("away").rename(self._folders.kept_messages)


@pytest_asyncio.fixture(params=["in memory", "on disk"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MessagesBench]:
    if request.param == "in memory":
        yield MemoryBench()
        return
    folders = Folders(tmp_path, tmp_path, tmp_path / "cache")
    for each in (folders.messages, folders.kept_messages):
        each.mkdir(parents=True)
    with ledger_at(folders.ledger) as ledger:
        yield DiskBench(folders, ledger)
    shutil.rmtree(folders.asterisk_spool)


async def test_the_first_take_with_a_voice_is_kept(bench: MessagesBench) -> None:
    name, nothing, silent, said, before = (uuid4() for _ in range(5))
    bench.says(silent, 3, silent=True)
    bench.says(said, 2)
    bench.says(before, 4)
    kept = await bench.messages.keep(name, [[nothing], [silent], [said], [before]])
    assert kept is not None
    assert kept.duration == timedelta(seconds=2)
    assert kept.level > VOICE
    assert len(kept.sha256) == 64


async def test_a_take_in_pieces_is_one_message(bench: MessagesBench) -> None:
    first, rest = uuid4(), uuid4()
    bench.says(first, 3)
    bench.says(rest, 1, silent=True)
    kept = await bench.messages.keep(uuid4(), [[first, rest, uuid4()]])
    assert kept is not None and kept.duration == timedelta(seconds=4)


async def test_where_nothing_was_said_nothing_is_kept(bench: MessagesBench) -> None:
    name, silent = uuid4(), uuid4()
    bench.says(silent, 3, silent=True)
    assert await bench.messages.keep(name, [[silent], [uuid4()]]) is None
    assert await bench.messages.keep(name, []) is None


async def test_it_is_kept_once_whatever_comes_later(bench: MessagesBench) -> None:
    name, said, later = uuid4(), uuid4(), uuid4()
    bench.says(said, 2)
    kept = await bench.messages.keep(name, [[said]])
    bench.says(later, 5)
    assert await bench.messages.keep(name, [[later]]) == kept
    await bench.messages.discard([said, later])
    assert await bench.messages.keep(name, [[said]]) == kept  # it does not need the recordings


async def test_what_is_discarded_is_no_message_any_more(bench: MessagesBench) -> None:
    said = uuid4()
    bench.says(said, 2)
    await bench.messages.discard([said, uuid4()])
    assert await bench.messages.keep(uuid4(), [[said]]) is None


async def test_where_the_disk_refuses_the_recording_stays(bench: MessagesBench) -> None:
    name, said = uuid4(), uuid4()
    bench.says(said, 2)
    bench.breaks()
    with pytest.raises(MessageNotKept):
        await bench.messages.keep(name, [[said]])
    bench.mends()
    assert await bench.messages.keep(name, [[said]]) is not None


async def test_without_room_nothing_is_promised(bench: MessagesBench) -> None:
    assert bench.messages.has_room()
    bench.fills_up()
    assert not bench.messages.has_room()


async def test_it_is_settled_when_nothing_is_on_its_way(bench: MessagesBench) -> None:
    await bench.messages.settled()
