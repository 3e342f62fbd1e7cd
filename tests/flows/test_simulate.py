"""`switchboard simulate`: what it prints is the product. Each file of simulated/ is a command and its output."""

from __future__ import annotations

import json
import os
import pty
import select
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from switchboard.commands.simulate import register
from tests.flows.playing import PROJECT

SCRIPTS = sorted((Path(__file__).parent / "simulated").glob("*.txt"))
PROGRAM = "$ switchboard simulate "


def run(*arguments: str, typed: str | None = None) -> Result:
    """The command, with this at its standard input."""
    app = typer.Typer()
    app.callback()(lambda: None)  # or typer takes the only command for the whole program
    register(app)
    return CliRunner().invoke(app, ["simulate", *arguments], input=typed, catch_exceptions=False)


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_script_of_a_call(script: Path, request: pytest.FixtureRequest) -> None:
    command = script.read_text("utf-8").splitlines()[0]
    result = run(*shlex.split(command.removeprefix(PROGRAM)))
    assert result.exit_code == 0, result.output
    happened = f"{command}\n\n{result.stdout}"
    if request.config.getoption("--rewrite-goldens", default=False):
        script.write_text(happened, "utf-8")
    assert happened == script.read_text("utf-8"), "if it is meant so: make goldens"


OPEN = ("ivr", "--at", "2026-03-03 10:00")


def test_played_by_hand_at_the_prompt() -> None:
    typed = "?\nx\n1\n3\nb\n?\nz\nn\n\n?\n\n"
    output = run(*OPEN, typed=typed).stdout
    assert "You play the caller and the phones" in output
    assert "Enter   stay silent" in output
    assert "`x` is nothing a caller does" in output
    assert "101 Mari Tamm is busy" in output
    assert "`z` is no way for a phone to ring" in output
    assert "102 Jaan Sepp does not answer (20 s)" in output
    assert "104 Rasmus Lill answers after 4 s" in output
    assert "Rasmus Lill hangs up, or h: the caller?" in output
    assert output.splitlines()[-1].endswith("Disposition talked: a person talked to the caller.")


def test_several_words_answer_several_questions() -> None:
    output = run(*OPEN, "--phones", "101=busy", typed="3 # . 1 1 2\nd\nh\n").stdout
    assert output.count("which key?") == 1
    assert "rings, for" not in output.partition("102 Jaan Sepp rings")[0]
    assert "102 Jaan Sepp declines" in output
    assert output.splitlines()[-1].startswith("The call lasted")
    assert "Disposition abandoned" in output


@pytest.mark.parametrize("typed", ["", "h\n", "2\n", "2\n\n"])
def test_the_end_of_what_is_typed_hangs_up(typed: str) -> None:
    output = run(*OPEN, typed=typed).stdout
    assert "caller            hangs up" in output
    assert "Disposition" in output.splitlines()[-1]


def test_enter_is_silence() -> None:
    output = run(*OPEN, typed="\n\n\nu\n").stdout
    assert output.count("stays silent for 5 s") == 3
    assert "main/menu: silence, attempt 3 of 3" in output


def test_mistakes_are_told_a_line_each() -> None:
    result = run("ivr", "--to", "600", "--keys", "x")
    assert result.exit_code == 2
    assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == ["switchboard simulate"] * 2
    assert not result.stdout


def test_a_call_that_ends_before_the_script_does() -> None:
    output = run(*OPEN, "--keys", "h 2 w3 1").stdout
    assert output.splitlines()[-1] == "The call was over before the caller did: 2 w3 1"


def test_for_programs() -> None:
    told = json.loads(run(*OPEN, "--keys", "0", "--json").stdout)
    assert told["disposition"] == "talked"
    assert told["at"] == "2026-03-03T08:00:00+00:00"
    says = [line for line in told["lines"] if line["what"] == "says"]
    assert says[0] == {
        "seconds": 0.0,
        "what": "says",
        "text": "Welcome to Northern Larder. Good food for good kitchens.",
        "language": "en",
    }
    (press,) = [line for line in told["lines"] if line["what"] == "presses"]
    assert press["keys"] == "0"
    assert press["seconds"] > 10
    assert [event["kind"] for event in told["events"]][-1] == "ended"


def _read(terminal: int) -> bytes:
    """What is shown next; within 20 s something must be."""
    ready, _, _ = select.select([terminal], [], [], 20)
    assert ready, "nothing more is shown"
    return os.read(terminal, 4096)


def test_ctrl_c_at_the_prompt_hangs_up() -> None:
    """On a terminal of its own, as a person would."""
    leader, follower = pty.openpty()
    program = [sys.executable, "-m", "switchboard", "simulate", *OPEN]
    process = subprocess.Popen(
        program,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # who runs us in the background ignores it
    )
    os.close(follower)
    shown = b""
    try:
        while b"which key?" not in shown:
            shown += _read(leader)
        process.send_signal(signal.SIGINT)
        with suppress(OSError):  # the terminal is gone with its last user
            while block := _read(leader):
                shown += block
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    text = shown.decode()
    assert "Disposition abandoned" in text
    assert "Traceback" not in text
