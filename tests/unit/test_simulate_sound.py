"""What the caller of a simulated call hears: laid out in a file, or played on the machine's speaker."""

from __future__ import annotations

import shutil
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from switchboard.commands import simulate
from switchboard.commands.call_sound import RATE, tone
from switchboard.commands.speaker import PLAYERS, Speaker, find_player
from switchboard.errors import SetupError
from switchboard.speech.sound import Samples, Sound
from switchboard.speech.wav_file import read_wav, write_wav
from tests.flows.playing import PROMPTS, with_overlay

FLOW = """\
flow: main
start: greet
steps:
  greet: {say: welcome, next: menu}
  menu: {menu: main_menu, keys: {1: ring}, timeout: 2s, attempts: 1, on: {no_input: bye, no_match: bye}}
  ring:
    ring: reception
    for: 20s
    on: {answered: bye, busy: bye, no_answer: bye, declined: bye, unavailable: bye, failed: bye}
  bye: {end: goodbye}
"""
SECONDS = {"welcome": 1.0, "main_menu": 1.5, "goodbye": 0.6, "reception_unavailable": 1.0}
HERTZ = {"welcome": 440, "main_menu": 660, "goodbye": 880, "reception_unavailable": 990}
PLAYED = """\
#!/bin/sh
echo "$0 $*" >> "$PLAYED"
"""


@pytest.fixture(scope="module")
def draft() -> Iterator[Path]:
    """A draft that greets, asks, rings and says goodbye, each in a tone of its own; a folder that servers may enter."""
    folder = Path(tempfile.mkdtemp(prefix="simulate-"))
    folder.chmod(0o755)
    with_overlay(folder, {"flows/main.yaml": FLOW})
    shutil.copytree(PROMPTS, folder / "prompts")
    recordings = folder / "prompts" / "recordings" / "en"
    recordings.mkdir(parents=True, exist_ok=True)
    for prompt, seconds in SECONDS.items():
        times = np.arange(int(seconds * RATE)) / RATE
        write_wav(Sound(0.3 * np.sin(2 * np.pi * HERTZ[prompt] * times), RATE), recordings / f"{prompt}.wav")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def place(draft: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_STATE", str(draft / "state"))
    monkeypatch.chdir(draft)


def run(*arguments: str, typed: str = "") -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    simulate.register(app)
    return CliRunner().invoke(app, ["simulate", "ivr", *arguments], input=typed, catch_exceptions=False)


def loudest_hertz(samples: Samples) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * RATE / len(samples)


def level(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def test_the_call_in_a_file(draft: Path) -> None:
    """The prompts' own samples, at the seconds that the script prints; ringback; silence while they talk."""
    result = run("--keys", "1", "--phones", "100=answers after 6s, talks 3s", "--wav", "call.wav")
    assert result.exit_code == 0, result.output
    heard = read_wav(draft / "call.wav").samples
    began = {line[26:]: _second(line) for line in result.stdout.splitlines() if line[:3] == "  0"}
    welcome = read_wav(_rendered(draft, "welcome")).samples
    assert abs(heard[: len(welcome)] - welcome).max() < 1e-4
    rings = next(second for text, second in began.items() if text.startswith("rings 100"))
    ringback = heard[round((rings + 1) * RATE) : round((rings + 7) * RATE)]  # printed seconds are cut, not rounded
    assert abs(loudest_hertz(ringback) - 425) < 5
    assert 0.02 < level(ringback) < 0.2
    goodbye = read_wav(_rendered(draft, "goodbye")).samples
    tail = heard[-len(goodbye) - RATE :]
    assert abs(loudest_hertz(tail) - HERTZ["goodbye"]) < 5
    answered = next(second for text, second in began.items() if text == "(they talk)")
    assert level(heard[round((answered + 1) * RATE) : round((answered + 3) * RATE)]) == 0
    with wave.open("call.wav") as file:
        lasted = file.getnframes() / RATE
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
    assert int(lasted) == _second("  " + result.stdout.partition("The call lasted ")[2])
    assert f"What the caller hears is in call.wav, {lasted:.1f} s." in result.stdout


def test_a_key_cuts_what_is_said(draft: Path) -> None:
    run("--keys", "w0.5 1", "--phones", "100=busy", "--wav", "call.wav")
    heard = read_wav(draft / "call.wav").samples
    welcome = read_wav(_rendered(draft, "welcome")).samples
    half = RATE // 2
    assert abs(heard[:half] - welcome[:half]).max() < 1e-4
    assert abs(loudest_hertz(heard[half : 2 * half]) - HERTZ["goodbye"]) < 5


def test_a_file_that_cannot_be_written() -> None:
    with pytest.raises(SetupError, match=r"cannot write nowhere/call\.wav: no folder"):
        run("--keys", "h", "--wav", "nowhere/call.wav")


def _second(line: str) -> int:
    minutes, seconds = line[:6].strip(" .D").split(":")
    return 60 * int(minutes) + int(seconds)


def _rendered(draft: Path, prompt: str) -> Path:
    from switchboard.domain.language import ENGLISH
    from switchboard.flows.load import load_configuration

    organisation = load_configuration(draft / "ivr", draft / "prompts").organisation
    (file,) = (draft / "state").rglob(f"{organisation.recording_of(*organisation.wording(prompt, ENGLISH))}.wav")
    return file


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called paplay that notes what it is given; nothing else plays."""
    program = tmp_path / "paplay"
    program.write_text(PLAYED)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("PLAYED", str(tmp_path / "played"))
    monkeypatch.setattr("switchboard.commands.speaker.PLAYERS", (("no-such-player",), ("paplay",)))
    monkeypatch.setattr(Speaker.__init__, "__kwdefaults__", {"wait": lambda seconds: None})
    return tmp_path / "played"


def test_prompts_and_ringback_are_played(draft: Path, player: Path) -> None:
    result = run("--keys", "1", "--phones", "100=no answer", "--speak")
    assert result.exit_code == 0, result.output
    played = [line.split()[1] for line in player.read_text().splitlines()]
    said = [str(_rendered(draft, prompt)) for prompt in ("welcome", "main_menu", "goodbye")]
    assert [file for file in played if not file.endswith("ringing.wav")] == said
    assert not any(Path(file).exists() for file in played if file.endswith("ringing.wav"))


def test_played_by_hand_and_spoken(draft: Path, player: Path) -> None:
    result = run("--speak", typed="1\nb\n")
    assert result.exit_code == 0, result.output
    assert "is busy" in result.stdout
    assert str(_rendered(draft, "goodbye")) in player.read_text()


def test_without_a_player_it_says_which_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"install one of aplay, paplay, .* or write the call into a file with --wav"):
        find_player()
    assert {command[0] for command in PLAYERS} >= {"aplay", "paplay", "afplay", "ffplay"}


def test_tones_of_countries() -> None:
    europe = tone("425/1000,0/4000")
    assert len(europe) == 5 * RATE
    assert abs(loudest_hertz(europe[:RATE]) - 425) < 1
    assert not europe[RATE:].any()
    britain = tone("400+450/400,0/200")
    spectrum = np.abs(np.fft.rfft(britain[: int(0.4 * RATE)]))
    assert set(np.argsort(spectrum)[-2:] * RATE / int(0.4 * RATE)) == {400.0, 450.0}
