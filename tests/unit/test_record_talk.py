"""Whether a conversation is recorded: a disk that is full never keeps people from talking."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from switchboard.asterisk.recording_calls import LEAST_FREE, RecordingDisk
from switchboard.commands.status import recording_lines
from switchboard.domain.call_record import Disposition, EventKind
from switchboard.flows.configuration import Configuration
from switchboard.flows.interpret import conversation_of
from switchboard.flows.load import load_configuration
from switchboard.services.answer_call import answer_call
from tests.flows.playing import EXAMPLE, PROMPTS, Script, scripted

ORDERS = Script(
    number="6002000",
    phones={"101": "answers after 3s, talks 20s"},
    does=["press 1 during to place an order", "press 1 during if you agree"],
)


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


class Space:
    """ports.RecordingSpace as a test says."""

    def __init__(self, *, room: bool) -> None:
        self._room = room

    def has_room(self) -> bool:
        return self._room


@pytest.mark.parametrize("room", [True, False])
async def test_with_a_full_disk_they_talk_all_the_same(configuration: Configuration, room: bool) -> None:
    call, office, ledger = scripted(configuration, ORDERS)
    office = replace(office, recording_space=Space(room=room))
    with capture_logs() as logs:
        disposition = await answer_call(call, office, conversation_of(configuration, office, "sales"))
    assert disposition is Disposition.TALKED
    kinds = [event.kind for event in ledger.events]
    assert (EventKind.RECORDING_ORDERED in kinds) is room
    assert (EventKind.RECORDING_LEFT_OUT in kinds) is not room
    assert [each["event"] for each in logs if each["event"] == "call_not_recorded"] == (
        [] if room else ["call_not_recorded"]
    )
    assert ("(what they say is recorded)" in call.transcript) is room


@pytest.mark.parametrize(("free", "has_room"), [(LEAST_FREE, True), (LEAST_FREE - 1, False), (0, False)])
def test_how_much_room_is_enough(free: int, has_room: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage: Callable[[Path], shutil._ntuple_diskusage] = lambda _: shutil._ntuple_diskusage(1 << 50, 0, free)  # noqa: E731
    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert RecordingDisk(tmp_path).has_room() is has_room


def test_a_folder_that_is_not_there_has_no_room(tmp_path: Path) -> None:
    assert not RecordingDisk(tmp_path / "nothing").has_room()


def test_status_tells_it() -> None:
    assert recording_lines({"recordings_have_room": True, "recordings_problem": None}) == []
    assert recording_lines({}) == []
    (full, waits) = recording_lines({"recordings_have_room": False, "recordings_problem": "no\x1b disk"})
    assert full == "recordings   NONE IS BEGUN: less than 2 GiB of disk are free"
    assert waits == "recordings   NOT BROUGHT IN OR ERASED, IS TRIED AGAIN: no\\x1b disk"
