"""A message whose time is over is gone: rows, mail that waits, files; that there was one stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from switchboard.domain.message import MessageKind, Part, part_of
from switchboard.domain.retention import Retention
from switchboard.errors import RecordsUnreachable
from switchboard.folders import Folders
from switchboard.postgres.message_erasure import SENT_KEPT, MessageErasure, files_of
from switchboard.postgres.outbox import PostgresOutbox
from switchboard.testing.manual_clock import ManualClock
from tests.mail.mail_server import smtp_server
from tests.mail.messages import RECORDED, SOUND, connected, history, left, notice
from tests.mail.test_mail_is_passed_on import passed_on
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


async def test_what_was_sent_is_forgotten_after_a_month(dsn: str, folders: Folders) -> None:
    await left(dsn, recorded_at=RECORDED)
    async with connected(dsn) as connection:
        await connection.execute("update outbox set done_at = now(), outcome = 'sent'")
        await notice(connection, None, "email", "mailbox_locked", person="mari")
        await connection.execute("insert into mailbox_tries (extension, at, caller) values ('101', now(), '+372555')")
        for days, sent, tried in ((SENT_KEPT.days - 1, 1, 1), (SENT_KEPT.days + 1, 0, 0)):
            clock = ManualClock(datetime.now(UTC) + timedelta(days=days))
            await MessageErasure(lambda: dsn, folders, clock, Retention).once()
            assert await connection.fetchval("select count(*) from outbox where done_at is not null") == sent
            assert await connection.fetchval("select count(*) from mailbox_tries") == tried
        assert await connection.fetchval("select what from (select payload ->> 'what' as what from outbox) as waiting")


async def test_a_history_is_not_rewritten(dsn: str) -> None:
    message_id = await left(dsn)
    async with connected(dsn) as connection:
        await connection.execute(
            "insert into message_events (id, message_id, who, what, detail) values"
            ' (gen_random_uuid(), $1, \'x\', \'sent\', \'{"to": "a@b", "by": "email"}\'),'
            " (gen_random_uuid(), $1, 'x', 'assigned', '{\"to\": \"mari\"}')",
            message_id,
        )
        for change in ("who = 'y'", "detail = '{}'", "detail = detail - 'to'", "what = 'done'", "at = now()"):
            with pytest.raises(asyncpg.RaiseError, match="append-only"):
                await connection.execute(f"update message_events set {change}")
        for rewritten in ("delete from message_events", "truncate message_events"):
            with pytest.raises(asyncpg.RaiseError, match="append-only"):
                await connection.execute(rewritten)


NEEDLE = "Haystack-Needle"


async def test_erased_is_erased_everywhere(dsn: str, folders: Folders, tmp_path: Path) -> None:
    """A needle in each thing that belongs to a message, its audio, transcript, mail, spool and files, is found before
    and nowhere after: not in any table, not in any file of the state folder."""
    number, sound = "+37255987654", b"RIFF" + NEEDLE.encode() + b"audio"
    needles = {part: f"{NEEDLE}-{part}" for part in ("transcript", "name", "client", "code")}
    message_id = await left(
        dsn,
        kinds=("email", "webhook"),
        transcript=needles["transcript"],
        transcript_by="machine",
        caller_name=needles["name"],
        client_name=needles["client"],
        client_code=needles["code"],
        caller_number=number,
    )
    for path in files_of(folders, message_id):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(sound)
    clock = ManualClock(datetime.now(UTC) + timedelta(seconds=5))
    async with connected(dsn) as connection:
        for part in ("who", "about", "introduction"):
            await connection.execute(
                "insert into message_audio (message_id, part, content, sha256, seconds)"
                " values ($1, $2, $3::bytea, encode(sha256($3::bytea), 'hex'), 1)",
                *(message_id, part, sound),
            )
        async with smtp_server() as server:
            server.to_rcpt += ["550 5.1.1 <mari@example.net> is nobody here"]
            await passed_on(dsn, clock, server)
        await notice(connection, message_id, "email", "escalated", to="mari")
        ((_, detail),) = await history(dsn, message_id)
        assert "mari@example.net" in detail["to"]
        assert "mari@example.net" in detail["told"]
        sought = [*needles.values(), number, "mari@example.net", sound.hex(), SOUND.hex()]
        assert [each for each in sought if each not in await everything(connection)] == []
        assert NEEDLE.encode() in contents(tmp_path)
        clock.move_to(RECORDED + timedelta(days=400))
        assert await MessageErasure(lambda: dsn, folders, clock, lambda: KEEP).once() == 1
        left_over = await everything(connection)
        assert [each for each in (*sought, NEEDLE) if each in left_over] == []
        assert NEEDLE.encode() not in contents(tmp_path)
    assert [what for what, _ in await history(dsn, message_id)] == ["undelivered", "erased"]


async def everything(connection: asyncpg.Connection[asyncpg.Record]) -> str:
    """Every row of every table, as text; bytes as hexadecimal digits."""
    tables = await connection.fetch("select quote_ident(tablename) as name from pg_tables where schemaname = 'public'")
    rows = [row[0] for table in tables for row in await connection.fetch(f"select t::text from {table['name']} as t")]
    return "\n".join(rows)


def contents(folder: Path) -> bytes:
    """Of every file in it."""
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
