"""One launcher to a state folder, and what it says of itself."""

from __future__ import annotations

import os
import signal
import subprocess
import threading

import pytest

from switchboard.commands.preparation import Place
from switchboard.commands.status import as_text, gather_status, masked_url
from switchboard.errors import SetupError
from switchboard.machine import running as running_module
from switchboard.machine.running import Running, RunningProcess, is_alive, only_one, read_running, start_of


def of_process(name: str, pid: int) -> RunningProcess:
    return RunningProcess(name, pid, "2026-11-21T12:00:00+00:00", start_of(pid))


def test_it_is_read_as_it_was_written(place: Place) -> None:
    said = Running([of_process("launcher", os.getpid())], "postgresql://a:b@h/c", ["sip:1@h"], {"python": "3"})
    said.write(place.folders)
    assert read_running(place.folders) == said
    assert place.folders.running.stat().st_mode & 0o777 == 0o600


def test_a_process_is_not_taken_for_a_later_one_of_its_number() -> None:
    own = of_process("launcher", os.getpid())
    assert is_alive(own)
    own.started -= 1
    assert not is_alive(own)


def test_a_damaged_file_is_told_of(place: Place) -> None:
    place.folders.running.write_text("{}")
    with pytest.raises(SetupError, match=r"switchboard.json is damaged"):
        read_running(place.folders)


def test_a_second_launcher_is_refused_by_the_number_of_the_first(place: Place) -> None:
    with (
        only_one(place.folders, print),
        pytest.raises(SetupError, match=rf"state: .* runs already \(process {os.getpid()}\)"),
        only_one(place.folders, print),
    ):
        pass
    with only_one(place.folders, print):
        pass


def test_children_of_a_killed_launcher_get_time_to_end(place: Place) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as left:
        Running([of_process("asterisk", left.pid)], "").write(place.folders)
        told: list[str] = []
        timer = threading.Timer(0.1, left.send_signal, [signal.SIGKILL])
        timer.start()
        with only_one(place.folders, told.append):
            assert left.wait(5) == -signal.SIGKILL
        timer.join()
    assert told[0] == f"waiting for asterisk (process {left.pid}) of the last run to end"
    assert read_running(place.folders) is None


def test_children_of_a_killed_launcher_that_stay_are_told_of(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_module, "LEFTOVERS_GO_WITHIN", 0.0)
    Running([of_process("asterisk", os.getpid())], "").write(place.folders)
    with (
        pytest.raises(SetupError, match=rf"asterisk \(process {os.getpid()}\) of a killed switchboard does not end"),
        only_one(place.folders, lambda _: None),
    ):
        pass


async def test_the_status_of_nothing(place: Place) -> None:
    facts = await gather_status(place.folders, place.settings.console_url)
    assert facts["answering"] is False
    assert as_text(facts) == f"Nothing runs from {place.folders.state}. Start it: switchboard up"


async def test_calls_are_not_answered_without_a_controller(place: Place) -> None:
    Running([of_process(name, os.getpid()) for name in ("launcher", "asterisk")], "postgresql://a:b@h/c").write(
        place.folders
    )
    facts = await gather_status(place.folders, place.settings.console_url)
    assert facts["answering"] is False
    assert [process["alive"] for process in facts["processes"]] == [True, True]
    assert facts["database_url"] == "postgresql://a:***@h/c"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:secret@h:5/calls", "postgresql://ann:***@h:5/calls"),
        ("postgresql://ann:a%40b@h/calls?sslmode=require", "postgresql://ann:***@h/calls?sslmode=require"),
        ("postgresql://ann@h/calls", "postgresql://ann@h/calls"),
        ("postgresql:///calls?host=/run/pg&password=secret", "postgresql:///calls?host=/run/pg&password=***"),
    ],
)
def test_a_password_is_not_shown(url: str, shown: str) -> None:
    assert masked_url(url) == shown


def test_a_starting_child_is_not_alive() -> None:
    assert not is_alive(RunningProcess("asterisk", None, None))
