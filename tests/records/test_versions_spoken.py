"""What a publication speaks: each version's own recordings under names of their own."""

from __future__ import annotations

import math
import shutil
import wave
from array import array
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from switchboard.commands.preparation import speak_missing, speak_stale
from switchboard.domain.language import ENGLISH
from switchboard.domain.spoken import content_key
from switchboard.flows.load import load_configuration
from switchboard.flows.recordings import Recordings, accept
from switchboard.folders import Folders
from switchboard.ports import Utterance
from switchboard.speech.rendered import read
from tests.machine.conftest import REPOSITORY

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


def name_of(prompts: Path) -> str:
    """The name under which this folder's welcome is rendered."""
    utterances = configuration().utterances
    recorded = Recordings(prompts).fingerprints(utterances, dict.fromkeys(utterances, ("welcome",)))
    return content_key(WELCOME, ENGLISH, recorded[(WELCOME, ENGLISH)])


def test_a_replaced_recording_leaves_the_one_before_where_it_is(tmp_path: Path, folders: Folders) -> None:
    """So calls that began with it go on hearing it, and a rollback has nothing to speak."""
    told: list[str] = []

    def tell(what: str, _: float) -> None:
        told.append(what)

    before, after = recorded(tmp_path / "before", 300), recorded(tmp_path / "after", 900)
    old, new = (folders.prompts / f"{name_of(prompts)}.wav" for prompts in (before, after))
    speak_missing(configuration(), folders, before, tell)
    first = old.read_bytes()
    assert told == ["speaking 1 prompts"]
    speak_missing(configuration(), folders, after, tell)
    speak_stale(configuration(), folders, after, tell)
    assert told == ["speaking 1 prompts"] * 2
    assert old.read_bytes() == first != new.read_bytes()
    speak_stale(configuration(), folders, before, tell)
    assert told == ["speaking 1 prompts"] * 2


def test_a_recording_that_is_no_sound_any_more_is_spoken_by_a_robot(tmp_path: Path, folders: Folders) -> None:
    prompts = recorded(tmp_path / "prompts", 300)
    (prompts / "recordings/en/welcome.wav").write_bytes(b"no sound")
    speak_missing(configuration(), folders, prompts, lambda what, share: None)
    noted = read(folders.prompts, name_of(prompts))
    assert noted is not None and noted.by != "recording"


def test_a_configuration_knows_the_recordings_of_its_folder(tmp_path: Path) -> None:
    organisation = load_configuration(REPOSITORY / "ivr", REPOSITORY / "prompts").organisation
    (text, language) = organisation.wording("welcome", ENGLISH)
    assert organisation.recording_of(text, language) == content_key(text, language)
    prompts = tmp_path / "prompts"
    shutil.copytree(REPOSITORY / "prompts", prompts)
    recorded(prompts, 300)
    own = load_configuration(REPOSITORY / "ivr", prompts).organisation
    assert list(own.recorded) == [(text, language)]
    assert own.recording_of(text, language) == content_key(text, language, own.recorded[(text, language)])
    accept(prompts, own.prompts)
    english = prompts / "texts/en.yaml"
    english.write_text(english.read_text().replace("Good food for good kitchens.", "Good day."))
    assert not load_configuration(REPOSITORY / "ivr", prompts).organisation.recorded, "it says another text"
