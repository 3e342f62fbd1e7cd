"""The controller is killed after another version was told of: callers go on in theirs, and Asterisk comes back."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from switchboard.domain.call_record import EventKind
from switchboard.flows.versions import keep_version, live_version, set_live
from switchboard.machine.controller_link import controller_status, reload_controller
from tests.asterisk_fixture import eventually
from tests.faults.witness import records
from tests.phones import Phones
from tests.switchboard_fixture import RunningSwitchboard

CALLER, NEXT = "37255500001", "37255500002"
DEADLINE = 10.0  # seconds


@pytest_asyncio.fixture
async def other(switchboard: RunningSwitchboard, tmp_path: Path) -> AsyncIterator[str]:
    """A version in which key 3 is colleagues, and there is one phone more."""
    ivr = tmp_path / "ivr"
    shutil.copytree(switchboard.settings.ivr, ivr)
    flow, people = ivr / "flows/main.yaml", ivr / "people.yaml"
    drawn, was = flow.read_text(), "3: information, 4: people"
    assert was in drawn
    flow.write_text(drawn.replace(was, "3: people, 4: information"))
    people.write_text(people.read_text().replace('  "130": Showroom', '  "130": Showroom\n  "177": Store'))
    return keep_version(switchboard.folders.versions, ivr, switchboard.settings.prompts)


@pytest.mark.thorough
async def test_a_call_in_progress_goes_on_in_its_version(
    switchboard: RunningSwitchboard, phones: Phones, other: str
) -> None:
    first = live_version(switchboard.folders.versions)
    call = await (await (await phones.outside(CALLER, switchboard.sip_address)).dial("6001000")).established()
    await call.hears(switchboard.prompt("main_menu"))
    answer = await reload_controller(switchboard.folders.controller_socket, other)
    assert answer is not None
    assert (answer.was, answer.asterisk) == (first, ("pjsip.conf", "extensions.conf"))
    set_live(switchboard.folders.versions, other)
    at = call.now
    killed = switchboard.kill("controller")
    await switchboard.restarted("controller", killed)
    await call.hears(switchboard.prompt("main_menu"), after=at)
    await call.press("3")
    await call.hears(switchboard.prompt("info_menu"))
    status = await controller_status(switchboard.folders.controller_socket)
    assert status is not None
    assert (status["flow_version"], set(status["versions_in_use"])) == (other, {first, other})
    await call.hang_up()
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert record.kinds().count(EventKind.ADOPTED) == 1
    assert record.flow_version == first
    assert record.steps()[-2:] == ["main/information entered", "information/menu hangup"]


@pytest.mark.thorough
async def test_killed_between_telling_asterisk_and_going_live(switchboard: RunningSwitchboard, other: str) -> None:
    """The next controller serves what is live, and brings Asterisk back to it."""
    first = live_version(switchboard.folders.versions)
    await reload_controller(switchboard.folders.controller_socket, other)  # and nobody makes it live
    assert "177" in await switchboard.asterisk("pjsip show endpoint 177")
    killed = switchboard.kill("controller")
    await switchboard.restarted("controller", killed)
    await switchboard.answering()
    status = await controller_status(switchboard.folders.controller_socket)
    assert status is not None
    assert status["flow_version"] == first

    async def is_back() -> bool:
        return "Unable to find" in await switchboard.asterisk("pjsip show endpoint 177")

    await eventually(is_back, DEADLINE, "Asterisk has no phone 177")
    log = (switchboard.folders.logs / "controller.log").read_text()
    assert log.count("asterisk_settled") == 1, "and at the first start there was nothing to settle"
    assert "configuration_problem" not in {key for key, value in status.items() if value}
