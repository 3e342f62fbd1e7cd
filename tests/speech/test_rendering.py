"""Rendering with the real voices: piper, espeak-ng, own recordings, and what happens when one fails."""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from switchboard.domain.language import ENGLISH, NAMES, Language
from switchboard.domain.spoken import BEEP, PAUSE, content_key
from switchboard.errors import SetupError
from switchboard.folders import Folders
from switchboard.ports import Utterance
from switchboard.speech import crew
from switchboard.speech.render import RenderReport, render_missing, survey
from switchboard.speech.rendered import State, read
from switchboard.speech.sound import PEAK_LEVEL, SPEECH_LEVEL
from switchboard.speech.voices import Speaker, Voice, Voices, find_voices

HELLO = Utterance("Hello, how can I help you?", ENGLISH)
ESTONIAN = Utterance("Tere õhtust.", Language("et"))
BROKEN = Voice(Speaker.ESPEAK_NG, "broken", ("program", sys.executable, "-c", "raise SystemExit(3)"))
TEXTS = {"hello": {ENGLISH: HELLO.text}}


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "state", tmp_path / "state", tmp_path / "cache")


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """An organisation's prompts folder without recordings."""
    (tmp_path / "prompts").mkdir()
    return tmp_path / "prompts"


def record(prompts: Path, name: str, seconds: float = 0.5) -> None:
    """The organisation's own recording, in English: a tone of so many seconds, stereo at 44.1 kHz."""
    file = prompts / "recordings" / "en" / f"{name}.wav"
    file.parent.mkdir(parents=True, exist_ok=True)
    tone = 9000 * np.sin(2 * np.pi * 500 * np.arange(round(seconds * 44100)) / 44100)
    with wave.open(str(file), "wb") as sound:
        sound.setparams((2, 2, 44100, 0, "NONE", ""))
        sound.writeframes(np.repeat(tone.astype("<i2"), 2).tobytes())


def speakers(report: RenderReport) -> dict[str, int]:
    return {str(speaker): count for speaker, count in report.rendered.items()}


def test_every_language_of_the_house_is_spoken_at_both_rates(folders: Folders, prompts: Path) -> None:
    said = {language: Utterance(f"{name}, 1, 2, 3.", language) for language, name in NAMES.items()}
    report = render_missing(said.values(), folders, prompts)
    assert speakers(report) == {"piper": 1, "espeak-ng": 5}
    assert report.refusals == []
    for utterance in said.values():
        key = content_key(utterance.text, utterance.language)
        note = read(folders.prompts, key)
        assert note is not None
        assert note.level == pytest.approx(SPEECH_LEVEL, abs=1.5)
        assert note.peak <= PEAK_LEVEL + 0.1
        for ending, rate in (("wav", 8000), ("wav16", 16000)):
            with wave.open(str(folders.prompts / f"{key}.{ending}")) as sound:
                assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (rate, 1, 2)
                assert sound.getnframes() / rate == pytest.approx(note.seconds, abs=0.05)
                assert 1 < note.seconds < 6


def test_what_is_fresh_is_not_spoken_again_unless_forced(folders: Folders, prompts: Path) -> None:
    render_missing([ESTONIAN], folders, prompts)
    key = content_key(ESTONIAN.text, ESTONIAN.language)
    before = (folders.prompts / f"{key}.wav").stat().st_ino
    assert speakers(render_missing([ESTONIAN], folders, prompts)) == {}
    assert (folders.prompts / f"{key}.wav").stat().st_ino == before
    assert speakers(render_missing([ESTONIAN], folders, prompts, force=True)) == {"espeak-ng": 1}


def test_own_recording_wins_and_its_removal_brings_the_robot_back(folders: Folders, prompts: Path) -> None:
    voices = Voices(None, find_voices().espeak_ng)
    assert speakers(render_missing([HELLO], folders, prompts, texts=TEXTS, voices=voices)) == {"espeak-ng": 1}
    record(prompts, "hello")
    (prompt,) = survey([HELLO], folders, prompts, texts=TEXTS, voices=voices)
    assert prompt.state is State.MISSING
    assert speakers(render_missing([HELLO], folders, prompts, texts=TEXTS, voices=voices)) == {"recording": 1}
    (prompt,) = survey([HELLO], folders, prompts, texts=TEXTS, voices=voices)
    assert prompt.state is State.FRESH
    assert prompt.rendered and prompt.rendered.seconds == pytest.approx(0.58, abs=0.03)
    (prompts / "recordings" / "en" / "hello.wav").unlink()
    (prompt,) = survey([HELLO], folders, prompts, texts=TEXTS, voices=voices)
    assert prompt.state is State.FRESH  # the robot's is there still
    assert prompt.rendered and prompt.rendered.by == "espeak-ng"


def test_unusable_recording_is_told_and_the_robot_speaks(folders: Folders, prompts: Path) -> None:
    record(prompts, "hello")
    (prompts / "recordings" / "en" / "hello.wav").write_bytes(b"an mp3 renamed")
    voices = Voices(None, find_voices().espeak_ng)
    report = render_missing([HELLO], folders, prompts, texts=TEXTS, voices=voices)
    assert speakers(report) == {"espeak-ng": 1}
    assert [(each.voice.speaker, each.reason) for each in report.refusals] == [(Speaker.RECORDING, "not a WAV file")]
    assert speakers(render_missing([HELLO], folders, prompts, texts=TEXTS, voices=voices)) == {}  # not tried for ever


def test_voice_that_fails_hands_over_to_the_next(folders: Folders, prompts: Path) -> None:
    voices = Voices(None, (BROKEN, *find_voices().espeak_ng))
    report = render_missing([ESTONIAN], folders, prompts, voices=voices)
    assert speakers(report) == {"espeak-ng": 1}
    assert [each.voice for each in report.refusals] == [BROKEN]


def test_crash_of_a_voice_is_survived_and_tried_again_next_time(folders: Folders, prompts: Path) -> None:
    crashing = Voice(Speaker.ESPEAK_NG, "crashing", ("library", "/dev/null"))  # what is no folder of piper's
    dying = Voice(Speaker.PIPER, "dying", ("an argument that piper doesn't take",))
    voices = Voices(dying, (crashing, *find_voices().espeak_ng))
    report = render_missing([HELLO], folders, prompts, voices=voices)
    assert speakers(report) == {"espeak-ng": 1}
    assert [each.voice for each in report.refusals] == [dying, crashing]
    (prompt,) = survey([HELLO], folders, prompts, voices=voices)
    assert prompt.state is State.STALE


def test_stuck_voice_is_given_up(folders: Folders, prompts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "START_SECONDS", 0.0)
    monkeypatch.setattr(crew, "JOB_SECONDS", 1.0)
    stuck = Voice(Speaker.ESPEAK_NG, "stuck", ("program", sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(SetupError, match="took too long"):
        render_missing([ESTONIAN], folders, prompts, voices=Voices(None, (stuck,)))


def test_nobody_to_speak_names_text_language_and_remedy(folders: Folders, prompts: Path) -> None:
    klingon = Utterance("nuqneH", Language("tlh-x-none"))
    with pytest.raises(SetupError) as told:
        render_missing([klingon], folders, prompts)
    for part in ("'nuqneH'", "'tlh-x-none'", "espeak-ng has no voice", "prompts/recordings/tlh-x-none/"):
        assert part in str(told.value)


def test_what_is_there_remains_when_nobody_can_speak_it_anew(folders: Folders, prompts: Path) -> None:
    render_missing([ESTONIAN], folders, prompts)
    report = render_missing([ESTONIAN], folders, prompts, voices=Voices(None, (BROKEN,)), force=True)
    assert report.kept == [ESTONIAN]
    assert read(folders.prompts, content_key(ESTONIAN.text, ESTONIAN.language)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "--help",
        "-w /tmp/owned.wav",
        "$(touch owned) `touch owned`; touch owned",
        "<speak><audio src='file:///etc/passwd'/>hi</speak>",
        "<phoneme alphabet='ipa' ph='x'>hi</phoneme>",
        "[[h@l'oU]] hi",
        "first line\nsecond line\r\n",
        "before\x00after",
        "half a \ud800 sign",
        "../../etc/passwd",
    ],
)
def test_hostile_text_is_only_spoken(
    folders: Folders, prompts: Path, text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    utterance = Utterance(text, Language("sv"))
    assert speakers(render_missing([utterance], folders, prompts)) == {"espeak-ng": 1}
    key = content_key(text, Language("sv"))
    endings = {f"{name}.{ending}" for name in (key, PAUSE, BEEP) for ending in ("wav", "wav16")} | {f"{key}.json"}
    assert {file.name for file in folders.prompts.iterdir()} == endings
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("text", ["word " * 2000, "x" * 10_000])
def test_endless_text_is_spoken_to_its_end(folders: Folders, prompts: Path, text: str) -> None:
    render_missing([Utterance(text, Language("sv"))], folders, prompts)
    note = read(folders.prompts, content_key(text, Language("sv")))
    assert note is not None and note.seconds > 60


def test_progress_is_told_for_each(folders: Folders, prompts: Path) -> None:
    told: list[tuple[int, int]] = []
    said = [Utterance(f"Nummer {number}", Language("sv")) for number in range(4)]
    render_missing(said, folders, prompts, lambda done, total, _: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_folder_that_cannot_be_written_is_told(folders: Folders, prompts: Path) -> None:
    folders.cache.parent.mkdir(exist_ok=True)
    folders.cache.write_text("a file where a folder should be")
    with pytest.raises(SetupError, match="cannot write prompts"):
        render_missing([ESTONIAN], folders, prompts)
