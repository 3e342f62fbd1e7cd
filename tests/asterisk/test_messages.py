"""Messages on real telephones: what was said is what is kept; saved is said when it is so; hangups lose nothing."""

from __future__ import annotations

import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from switchboard.domain.call_record import EventKind
from switchboard.postgres.message_sound import playable
from tests.asterisk.office import CALLER_TONE, DEADLINE, Record, StoryOffice
from tests.asterisk_fixture import eventually
from tests.hearing import has_tone, read_wav, tone
from tests.phones import PhoneCall

SAID, SAID_ANEW = CALLER_TONE, 1500.0  # Hz
NUMBER = "6001041"


async def stored(office: StoryOffice, message: str) -> Mapping[str, Any]:
    """The one row of a message, with its audio, once that is filed."""
    connection = await asyncpg.connect(office.dsn, timeout=DEADLINE)
    try:

        async def filed() -> Any:
            return await connection.fetch(
                "select * from messages join message_audio on message_id = id where id = $1", UUID(message)
            )

        (row,) = await eventually(filed, DEADLINE, "its audio is in Postgres")
        return dict(row)
    finally:
        await connection.close(timeout=DEADLINE)


async def speak(office: StoryOffice, call: PhoneCall, frequency: float, *, after: float = 0.0) -> None:
    """Wait to be asked, and say something for two seconds after the tone."""
    asked = await call.hears_whole(office.prompt("message_leave"), after=after)
    await call.listen(max(0.0, asked.at + asked.seconds + 0.6 - call.now))  # the tone is over then
    call.say(tone(frequency, 2.0))
    await call.listen(2.2)


def heard_in(sound: bytes, folder: Path) -> tuple[bool, bool]:
    """Whether what is stored has what was said, and what was said anew."""
    path = folder / "stored.wav"
    path.write_bytes(sound)
    audio = read_wav(path)
    return has_tone(audio, SAID), has_tone(audio, SAID_ANEW)


def message_of(record: Record) -> Mapping[str, Any]:
    (message,) = record.of(EventKind.MESSAGE)
    return message


async def test_what_was_said_is_what_is_kept(office: StoryOffice, tmp_path: Path) -> None:
    """Heard again, said anew, saved: the second take is the message, and it is there when the caller is told so."""
    call = await office.call(NUMBER)
    await speak(office, call, SAID)
    await call.press("#")
    await call.hears_whole(office.prompt("message_review"))
    await call.press("1")
    await call.hears_tone(SAID, after=call.now)
    again = await call.hears_whole(office.prompt("message_review"), after=call.now)
    await call.press("2")
    await speak(office, call, SAID_ANEW, after=again.at + again.seconds)
    await call.press("#")
    await call.hears_whole(office.prompt("message_review"), after=call.now)
    await call.press("4")
    await call.hears(office.prompt("message_saved"))
    kept = [UUID(path.stem) for path in office.asterisk.folders.kept_messages.glob("*.wav")]
    connection = await asyncpg.connect(office.dsn, timeout=DEADLINE)
    promised = await connection.fetch("select id from messages where id = any($1::uuid[])", kept)
    await connection.close(timeout=DEADLINE)
    assert len(promised) == len(kept) >= 1
    await call.ended()
    record = await office.record_of(call)
    assert record.path == ["mailbox/note saved", "mailbox/saved ended"]
    assert record.disposition == "message"
    row = await stored(office, message_of(record)["message_id"])
    assert (row["person"], row["urgent"], row["kind"]) == ("mari", True, "voicemail")
    assert heard_in(playable(row["content"]), tmp_path) == (False, True)
    assert len(row["content"]) < 9000 * row["seconds"]  # G.711, as it came


async def test_a_hangup_while_speaking_keeps_what_was_said(office: StoryOffice, tmp_path: Path) -> None:
    call = await office.call(NUMBER)
    await speak(office, call, SAID)
    await call.hang_up()
    record = await office.record_of(call)
    assert record.path == ["mailbox/note hangup"]
    assert record.ending == ("message", 16, "caller")
    message = message_of(record)
    assert 1.5 < message["seconds"] < 4.0
    row = await stored(office, message["message_id"])
    assert heard_in(playable(row["content"]), tmp_path) == (True, False)
    with wave.open(str(office.asterisk.folders.kept_messages / message["file"])) as kept:
        assert abs(kept.getnframes() / kept.getframerate() - message["seconds"]) < 0.01


async def test_who_says_nothing_is_asked_again_and_leaves_no_message(office: StoryOffice) -> None:
    call = await office.call(NUMBER)
    await call.hears_whole(office.prompt("message_leave"))
    await call.hears_whole(office.prompt("message_too_short"))
    await call.hears(office.prompt("outcome_no_answer"))
    await call.ended()
    record = await office.record_of(call)
    assert record.path == ["mailbox/note nothing", "mailbox/nothing ended"]
    assert (record.of(EventKind.MESSAGE), len(record.of(EventKind.MESSAGE_DROPPED))) == ([], 1)
