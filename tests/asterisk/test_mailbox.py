"""Messages heard by phone, on real telephones: what was said is what is heard."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import numpy as np
import pytest_asyncio

from switchboard.domain.mailbox_menu import GreetingKind
from switchboard.domain.pin import WRONG_OF_MAILBOX
from switchboard.ports import Hearer
from switchboard.postgres.mailboxes import GREETINGS, HEARD
from tests.asterisk.office import StoryOffice
from tests.asterisk_fixture import eventually
from tests.hearing import RATE, tone
from tests.phone_call import PhoneCall

LOW, HIGH, INTRODUCTION = 620.0, 1340.0, 980.0  # Hz
DEADLINE = 10.0
PIN = "837195"


def wav(frequency: float, seconds: float) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((tone(frequency, seconds) * 32767).astype(np.dtype("<i2")).tobytes())
    return made.getvalue()


class Messages:
    """Messages in Postgres, as somebody left them."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self.connection = connection

    async def leave(self, *sounds: tuple[float, float], person: str | None = "mari", **about: object) -> UUID:
        """One in which tones (Hz, seconds) follow each other."""
        identifier = uuid4()
        seconds = sum(length for _, length in sounds)
        samples = b"".join(wav(*each)[44:] for each in sounds)
        head = wav(LOW, seconds)[:44]
        row = {"id": identifier, "call_id": uuid4(), "recorded_at": datetime.now(UTC), "seconds": seconds}
        row |= {"file": f"{identifier}.wav", "person": person, "filed_at": datetime.now(UTC), **about}
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await self.connection.execute(f"insert into messages ({', '.join(row)}) values ({places})", *row.values())
        await self.connection.execute(
            "insert into message_audio (message_id, part, content, sha256, seconds)"
            " values ($1, 'body', $2::bytea, encode(sha256($2::bytea), 'hex'), $3)",
            identifier,
            head + samples,
            seconds,
        )
        return identifier

    async def state(self, identifier: UUID) -> str:
        return str(await self.connection.fetchval("select state from messages where id = $1", identifier))

    async def becomes(self, identifier: UUID, state: str) -> None:
        async def is_so() -> bool:
            return await self.state(identifier) == state

        await eventually(is_so, DEADLINE, f"the message is {state}")


@pytest_asyncio.fixture
async def messages(office: StoryOffice) -> AsyncIterator[Messages]:
    connection = await asyncpg.connect(office.dsn, timeout=10)
    erase = "update messages set state = 'done', erased_at = now()"
    await connection.execute(erase)  # what other stories left in these mailboxes
    yield Messages(connection)
    await connection.execute(erase)
    await connection.close(timeout=10)


async def opened(office: StoryOffice, extension: str = "101") -> PhoneCall:
    """Whoever has this desk phone hears how many messages there are."""
    phone = await office.desk(extension)
    call = await (await phone.dial("*97")).established()
    await call.hears(office.prompt("hear_new"))
    return call


async def test_a_message_is_heard_deleted_and_taken_back(office: StoryOffice, messages: Messages) -> None:
    message = await messages.leave((LOW, 2.0))
    call = await opened(office)
    await call.hears_tone(LOW)
    await call.hears(office.prompt("hear_keys"))
    await messages.becomes(message, "heard")
    await call.press("3")
    await call.hears(office.prompt("hear_deleted"))
    await messages.becomes(message, "done")
    await call.press("4")
    await call.hears_tone(LOW)
    await call.press("3")
    await call.hears(office.prompt("hear_restored"))
    await messages.becomes(message, "heard")
    await call.press("#")
    await call.ended()
    assert list((office.asterisk.folders.messages / HEARD).iterdir()) == []
    record = await office.record_of(call)
    assert record.ending == ("internal", 16, "switchboard")


async def test_keys_skip_within_a_message_and_cut_it_short(office: StoryOffice, messages: Messages) -> None:
    await messages.leave((LOW, 9.0), (HIGH, 6.0))
    call = await opened(office)
    await call.hears_tone(LOW)
    await call.press("#")
    await call.press("#")  # ten seconds on
    await call.hears_tone(HIGH, timeout=4)
    await call.press("*")
    await call.hears_tone(LOW, timeout=4)
    await call.press("2")
    await call.hears(office.prompt("hear_end_keys"))
    await call.hang_up()


async def test_it_is_forwarded_with_a_word_before_it(office: StoryOffice, messages: Messages) -> None:
    await messages.leave((LOW, 2.0), caller_number="112")
    call = await opened(office)
    await call.hears_tone(LOW)
    await call.press("8")
    await call.press("102#")
    await call.hears_whole(office.prompt("hear_introduce"))
    call.say(tone(INTRODUCTION, 10))
    await call.listen(2.5)
    call.be_quiet()
    await call.press("#")
    await call.hears(office.prompt("hear_forwarded"))
    await call.press("#")
    await call.ended()
    colleague = await opened(office, "102")
    await colleague.hears_tone(INTRODUCTION)
    await colleague.hears_tone(LOW)
    await colleague.hang_up()


async def test_a_greeting_is_recorded_and_heard(office: StoryOffice, messages: Messages) -> None:
    phone = await office.desk("101")
    call = await (await phone.dial("*97")).established()
    await call.hears(office.prompt("hear_empty"))
    await call.press("0112")
    await call.hears_whole(office.prompt("hear_record_greeting"))
    call.say(tone(HIGH, 10))
    await call.listen(2.5)
    call.be_quiet()
    await call.press("#")
    await call.hears(office.prompt("hear_greeting_saved"))
    await call.press("1")
    await call.hears_tone(HIGH)
    folder = office.asterisk.folders.messages / GREETINGS
    assert len(list(folder.iterdir())) == 1
    await call.press("3")
    await call.hears(office.prompt("hear_greeting_dropped"))
    assert list(folder.iterdir()) == []
    assert office.controller._mailboxes.greeting_of("mari", GreetingKind.UNAVAILABLE) is None
    await call.hang_up()


class Asked:
    """A call whose questions are answered one after the other, each when it is heard."""

    def __init__(self, call: PhoneCall, office: StoryOffice) -> None:
        self.call, self._office, self._after = call, office, 0.0

    async def answers(self, prompt: str, keys: str) -> None:
        await self.call.hears(self._office.prompt(prompt), after=self._after)
        self._after = self.call.now
        await self.call.press(keys)


async def test_who_guesses_the_pin_locks_it_until_its_owner_comes(office: StoryOffice, messages: Messages) -> None:
    await messages.leave((LOW, 3.0))
    await office.controller._mailboxes.set_pin("101", PIN, Hearer("a test", "the command line", "101"))
    guesser = Asked(await office.call("6001055"), office)
    for _ in range(WRONG_OF_MAILBOX):
        await guesser.answers("hear_whose", "101#")
        await guesser.answers("hear_pin", "837196#")
    await guesser.call.hears(office.prompt("goodbye"))
    await guesser.call.ended()
    to_tell = "select payload ->> 'person' from outbox where kind = 'email' and payload ->> 'what' = 'mailbox_locked'"
    assert [row[0] for row in await messages.connection.fetch(to_tell)] == ["mari"]

    owner = Asked(await office.call("6001055"), office)
    await owner.answers("hear_whose", "101#")
    await owner.answers("hear_pin", f"{PIN}#")
    await owner.call.hears(office.prompt("hear_wrong"))
    at_desk = await (await (await office.desk("101")).dial("*97")).established()
    await at_desk.hears(office.prompt("hear_was_locked"))
    await at_desk.hang_up()
    await owner.answers("hear_whose", "101#")
    await owner.answers("hear_pin", f"{PIN}#")
    await owner.call.hears_tone(LOW)
    await owner.call.hang_up()
