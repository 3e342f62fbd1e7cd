"""A message whose time is over is gone: rows, mail that waits, files; that there was one stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from switchboard.domain.message import MessageKind, Part, part_of
from switchboard.domain.retention import Retention
from switchboard.errors import RecordsUnreachable
from switchboard.folders import Folders
from switchboard.postgres.message_erasure import MessageErasure
from switchboard.postgres.outbox import PostgresOutbox
from switchboard.testing.manual_clock import ManualClock
from tests.mail.messages import RECORDED, connected, history, left
from tests.postgres_fixture import free_port

KEEP = Retention({MessageKind.VOICEMAIL: timedelta(days=365)})


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    folders = Folders(tmp_path, tmp_path, tmp_path)
    for folder in (folders.messages, folders.kept_messages):
        folder.mkdir(parents=True)
    return folders


def files(folders: Folders, message_id: UUID) -> list[Path]:
    """As a message leaves them."""
    paths = [
        folders.kept_messages / f"{message_id}.wav",
        folders.messages / f"{message_id}.wav",
        folders.messages / f"{part_of(message_id, Part.WHO)}.wav",
    ]
    for path in paths:
        path.write_bytes(b"RIFF")
    return paths


async def test_what_is_too_old_is_erased_to_the_last_file(dsn: str, folders: Folders) -> None:
    old = await left(dsn, kinds=("email", "webhook"), transcript="Tere", transcript_by="machine")
    young = await left(dsn, recorded_at=RECORDED + timedelta(days=2))
    of_old, of_young = files(folders, old), files(folders, young)
    clock = ManualClock(RECORDED + timedelta(days=364))
    erasure = MessageErasure(lambda: dsn, folders, clock, lambda: KEEP)
    assert await erasure.once() == 0
    clock.pass_time(timedelta(days=2))
    assert await erasure.once() == 1
    assert await erasure.once() == 0
    assert not any(path.exists() for path in of_old)
    assert all(path.exists() for path in of_young)
    async with connected(dsn) as connection:
        row = await connection.fetchrow("select * from messages where id = $1", old)
        assert row is not None
        assert (row["caller_number"], row["caller_name"], row["transcript"]) == ("", "", None)
        assert row["erased_at"] is not None
        for table in ("message_audio", "outbox"):
            assert await connection.fetchval(f"select count(*) from {table} where message_id = $1", old) == 0
            assert await connection.fetchval(f"select count(*) from {table} where message_id = $1", young) == 1
    ((what, detail),) = await history(dsn, old)
    assert (what, detail["why"]) == ("erased", "kept as long as organisation.yaml says")
    async with PostgresOutbox(dsn) as outbox:
        assert await outbox.message(old, with_sound=True) is None


async def test_what_cannot_be_removed_keeps_its_row_and_holds_up_no_other(dsn: str, folders: Folders) -> None:
    stuck, other = await left(dsn), await left(dsn)
    path = folders.kept_messages / f"{stuck}.wav"
    path.mkdir()
    erasure = MessageErasure(lambda: dsn, folders, ManualClock(RECORDED + timedelta(days=400)), lambda: KEEP)
    assert await erasure.once() == 1
    assert [what for what, _ in await history(dsn, other)] == ["erased"]
    assert await history(dsn, stuck) == []
    path.rmdir()
    assert await erasure.once() == 1


async def test_kinds_that_are_not_named_are_kept(dsn: str, folders: Folders) -> None:
    message_id = await left(dsn)
    keep = Retention({MessageKind.SAFETY_NET: timedelta(days=1)})
    erasure = MessageErasure(lambda: dsn, folders, ManualClock(RECORDED + timedelta(days=4000)), lambda: keep)
    assert await erasure.once() == 0
    assert await history(dsn, message_id) == []


async def test_postgres_away_is_told(folders: Folders) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/x"
    erasure = MessageErasure(lambda: url, folders, ManualClock(RECORDED + timedelta(days=400)), lambda: KEEP)
    with pytest.raises(RecordsUnreachable):
        await erasure.once()
