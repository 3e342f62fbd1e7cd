"""`switchboard up` from end to end, and the one line it says when it can't."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from switchboard.machine.account import folders_of
from switchboard.settings import load
from tests.machine.conftest import REPOSITORY, as_root, switchboard
from tests.machine.processes import descendants, running, wait_until
from tests.machine.test_asterisk_install import make_asterisk

WriteSettings = Callable[..., Path]


def refusal(settings: Path) -> str:
    """What `up` says when it can't start; it must be one line, and nothing may be left running."""
    ran = switchboard("--settings", settings, "up")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert ran.stderr.startswith("switchboard: ") and ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr.removeprefix("switchboard: ").rstrip("\n")


def test_a_port_in_use(settings_file: WriteSettings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refusal(settings_file(ami_port=port))
    assert said.startswith(f"ami_port: TCP port {port} on 127.0.0.1 is in use by ")
    assert said.endswith(f"(process {os.getpid()}); set another")


def test_a_folder_that_cannot_be_made(settings_file: WriteSettings, folder: Path) -> None:
    (folder / "file").touch()
    assert refusal(settings_file(state=folder / "file")) == f"state: cannot make {folder / 'file'}: File exists"


def test_a_wrong_value(settings_file: WriteSettings) -> None:
    assert refusal(settings_file(sip_port=80)).startswith("sip_port: Input should be greater than or equal to 1024")


def test_an_old_asterisk(settings_file: WriteSettings, folder: Path) -> None:
    program = make_asterisk(folder / "old", "20.1.0")
    assert refusal(settings_file(asterisk=program)) == (
        f"asterisk: {program} is Asterisk 20.1.0, too old: 22.10.1 or newer is needed"
    )


@as_root
def test_an_account_that_does_not_exist(settings_file: WriteSettings) -> None:
    assert refusal(settings_file(account="nosuchaccount")) == "account: this machine has no account 'nosuchaccount'"


def test_a_configuration_that_is_wrong(settings_file: WriteSettings, folder: Path) -> None:
    ran = switchboard("--settings", settings_file(ivr=folder / "none"), "up")
    assert ran.returncode == 1
    assert "organisation.yaml" in ran.stderr
    assert "Traceback" not in ran.stderr


class Launched:
    """A running `switchboard up`."""

    def __init__(self, settings: Path) -> None:
        self.settings = settings
        self.output = settings.with_name("output")
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "switchboard", "--settings", str(settings), "up"],
                cwd=REPOSITORY,
                stdout=output,
                stderr=output,
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_it_answers(self) -> None:
        wait_until(lambda: "Stop: Ctrl-C" in self.said() or self.process.poll() is not None, within=120)
        assert self.process.poll() is None, self.said()

    def status(self) -> tuple[int, dict[str, object]]:
        ran = switchboard("--settings", self.settings, "status", "--json")
        return ran.returncode, json.loads(ran.stdout)


@pytest.fixture
def launched(settings_file: WriteSettings) -> Iterator[Launched]:
    """It uses the programs and prompts that `switchboard prepare` left."""
    launched = Launched(settings_file(cache=folders_of(load()).cache))
    try:
        launched.wait_until_it_answers()
        yield launched
    finally:
        launched.process.kill()
        launched.process.wait()


def test_it_starts_tells_and_ends_in_order(launched: Launched) -> None:
    code, status = launched.status()
    assert (code, status["answering"]) == (0, True)
    names = [process["name"] for process in status["processes"]]  # type: ignore[attr-defined]
    assert names == ["launcher", "postgres", "asterisk", "controller", "console"]
    assert ":***@" in str(status["database_url"])
    for address in status["addresses"]:  # type: ignore[attr-defined]
        assert address in launched.said()
    secrets = json.loads((launched.settings.parent / "state/secrets.json").read_text())
    for extension, password in secrets["phones"].items():
        assert f"  {extension} " in launched.said() and password in launched.said()
    below = descendants(launched.process.pid)
    launched.process.send_signal(signal.SIGINT)
    assert launched.process.wait(20) == 0
    assert launched.said().endswith("Stopped.\n")
    assert not running(below)
    code, status = launched.status()
    assert (code, status["answering"], status["processes"]) == (1, False, [])


def test_kill_9_leaves_nothing_and_the_next_start_answers(launched: Launched) -> None:
    below = descendants(launched.process.pid)
    assert len(below) > 3
    launched.process.kill()
    launched.process.wait()
    wait_until(lambda: not running(below), within=10)
    code, status = launched.status()
    assert (code, status["answering"]) == (1, False)
    again = Launched(launched.settings)
    try:
        again.wait_until_it_answers()
        assert again.status()[0] == 0
    finally:
        again.process.terminate()
        assert again.process.wait(20) == 0


def test_a_second_one_of_the_same_folder_is_refused(launched: Launched) -> None:
    assert refusal(launched.settings).endswith(f"runs already (process {launched.process.pid})")


@pytest.mark.parametrize("name", ["postgres", "asterisk", "controller"])
def test_a_child_that_is_killed_comes_back(launched: Launched, name: str) -> None:
    def pid() -> int | None:
        return next(each["pid"] for each in launched.status()[1]["processes"] if each["name"] == name)  # type: ignore[attr-defined]

    first = pid()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: pid() not in (first, None) and launched.status()[0] == 0, within=30)
    assert f"child={name}" in launched.said()
