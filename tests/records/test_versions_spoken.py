"""When a publication speaks: what is new at once, what replaces what callers hear only when it goes live."""

from __future__ import annotations

import math
import wave
from array import array
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from switchboard.commands.preparation import speak_missing, speak_stale
from switchboard.domain.language import ENGLISH
from switchboard.domain.spoken import content_key
from switchboard.folders import Folders
from switchboard.ports import Utterance

WELCOME = "Welcome to all of you."


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(state=tmp_path / "state", served=tmp_path / "state", cache=tmp_path / "cache")


def configuration() -> Any:
    """As much of one as says what can be said."""
    texts = {"welcome": {ENGLISH: WELCOME}}
    return SimpleNamespace(
        utterances=frozenset({Utterance(WELCOME, ENGLISH)}), organisation=SimpleNamespace(prompts=texts)
    )


def recorded(prompts: Path, hertz: int) -> Path:
    """A prompts' folder whose welcome is a second of this tone."""
    file = prompts / "recordings/en/welcome.wav"
    file.parent.mkdir(parents=True)
    samples = array("h", (round(9000 * math.sin(2 * math.pi * hertz * n / 16000)) for n in range(16000)))
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(samples.tobytes())
    return prompts


def test_a_replaced_recording_is_heard_only_when_it_goes_live(tmp_path: Path, folders: Folders) -> None:
    told: list[str] = []

    def tell(what: str, _: float) -> None:
        told.append(what)

    before, after = recorded(tmp_path / "before", 300), recorded(tmp_path / "after", 900)
    rendered = folders.prompts / f"{content_key(WELCOME, ENGLISH)}.wav"
    speak_missing(configuration(), folders, before, tell)
    first = rendered.read_bytes()
    assert told == ["speaking 1 prompts"]

    speak_missing(configuration(), folders, after, tell)
    assert rendered.read_bytes() == first, "callers of the live version hear this file"
    speak_stale(configuration(), folders, after, tell)
    assert rendered.read_bytes() != first
    speak_stale(configuration(), folders, before, tell)
    assert rendered.read_bytes() == first, "a rollback brings the old recording back"
