"""Mailboxes in Postgres: what is in which, who wins, what is noted, and that guessing PINs is stopped."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import numpy as np
import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from switchboard.domain.mailbox_menu import GreetingKind, Mailbox, MailboxSettings
from switchboard.domain.message import MessageState
from switchboard.domain.pin import LOCKED_FOR, WITHIN, WRONG_OF_ALL, WRONG_OF_CALLER, WRONG_OF_MAILBOX, Admission
from switchboard.errors import RecordsUnreachable
from switchboard.machine.postgres_server import PostgresServer
from switchboard.ports import Hearer
from switchboard.postgres import slow_hash
from switchboard.postgres.mailboxes import PostgresMailboxes
from switchboard.postgres.message_sound import playable
from switchboard.postgres.migrate import migrate
from switchboard.testing.manual_clock import ManualClock
from tests.postgres_fixture import fresh_database

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
PIN, WRONG = "837195", "837196"
MARI = Mailbox("101", "mari", ("sales",))
JAAN = Mailbox("102", "jaan", ("sales",))
RECEPTION = Mailbox("100", "", ("reception",), is_reception=True)
AT_DESK = Hearer("Mari Tamm", "desk phone 101", "101")
OUTSIDE = Hearer("somebody", "+37255501234", "101")


def sound(seconds: float = 0.5) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(seconds * 8000) * 2))
    return made.getvalue()


class Database:
    """What a test puts in and looks at."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self.connection = connection

    async def message(self, audio: bytes | None = None, **about: object) -> UUID:
        row = {"id": uuid4(), "call_id": uuid4(), "recorded_at": NOON, "seconds": 0.5, "file": "a.wav", **about}
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await self.connection.execute(f"insert into messages ({', '.join(row)}) values ({places})", *row.values())
        if audio is not None:
            await self.connection.execute(
                "insert into message_audio values ($1, 'body', $2::bytea, encode(sha256($2::bytea), 'hex'),"
                " 'audio/wav', 0.5)",
                row["id"],
                audio,
            )
        return UUID(str(row["id"]))

    async def column(self, query: str, *arguments: object) -> list[object]:
        return [row[0] for row in await self.connection.fetch(query, *arguments)]

    async def history(self, message: UUID) -> list[object]:
        return await self.column("select what from message_events where message_id = $1 order by at, what", message)


@pytest_asyncio.fixture(scope="module")
async def dsn(postgres_server: PostgresServer) -> str:
    """One database for the module: making one takes longer than a test."""
    url = await fresh_database(postgres_server.url)
    await migrate(url)
    return url


@pytest_asyncio.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    connection = await asyncpg.connect(dsn, timeout=10)
    yield Database(connection)
    async with connection.transaction():
        await connection.execute("set local session_replication_role = replica")  # histories are append-only
        await connection.execute("delete from message_events; delete from mailbox_events; delete from outbox")
        await connection.execute("delete from message_audio; delete from messages; delete from mailbox_tries")
        await connection.execute("delete from mailboxes; delete from mailbox_greetings")
    await connection.close(timeout=10)


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted does not depend on how long a hash takes."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(slow_hash, "_hasher", quick)
    monkeypatch.setattr(slow_hash, "_NOBODYS", quick.hash("nobody's"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest_asyncio.fixture
async def mailboxes(
    dsn: str, database: Database, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[PostgresMailboxes]:
    owners = {"101": "mari", "102": "jaan"}
    made = PostgresMailboxes(dsn, tmp_path, clock, lambda extension: owners.get(extension, ""))
    yield made
    await made.close()


async def test_what_lies_in_which_mailbox(database: Database, mailboxes: PostgresMailboxes) -> None:
    own = await database.message(person="mari", urgent=True)
    taken = await database.message(department="sales", owner="mari", state="in_hand")
    handed_over = await database.message(person="mari", owner="jaan")
    common = await database.message(department="sales")
    nobodys = await database.message()
    await database.message(person="mari", state="done")
    await database.message(person="mari", erased_at=NOON)

    async def inside(mailbox: Mailbox) -> set[UUID]:
        return {each.id for each in await mailboxes.messages(mailbox)}

    assert await inside(MARI) == {own, taken, common}
    assert await inside(JAAN) == {common, handed_over}
    assert await inside(RECEPTION) == {nobodys}
    (found,) = [each for each in await mailboxes.messages(MARI) if each.id == own]
    assert (found.is_new, found.is_urgent, found.person, found.length) == (True, True, "mari", timedelta(seconds=0.5))


async def test_what_is_done_to_a_message_is_its_history(database: Database, mailboxes: PostgresMailboxes) -> None:
    message = await database.message(sound(), person="mari")
    await mailboxes.heard(message, MessageState.HEARD, AT_DESK)
    await mailboxes.set_state(message, MessageState.DONE, AT_DESK)
    assert await mailboxes.messages(MARI) == []
    await mailboxes.set_state(message, MessageState.HEARD, AT_DESK)
    assert sorted(map(str, await database.history(message))) == ["done", "heard", "reopened"]
    (detail,) = await database.column("select detail from message_events where what = 'heard'")
    assert json.loads(str(detail)) == {"from": "desk phone 101"}


async def test_of_two_who_take_a_message_one_wins(database: Database, mailboxes: PostgresMailboxes) -> None:
    message = await database.message(department="sales")
    won = await asyncio.gather(*(mailboxes.take(message, who, AT_DESK) for who in ("mari", "jaan") * 3))
    assert won.count(True) == 1
    assert await database.column("select owner from messages") == [("mari", "jaan")[won.index(True) % 2]]
    assert await database.history(message) == ["taken"]


async def test_it_is_forwarded_with_an_introduction(
    database: Database, mailboxes: PostgresMailboxes, tmp_path: Path
) -> None:
    message = await database.message(sound(), person="mari", caller_number="+37255501234")
    introduction = uuid4()
    (tmp_path / f"{introduction}.wav").write_bytes(sound(1))
    await mailboxes.forward(message, "jaan", introduction, AT_DESK)
    (copy,) = await mailboxes.messages(JAAN)
    assert (copy.parts, copy.caller_number, copy.is_new) == ({"body", "introduction"}, "+37255501234", True)
    introduced = await mailboxes.sound(copy.id, "introduction")
    assert introduced is not None
    assert introduced.lasts == timedelta(seconds=1)
    assert not (tmp_path / f"{introduction}.wav").exists()
    assert await database.history(copy.id) == ["saved"]
    assert await database.history(message) == ["forwarded"]
    kinds = await database.column("select kind from outbox where message_id = $1 order by kind", copy.id)
    assert kinds == ["email", "webhook"]


async def test_a_sound_is_there_while_it_is_heard(
    database: Database, mailboxes: PostgresMailboxes, tmp_path: Path
) -> None:
    message = await database.message(sound(), person="mari")
    assert await mailboxes.sound(message, "who") is None
    found = await mailboxes.sound(message, "body")
    assert found is not None
    file = tmp_path / f"{found.recording.file}.wav"
    assert file.read_bytes() == sound()
    await mailboxes.release([found])
    assert not file.exists()
    await mailboxes.sound(message, "body")
    await mailboxes.settle()  # as at a start: nobody hears anything
    assert not file.exists()


def test_compressed_sounds_are_made_playable() -> None:
    codes = np.arange(256, dtype=np.uint8)
    for tag, loudest, quietest in ((7, 32124, 0), (6, 32256, 8)):
        head = b"RIFF\0\0\0\0WAVEfmt " + (16).to_bytes(4, "little") + tag.to_bytes(2, "little") + b"\1\0"
        head += (8000).to_bytes(4, "little") + (8000).to_bytes(4, "little") + b"\1\0\x08\0"
        made = playable(head + b"data" + (256).to_bytes(4, "little") + codes.tobytes())
        with wave.open(io.BytesIO(made)) as file:
            samples = np.frombuffer(file.readframes(256), "<i2")
        assert (samples.max(), samples.min(), np.abs(samples).min()) == (loudest, -loudest, quietest)
        assert len({*samples.tolist()}) >= 255
    with pytest.raises(ValueError, match="no WAV file"):
        playable(b"ID3 something else")


async def test_a_greeting_is_kept_and_given_back(
    database: Database, mailboxes: PostgresMailboxes, dsn: str, tmp_path: Path, clock: ManualClock
) -> None:
    recording = uuid4()
    (tmp_path / f"{recording}.wav").write_bytes(sound(2))
    assert mailboxes.greeting_of("mari", GreetingKind.BUSY) is None
    await mailboxes.set_greeting("mari", GreetingKind.BUSY, recording, AT_DESK)
    greeting = mailboxes.greeting_of("mari", GreetingKind.BUSY)
    assert greeting is not None
    assert greeting.lasts == timedelta(seconds=2)
    assert await mailboxes.greetings("mari") == {GreetingKind.BUSY: greeting}
    file = tmp_path / f"{greeting.recording.file}.wav"

    later = PostgresMailboxes("postgresql://nobody@127.0.0.1:1/nothing", tmp_path, clock, lambda extension: "")
    assert later.greeting_of("mari", GreetingKind.BUSY) == greeting  # though Postgres is away
    file.unlink()
    restored = PostgresMailboxes(dsn, tmp_path, clock, lambda extension: "")
    await restored.settle()
    assert file.read_bytes() == sound(2)
    await restored.drop_greeting("mari", GreetingKind.BUSY, AT_DESK)
    assert restored.greeting_of("mari", GreetingKind.BUSY) is None
    assert not file.exists()
    await restored.close()
    what = await database.column("select what from mailbox_events order by at, what")
    assert what == ["greeting_dropped", "greeting_recorded"]


# PINs.


async def test_a_pin_admits_and_is_nowhere_to_be_read(database: Database, mailboxes: PostgresMailboxes) -> None:
    assert await mailboxes.admit("101", PIN, OUTSIDE) is Admission.WRONG  # there is none by itself
    await mailboxes.set_pin("101", PIN, AT_DESK)
    assert await mailboxes.admit("101", PIN, OUTSIDE) is Admission.ADMITTED
    assert await mailboxes.admit("101", WRONG, OUTSIDE) is Admission.WRONG
    assert await mailboxes.admit("102", PIN, OUTSIDE) is Admission.WRONG
    assert await mailboxes.settings_of("101") == MailboxSettings(has_pin=True)
    (kept,) = await database.column("select pin_hash from mailboxes where pin_hash is not null")
    assert str(kept).startswith("$argon2id$")
    tables = ("mailboxes", "mailbox_tries", "mailbox_events", "outbox")
    told = [str(await database.column(f"select {table}::text from {table}")) for table in tables]
    assert not [line for line in told if PIN in line or WRONG in line]


@pytest.mark.usefixtures("quick_hashes")
async def test_wrong_ones_lock_the_mailbox_and_its_owner_is_told(
    database: Database, mailboxes: PostgresMailboxes, clock: ManualClock, dsn: str, tmp_path: Path
) -> None:
    await mailboxes.set_pin("101", PIN, AT_DESK)
    for number in range(WRONG_OF_MAILBOX):
        assert not (await mailboxes.settings_of("101")).is_locked
        by = replace(OUTSIDE, whence=f"+3725550{number}")
        assert await mailboxes.admit("101", WRONG, by) is Admission.WRONG
    restarted = PostgresMailboxes(dsn, tmp_path, clock, lambda extension: "mari")
    assert await restarted.admit("101", PIN, replace(OUTSIDE, whence="")) is Admission.LOCKED
    await restarted.close()
    clock.move_to(NOON + 2 * WITHIN)
    assert await mailboxes.admit("101", PIN, OUTSIDE) is Admission.LOCKED
    told = await database.column("select payload from outbox where kind = 'email'")
    assert [json.loads(str(each))["what"] for each in told] == ["mailbox_locked"]
    assert json.loads(str(told[0]))["person"] == "mari"
    assert await mailboxes.opened("101", AT_DESK)  # at their own phone
    assert not await mailboxes.opened("101", AT_DESK)
    assert await mailboxes.admit("101", PIN, OUTSIDE) is Admission.ADMITTED
    what = {str(each) for each in await database.column("select what from mailbox_events where extension = '101'")}
    assert what == {"pin_set", "refused", "locked", "unlocked", "opened"}


@pytest.mark.usefixtures("quick_hashes")
async def test_a_lock_ends_by_itself(mailboxes: PostgresMailboxes, clock: ManualClock) -> None:
    await mailboxes.set_pin("101", PIN, AT_DESK)
    for _ in range(WRONG_OF_MAILBOX):
        await mailboxes.admit("101", WRONG, OUTSIDE)
    clock.move_to(NOON + LOCKED_FOR)
    assert await mailboxes.admit("101", PIN, OUTSIDE) is Admission.ADMITTED


@pytest.mark.usefixtures("quick_hashes")
async def test_a_right_one_in_between_forgives(mailboxes: PostgresMailboxes) -> None:
    await mailboxes.set_pin("101", PIN, AT_DESK)
    for number in range(WRONG_OF_MAILBOX + 2):
        by = replace(OUTSIDE, whence=f"+3725550{number}")
        if number == WRONG_OF_MAILBOX - 1:
            assert await mailboxes.admit("101", PIN, by) is Admission.ADMITTED
        assert await mailboxes.admit("101", WRONG, by) is Admission.WRONG


@pytest.mark.usefixtures("quick_hashes")
async def test_who_tries_at_once_has_no_more_tries(mailboxes: PostgresMailboxes) -> None:
    await mailboxes.set_pin("101", PIN, AT_DESK)
    callers = [replace(OUTSIDE, whence=f"+3725550{number}") for number in range(WRONG_OF_MAILBOX + 3)]
    came_out = await asyncio.gather(*(mailboxes.admit("101", WRONG, by) for by in callers))
    assert came_out.count(Admission.WRONG) == WRONG_OF_MAILBOX
    assert came_out.count(Admission.LOCKED) == 3


@pytest.mark.usefixtures("quick_hashes")
async def test_who_tries_many_mailboxes_is_shut_out(database: Database, mailboxes: PostgresMailboxes) -> None:
    await mailboxes.set_pin("101", PIN, AT_DESK)
    for number in range(WRONG_OF_CALLER):
        assert await mailboxes.admit(f"2{number:02}", WRONG, OUTSIDE) is Admission.WRONG
    assert await mailboxes.admit("101", PIN, OUTSIDE) is Admission.SHUT
    assert await mailboxes.admit("101", PIN, replace(OUTSIDE, whence="+37255509999")) is Admission.ADMITTED
    told = await database.column("select payload ->> 'what' from outbox")
    assert told == ["mailboxes_guessed_at"] * WRONG_OF_CALLER


@pytest.mark.usefixtures("quick_hashes")
async def test_many_callers_at_many_mailboxes_shut_it_for_all(
    database: Database, mailboxes: PostgresMailboxes, clock: ManualClock
) -> None:
    await mailboxes.set_pin("101", PIN, AT_DESK)
    await database.connection.execute(
        "insert into mailbox_tries (extension, at, caller)"
        " select 200 + n, $1, n::text from generate_series(1, $2::integer) as n",
        NOON,
        WRONG_OF_ALL,
    )
    assert await mailboxes.admit("101", PIN, OUTSIDE) is Admission.SHUT
    clock.move_to(NOON + WITHIN)
    assert await mailboxes.admit("101", PIN, OUTSIDE) is Admission.ADMITTED


@pytest.mark.usefixtures("quick_hashes")
async def test_at_the_own_phone_wrong_ones_are_counted_for_themselves(
    database: Database, mailboxes: PostgresMailboxes
) -> None:
    """Who guesses outside does not keep the owner out, and who guesses at the desk locks nothing outside."""
    await mailboxes.set_pin("101", PIN, AT_DESK)
    at_desk = replace(AT_DESK, at_desk=True)
    for _ in range(WRONG_OF_MAILBOX):
        await mailboxes.admit("101", WRONG, OUTSIDE)
    assert await mailboxes.admit("101", PIN, OUTSIDE) is Admission.LOCKED
    assert await mailboxes.admit("101", PIN, at_desk) is Admission.ADMITTED
    await mailboxes.pins.unlock("101", AT_DESK)
    for _ in range(WRONG_OF_MAILBOX):
        assert await mailboxes.admit("101", WRONG, at_desk) is Admission.WRONG
    assert await mailboxes.admit("101", PIN, at_desk) is Admission.LOCKED
    assert await database.column("select locked_until from mailboxes") == [None]


@pytest.mark.usefixtures("quick_hashes")
@pytest.mark.parametrize("dialled", ["", "*97", "1" * 30, "1'; drop table mailboxes; --"])
async def test_what_is_no_mailbox_is_wrong_like_any_other(mailboxes: PostgresMailboxes, dialled: str) -> None:
    assert await mailboxes.admit(dialled, PIN, OUTSIDE) is Admission.WRONG


@pytest.mark.usefixtures("quick_hashes")
async def test_without_postgres_it_says_so(tmp_path: Path, clock: ManualClock) -> None:
    nowhere = PostgresMailboxes("postgresql://nobody@127.0.0.1:1/nothing", tmp_path, clock, lambda extension: "")
    for asked in (nowhere.messages(MARI), nowhere.admit("101", PIN, OUTSIDE), nowhere.sound(uuid4(), "body")):
        with pytest.raises(RecordsUnreachable, match="mailboxes cannot be read or changed"):
            await asked
