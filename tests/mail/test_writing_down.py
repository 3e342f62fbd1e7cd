"""Messages are written down by a machine, where one is there: once, in time, marked as its work. The recogniser of
these tests is a small program that stands in for the real one, behind the same process and answer."""

from __future__ import annotations

import io
import sys
import wave
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from switchboard.domain.transcript import Transcript
from switchboard.message_post import recogniser_of
from switchboard.postgres.transcripts import PostgresTranscripts
from switchboard.services.write_down_messages import WritingDown
from switchboard.settings import Settings
from switchboard.speech.recogniser import ProcessRecogniser
from switchboard.testing.manual_clock import ManualClock
from tests.mail import messages
from tests.mail.messages import RECORDED, connected, history, left

FAKE = """
import json, os, sys, time
model, language, threads, seconds = sys.argv[1:]
sound = sys.stdin.buffer.read()
assert sound[:4] == b"RIFF" and os.environ["HF_HUB_OFFLINE"] == "1" and os.environ["OMP_NUM_THREADS"] == threads
if model.endswith("slow"): time.sleep(60)
if model.endswith("dead"): sys.exit("no memory")
if model.endswith("odd"): print("hello"); sys.exit()
print(json.dumps({"text": f" {len(sound)} bytes of {language} ", "confidence": 1.7}))
"""
KILLED = 0.2  # seconds


@pytest.fixture
def wav() -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000))
    return content.getvalue()


@pytest.fixture
async def transcripts(dsn: str, wav: bytes, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PostgresTranscripts]:
    monkeypatch.setattr(messages, "SOUND", wav)
    store = PostgresTranscripts(dsn)
    yield store
    await store.close()


def recogniser(model: str = "good") -> ProcessRecogniser:
    return ProcessRecogniser(Path(f"/nowhere/{model}"), 2, program=(sys.executable, "-c", FAKE))


async def test_what_is_said_is_written_down_once_and_marked(dsn: str, transcripts: PostgresTranscripts) -> None:
    old, recent = await left(dsn), await left(dsn, recorded_at=RECORDED + timedelta(hours=1))
    clock = ManualClock(RECORDED + timedelta(days=2, minutes=5))
    task = WritingDown(transcripts, recogniser(), clock)
    assert await task.once()
    assert not await task.once()
    async with connected(dsn) as connection:
        row = await connection.fetchrow("select * from messages where id = $1", recent)
        assert row is not None
        assert row["transcript"].endswith(" bytes of et")
        assert (row["transcript_by"], row["transcript_confidence"]) == ("machine", 1.0)
        assert await connection.fetchval("select transcript from messages where id = $1", old) is None
    assert await history(dsn, recent) == [("transcribed", {"confidence": 1.0})]


async def test_the_urgent_one_is_first(dsn: str, transcripts: PostgresTranscripts) -> None:
    await left(dsn, recorded_at=RECORDED + timedelta(hours=1))
    urgent = await left(dsn, urgent=True)
    found = await transcripts.next(RECORDED - timedelta(days=1))
    assert found is not None
    assert found.message == urgent


async def test_what_fails_is_told_and_not_tried_for_ever(dsn: str, transcripts: PostgresTranscripts) -> None:
    message_id = await left(dsn)
    task = WritingDown(transcripts, recogniser("dead"), ManualClock(RECORDED))
    assert await task.once()
    assert not await task.once()
    assert task.problem == "the recogniser ended with status 1: no memory"
    assert await history(dsn, message_id) == [("transcribed", {"failed": task.problem})]


async def test_it_ends_in_time(wav: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchboard.speech.recogniser.KILLED_AFTER", KILLED)
    assert await recogniser("slow").written_down(wav, "en", KILLED) == "not done within 0.2 s"


async def test_an_answer_that_is_none_is_told(wav: bytes) -> None:
    told = await recogniser("odd").written_down(wav, "en", 30)
    assert isinstance(told, str)
    assert told.startswith("the recogniser's answer is not understood")
    assert isinstance(await recogniser().written_down(wav, "en", 30), Transcript)


def test_without_the_extra_or_a_model_status_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recogniser_of(Settings()) == (None, "not set up")
    settings = Settings(transcription_model=tmp_path)
    monkeypatch.setattr("switchboard.message_post.is_installed", lambda: False)
    assert recogniser_of(settings)[1].startswith("not installed: pip install")
    monkeypatch.setattr("switchboard.message_post.is_installed", lambda: True)
    assert recogniser_of(settings) == (None, f"no model in {tmp_path}")
    (tmp_path / "model.bin").touch()
    assert recogniser_of(settings)[0] is not None
