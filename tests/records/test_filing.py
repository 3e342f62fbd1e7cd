"""Messages on their way into Postgres: kept on disk, drained, filed; found and filed where nobody did; never twice."""

from __future__ import annotations

import wave
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import CallId
from switchboard.domain.message import Part, part_of, rest_of, take_of
from switchboard.errors import MessageNotKept
from switchboard.postgres.kept_messages import KeptMessages
from switchboard.postgres.message_sound import A_LAW_VALUES, playable
from switchboard.postgres.recording import Sound, read_sound
from switchboard.postgres.telephone_sound import stored
from tests.records.message_world import RATE, tone, world_at
from tests.records.telling import NOON, a_call, archived, draining, event


def begun(call_id: CallId, message_id: UUID, **told: Any) -> CallEvent:
    data = {"message_id": str(message_id), "message_kind": "voicemail", "person": "mari", "asked": [], "language": "et"}
    return event(call_id, EventKind.MESSAGE_BEGUN, 10, **{**data, **told})


async def test_a_recording_is_kept_whole_and_once(tmp_path: Path, dsn: str) -> None:
    async with world_at(tmp_path, dsn) as world:
        message_id = uuid4()
        take, again = take_of(message_id, 0), take_of(message_id, 1)
        world.recorded(take, tone(3), is_cut=True)
        world.recorded(rest_of(take), tone(1))
        world.recorded(again, tone(2, level=0))
        takes = [[again, rest_of(again)], [take, rest_of(take)]]
        kept = await world.messages.keep(message_id, takes)
        assert kept is not None and kept.duration == timedelta(seconds=4) and kept.level > -20
        await world.messages.discard([take, rest_of(take), again, rest_of(again)])
        assert await world.messages.keep(message_id, takes) == kept
        assert (world.recordings(), world.kept()) == ([], [f"{message_id}.wav"])
        with wave.open(str(world.messages.path_of(message_id))) as audio:  # any player can read it
            assert audio.getnframes() == 4 * RATE


async def test_nothing_is_promised_where_the_disk_refuses(tmp_path: Path, dsn: str) -> None:
    async with world_at(tmp_path, dsn) as world:
        message_id = uuid4()
        world.recorded(message_id, tone(2))
        assert world.messages.has_room()
        assert not KeptMessages(world.folders, world.ledger, room=1 << 60).has_room()
        world.folders.kept_messages.rmdir()
        with pytest.raises(MessageNotKept):
            await world.messages.keep(message_id, [[message_id]])
        assert world.recordings() == [str(message_id)]


async def test_a_message_has_one_row_its_audio_and_what_is_to_be_sent(tmp_path: Path, dsn: str) -> None:
    async with world_at(tmp_path, dsn) as world:
        told, message_id = a_call(), uuid4()
        about = part_of(message_id, Part.ABOUT)
        for name, sound in ((message_id, tone(3)), (about, tone(1))):
            world.recorded(name, sound)
            assert await world.messages.keep(name, [[name]])
        client = event(told[0].call_id, EventKind.CLIENT, 1, code="C-7", name="Harbour Kitchen")
        part = {"part": "about", "message_id": str(about), "seconds": 1.0, "sha256": None}
        data = {"message_id": str(message_id), "message_kind": "message", "department": "sales", "seconds": 3.0}
        saved = event(told[0].call_id, EventKind.MESSAGE, 30, **data, urgent=True, call_back="morning", parts=[part])
        for each in (*told, client, saved, saved):
            world.ledger.append(each)
        await world.file()
        (row,) = await world.rows()
        assert (row["department"], row["person"], row["urgent"], row["call_back"]) == ("sales", None, True, "morning")
        assert (row["caller_number"], row["client_code"], row["state"]) == ("5551234", "C-7", "new")
        audio = await world.rows("select part, content, seconds from message_audio order by part")
        assert [(each["part"], each["seconds"]) for each in audio] == [("about", 1.0), ("body", 3.0)]
        assert playable(audio[1]["content"]) == tone(3).as_wav()
        assert len(audio[1]["content"]) < len(tone(3).as_wav()) * 0.51
        sent = await world.rows("select kind, payload::text from outbox order by kind")
        assert [each["kind"] for each in sent] == ["email", "webhook"]
        history = await world.rows("select who, what from message_events")
        assert [tuple(each.values()) for each in history] == [("caller", "saved")]


async def test_originals_go_once_postgres_has_them_where_they_are_not_kept(tmp_path: Path, dsn: str) -> None:
    async with world_at(tmp_path, dsn) as world:
        told, message_id, not_filed, of_the_net = a_call(), uuid4(), uuid4(), uuid4()
        about = part_of(message_id, Part.ABOUT)
        for name in (message_id, about, not_filed):
            world.recorded(name, tone(1))
            assert await world.messages.keep(name, [[name]])
            await world.messages.discard([name])
        world.recorded(of_the_net, tone(1))  # Asterisk alone took it: nothing else is kept of it
        part = {"part": "about", "message_id": str(about), "seconds": 1.0, "sha256": None}
        data = {"message_id": str(message_id), "message_kind": "message", "person": "mari", "seconds": 1.0}
        for each in (
            *told,
            event(told[0].call_id, EventKind.MESSAGE, 30, **data, parts=[part]),
            event(told[0].call_id, EventKind.MESSAGE, 31, message_id=str(of_the_net), seconds=1.0),
        ):
            world.ledger.append(each)
        await world.file()
        assert len(world.kept()) == 3
        await world.file(keep_originals=False)
        assert (world.kept(), world.recordings()) == ([f"{not_filed}.wav"], [])
        audio = await world.rows("select part, content from message_audio order by part")
        assert [each["part"] for each in audio] == ["about", "body", "body"]
        assert {playable(each["content"]) for each in audio} == {tone(1).as_wav()}


@pytest.mark.parametrize("is_cut", [False, True], ids=["whole", "cut by a killed Asterisk"])
async def test_what_nobody_filed_becomes_a_message_once(tmp_path: Path, dsn: str, is_cut: bool) -> None:
    async with world_at(tmp_path, dsn) as world:
        told, message_id = a_call(), uuid4()
        world.recorded(take_of(message_id, 0), tone(3), is_cut=is_cut)
        for each in (*told, begun(told[0].call_id, message_id)):
            world.ledger.append(each)
        await world.file(in_progress=True)
        assert await world.rows() == []  # its call's own task sees to it
        await world.file()
        await world.file()
        (row,) = await world.rows()
        assert (row["id"], row["person"], row["seconds"], row["language"]) == (message_id, "mari", 3.0, "et")
        assert row["filed_at"] and world.recordings() == []
        (call,) = await world.rows("select disposition, message_count from calls")
        assert tuple(call.values()) == ("message", 1)


async def test_where_nothing_was_said_nothing_is_filed(tmp_path: Path, dsn: str) -> None:
    async with world_at(tmp_path, dsn) as world:
        told, message_id = a_call(), uuid4()
        world.recorded(take_of(message_id, 0), tone(3, level=0))
        for each in (*told, begun(told[0].call_id, message_id)):
            world.ledger.append(each)
        await world.file()
        assert (await world.rows(), world.recordings(), world.kept()) == ([], [], [])
        dropped = await world.rows("select call_id from call_events where kind = 'message_dropped'")
        assert len(dropped) == 1


async def test_the_safety_nets_message_is_for_whom_it_rang(tmp_path: Path, dsn: str) -> None:
    async with world_at(tmp_path, dsn) as world:
        told, message_id = a_call(), uuid4()
        world.recorded(message_id, tone(3))
        for each in (*told, event(told[0].call_id, EventKind.MESSAGE, 30, message_id=str(message_id), seconds=3.0)):
            world.ledger.append(each)
        await world.file()
        (row,) = await world.rows()
        assert (row["kind"], row["department"], row["person"]) == ("safety_net", "reception", None)
        assert row["filed_at"] and row["deadline"] and world.recordings() == [str(message_id)]


async def test_a_departments_message_that_nobody_takes_is_told_to_its_head_once(tmp_path: Path, dsn: str) -> None:
    async with world_at(tmp_path, dsn) as world:
        for owner in ("", "jaan"):
            told, message_id = a_call(), uuid4()
            world.recorded(message_id, tone(3))
            await world.messages.keep(message_id, [[message_id]])
            deadline = (NOON + timedelta(minutes=1)).isoformat()
            data = {"message_id": str(message_id), "message_kind": "voicemail", "department": "sales"}
            saved = event(told[0].call_id, EventKind.MESSAGE, 30, **data, seconds=3.0, deadline=deadline)
            for each in (*told, saved):
                world.ledger.append(each)
            if owner:
                async with draining(world.ledger, dsn):
                    await archived(world.ledger)
                await world.rows(f"update messages set owner = '{owner}' where id = '{message_id}' returning id")
            await world.file()
        escalated = await world.rows("select detail::text from message_events where what = 'escalated'")
        assert [each["detail"] for each in escalated] == ['{"to": "mari", "department": "sales"}']
        sent = await world.rows("select kind from outbox where idempotency_key like '%escalated%' order by kind")
        assert [each["kind"] for each in sent] == ["email", "webhook"]


def test_sound_is_stored_without_losing_anything(tmp_path: Path) -> None:
    noise = Sound(RATE, np.random.default_rng(1).integers(-30000, 30000, RATE).astype("<i2").tobytes())
    for sound in (tone(1), noise):
        content = stored(sound)
        (tmp_path / "message.wav").write_bytes(playable(content))
        assert read_sound(tmp_path / "message.wav") == sound


def test_what_came_finer_is_stored_as_a_telephone_line_has_it_where_the_original_is_kept(tmp_path: Path) -> None:
    """Each sample becomes the nearest that A-law has: half the space, and a noise 38 dB below what is said."""
    samples = (np.sin(np.arange(4 * RATE) * 0.31) * 20000 + np.arange(4 * RATE) % 7).astype("<i2")
    content = stored(Sound(RATE, samples.tobytes()), has_original=True)
    assert len(content) < len(samples) + 100
    heard = np.frombuffer(playable(content)[44:], "<i2").astype(float)
    noise = np.mean((heard - samples) ** 2)
    assert 10 * np.log10(np.mean(samples.astype(float) ** 2) / noise) > 36
    nearest = np.sort(A_LAW_VALUES).astype(int)
    every = np.arange(-32768, 32768, 5)
    stored_as = np.frombuffer(
        playable(stored(Sound(RATE, every.astype("<i2").tobytes()), has_original=True))[44:], "<i2"
    )
    least = np.abs(every[:, None] - nearest[None, :]).min(axis=1)
    assert (np.abs(every - stored_as) == least).all()
