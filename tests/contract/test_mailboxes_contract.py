"""What mailboxes promise, held against those in memory and those in Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from switchboard.domain.mailbox_menu import GreetingKind, InBox, Mailbox, MailboxSettings
from switchboard.domain.message import MessageState
from switchboard.domain.pin import WRONG_OF_MAILBOX, Admission
from switchboard.machine.postgres_server import PostgresServer
from switchboard.ports import Hearer, Mailboxes
from switchboard.postgres import slow_hash
from switchboard.postgres.mailboxes import PostgresMailboxes
from switchboard.postgres.migrate import migrate
from switchboard.testing.in_memory_mailboxes import InMemoryMailboxes
from switchboard.testing.manual_clock import ManualClock
from tests.postgres_fixture import fresh_database
from tests.records.message_world import tone

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
PIN, WRONG = "837195", "837196"
MARI = Mailbox("101", "mari", ("sales",))
JAAN = Mailbox("102", "jaan", ("sales",))
RECEPTION = Mailbox("100", "", ("reception",), is_reception=True)
AT_DESK = Hearer("Mari Tamm", "desk phone 101", "101", at_desk=True)
OUTSIDE = Hearer("somebody", "+37255501234", "101")
LASTS = timedelta(seconds=2)
GREETING = timedelta(seconds=5)


class MailboxesBench(Protocol):
    """Mailboxes, what lies in them, and what is noted."""

    mailboxes: Mailboxes

    async def message(self, *, person: str = "", department: str = "", owner: str = "") -> UUID:
        """Somebody has left one, of LASTS."""

    def recorded(self, name: UUID) -> None:
        """`Call.record` has recorded GREETING under this name."""

    async def noted(self) -> list[tuple[str, str]]:
        """Who did what, in the order it happened."""


class MemoryBench:
    def __init__(self) -> None:
        self.mailboxes = InMemoryMailboxes()

    async def message(self, *, person: str = "", department: str = "", owner: str = "") -> UUID:
        name = uuid4()
        self.mailboxes.put([InBox(name, NOON, LASTS, "+37255501234", person, department, owner)])
        return name

    def recorded(self, name: UUID) -> None:
        pass  # sounds in memory are only their lengths

    async def noted(self) -> list[tuple[str, str]]:
        return list(self.mailboxes.log)


class PostgresBench:
    def __init__(self, mailboxes: PostgresMailboxes, connection: asyncpg.Connection[asyncpg.Record], folder: Path):
        self.mailboxes, self._connection, self._folder = mailboxes, connection, folder

    async def message(self, *, person: str = "", department: str = "", owner: str = "") -> UUID:
        name = uuid4()
        await self._connection.execute(
            "insert into messages (id, call_id, recorded_at, seconds, file, caller_number, person, department, owner)"
            " values ($1, $2, $3, $4, 'a.wav', '+37255501234', nullif($5, ''), nullif($6, ''), nullif($7, ''))",
            *(name, uuid4(), NOON, LASTS.total_seconds(), person, department, owner),
        )
        await self._connection.execute(
            "insert into message_audio (message_id, part, content, sha256, seconds)"
            " values ($1, 'body', $2::bytea, encode(sha256($2::bytea), 'hex'), $3)",
            *(name, tone(LASTS.total_seconds()).as_wav(), LASTS.total_seconds()),
        )
        return name

    def recorded(self, name: UUID) -> None:
        (self._folder / f"{name}.wav").write_bytes(tone(GREETING.total_seconds()).as_wav())

    async def noted(self) -> list[tuple[str, str]]:
        rows = await self._connection.fetch(
            "select at, who, what from message_events union all select at, who, what from mailbox_events order by at"
        )
        return [(row["who"], row["what"]) for row in rows]


@pytest_asyncio.fixture(scope="module")
async def url(postgres_server: PostgresServer) -> str:
    """One database for the module: making one takes longer than a test."""
    url = await fresh_database(postgres_server.url)
    await migrate(url)
    return url


@pytest_asyncio.fixture(params=["in memory", "postgres"])
async def bench(
    request: pytest.FixtureRequest, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MailboxesBench]:
    if request.param == "in memory":
        yield MemoryBench()
        return
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(slow_hash, "_hasher", quick)
    monkeypatch.setattr(slow_hash, "_NOBODYS", quick.hash("nobody's"))
    connection = await asyncpg.connect(url, timeout=10)
    mailboxes = PostgresMailboxes(url, tmp_path, ManualClock(NOON), lambda extension: "mari")
    yield PostgresBench(mailboxes, connection, tmp_path)
    await mailboxes.close()
    async with connection.transaction():
        await connection.execute("set local session_replication_role = replica")  # histories are append-only
        for table in ("message_events", "mailbox_events", "outbox", "message_audio", "messages", "mailbox_tries"):
            await connection.execute(f"delete from {table}")
        await connection.execute("delete from mailboxes; delete from mailbox_greetings")
    await connection.close(timeout=10)


async def inside(bench: MailboxesBench, mailbox: Mailbox) -> dict[UUID, InBox]:
    return {each.id: each for each in await bench.mailboxes.messages(mailbox)}


async def test_what_lies_in_which(bench: MailboxesBench) -> None:
    own = await bench.message(person="mari")
    taken = await bench.message(department="sales", owner="mari")
    handed_over = await bench.message(person="mari", owner="jaan")
    common = await bench.message(department="sales")
    nobodys = await bench.message()
    assert set(await inside(bench, MARI)) == {own, taken, common}
    assert set(await inside(bench, JAAN)) == {common, handed_over}
    assert set(await inside(bench, RECEPTION)) == {nobodys}
    found = (await inside(bench, MARI))[own]
    assert (found.is_new, found.person, found.length, found.parts) == (True, "mari", LASTS, {"body"})


async def test_its_state_is_what_was_said_last_and_each_time_is_noted(bench: MailboxesBench) -> None:
    message = await bench.message(person="mari")
    await bench.mailboxes.heard(message, MessageState.HEARD, AT_DESK)
    assert (await inside(bench, MARI))[message].state is MessageState.HEARD
    await bench.mailboxes.set_state(message, MessageState.DONE, AT_DESK)
    assert await inside(bench, MARI) == {}
    await bench.mailboxes.set_state(message, MessageState.HEARD, AT_DESK)
    await bench.mailboxes.called_back(message, MessageState.IN_HAND, AT_DESK)
    assert (await inside(bench, MARI))[message].state is MessageState.IN_HAND
    noted = await bench.noted()
    assert sorted(noted) == [(AT_DESK.who, what) for what in ("called_back", "done", "heard", "reopened")]


async def test_of_two_who_take_it_at_once_one_has_it(bench: MailboxesBench) -> None:
    """Fifty times over: whoever it is, the other is told, and it is noted once."""
    for _ in range(50):
        message = await bench.message(department="sales")
        won = await asyncio.gather(*(bench.mailboxes.take(message, who, AT_DESK) for who in ("mari", "jaan")))
        assert sorted(won) == [False, True]
        winner, loser = (MARI, JAAN) if won[0] else (JAAN, MARI)
        found = (await inside(bench, winner))[message]
        assert (found.owner, found.state) == (winner.person, MessageState.IN_HAND)
        assert message not in await inside(bench, loser)
    assert [what for _, what in await bench.noted()] == ["taken"] * 50


async def test_what_is_done_nobody_takes(bench: MailboxesBench) -> None:
    message = await bench.message(department="sales")
    await bench.mailboxes.set_state(message, MessageState.DONE, AT_DESK)
    assert not await bench.mailboxes.take(message, "mari", AT_DESK)
    assert await inside(bench, MARI) == {}


async def test_a_forwarded_message_is_the_colleagues_too(bench: MailboxesBench) -> None:
    message, introduction = await bench.message(person="mari"), uuid4()
    await bench.mailboxes.heard(message, MessageState.HEARD, AT_DESK)
    bench.recorded(introduction)
    await bench.mailboxes.forward(message, "jaan", introduction, AT_DESK)
    (copy,) = (await inside(bench, JAAN)).values()
    assert copy.id != message
    assert (copy.is_new, copy.parts, copy.caller_number) == (True, {"body", "introduction"}, "+37255501234")
    assert set(await inside(bench, MARI)) == {message}
    assert (AT_DESK.who, "forwarded") in await bench.noted()


async def test_it_may_be_forwarded_twice(bench: MailboxesBench) -> None:
    message = await bench.message(person="mari")
    await bench.mailboxes.forward(message, "jaan", None, AT_DESK)
    await bench.mailboxes.forward(message, "jaan", None, AT_DESK)
    assert [each.parts for each in (await inside(bench, JAAN)).values()] == [{"body"}] * 2


async def test_a_part_that_was_not_said_has_no_sound(bench: MailboxesBench) -> None:
    message = await bench.message(person="mari")
    sound = await bench.mailboxes.sound(message, "body")
    assert sound is not None and sound.lasts == LASTS
    assert await bench.mailboxes.sound(message, "who") is None
    assert await bench.mailboxes.sound(uuid4(), "body") is None
    await bench.mailboxes.release([sound])


async def test_settings_are_what_was_set(bench: MailboxesBench) -> None:
    assert await bench.mailboxes.settings_of("101") == MailboxSettings()
    await bench.mailboxes.set_order("101", newest_first=True, by=AT_DESK)
    await bench.mailboxes.set_pin("101", PIN, AT_DESK)
    assert await bench.mailboxes.settings_of("101") == MailboxSettings(has_pin=True, newest_first=True)
    await bench.mailboxes.set_order("101", newest_first=False, by=AT_DESK)
    await bench.mailboxes.set_pin("101", "", AT_DESK)
    assert await bench.mailboxes.settings_of("101") == MailboxSettings()
    assert await bench.mailboxes.settings_of("102") == MailboxSettings()


async def test_a_greeting_is_the_one_recorded_last(bench: MailboxesBench) -> None:
    assert bench.mailboxes.greeting_of("mari", GreetingKind.BUSY) is None
    for _ in range(2):
        recording = uuid4()
        bench.recorded(recording)
        await bench.mailboxes.set_greeting("mari", GreetingKind.BUSY, recording, AT_DESK)
    greeting = bench.mailboxes.greeting_of("mari", GreetingKind.BUSY)
    assert greeting is not None and greeting.lasts == GREETING
    assert await bench.mailboxes.greetings("mari") == {GreetingKind.BUSY: greeting}
    assert bench.mailboxes.greeting_of("jaan", GreetingKind.BUSY) is None
    await bench.mailboxes.drop_greeting("mari", GreetingKind.BUSY, AT_DESK)
    await bench.mailboxes.drop_greeting("mari", GreetingKind.BUSY, AT_DESK)
    assert await bench.mailboxes.greetings("mari") == {}


async def test_a_pin_admits_from_outside(bench: MailboxesBench) -> None:
    assert await bench.mailboxes.admit("101", PIN, OUTSIDE) is Admission.WRONG  # there is none by itself
    assert await bench.mailboxes.admit("101", "", OUTSIDE) is Admission.WRONG
    await bench.mailboxes.set_pin("101", PIN, AT_DESK)
    assert await bench.mailboxes.admit("101", PIN, OUTSIDE) is Admission.ADMITTED
    assert await bench.mailboxes.admit("101", WRONG, OUTSIDE) is Admission.WRONG
    assert await bench.mailboxes.admit("102", PIN, OUTSIDE) is Admission.WRONG


async def test_wrong_ones_lock_it_for_outside_until_its_own_phone_opens_it(bench: MailboxesBench) -> None:
    await bench.mailboxes.set_pin("101", PIN, AT_DESK)
    for _ in range(WRONG_OF_MAILBOX):
        assert await bench.mailboxes.admit("101", WRONG, OUTSIDE) is Admission.WRONG
    assert await bench.mailboxes.admit("101", PIN, OUTSIDE) is Admission.LOCKED
    assert (await bench.mailboxes.settings_of("101")).is_locked
    assert await bench.mailboxes.admit("101", PIN, AT_DESK) is Admission.ADMITTED  # that door is another
    assert await bench.mailboxes.opened("101", AT_DESK)
    assert not await bench.mailboxes.opened("101", AT_DESK)
    assert await bench.mailboxes.admit("101", PIN, OUTSIDE) is Admission.ADMITTED
