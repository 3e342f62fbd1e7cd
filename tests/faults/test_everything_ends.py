"""The launcher is killed or told to stop while calls go on: nothing is left running, and no record open."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.witness import records
from tests.hearing import tone
from tests.phones import PhoneCall, Phones
from tests.switchboard_fixture import RunningSwitchboard

IN_MENU, TALKING, AFTERWARDS = "37255500001", "37255500002", "37255500003"


async def calls_in_progress(phones: Phones, switchboard: RunningSwitchboard) -> list[PhoneCall]:
    """One caller in the menu, one who talks to reception; and reception's side."""
    reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
    calls = []
    for number in (TALKING, IN_MENU):
        phone = await phones.outside(number, switchboard.sip_address)
        calls.append(await (await phone.dial("6001000")).established())
        await calls[-1].hears(switchboard.prompt("welcome"))
    await calls[0].press("0")
    rung = await (await reception.rung()).answer()
    rung.say(tone(700, 2.0), again=True)
    await calls[0].hears_tone(700)
    await calls[1].hears(switchboard.prompt("main_menu"))
    return [*calls, rung]


async def test_killed_launcher(switchboard: RunningSwitchboard, phones: Phones) -> None:
    calls = await calls_in_progress(phones, switchboard)
    switchboard.kill("launcher")
    await switchboard.nothing_left()
    for call in calls:
        await call.ended()
    began = time.monotonic()
    await switchboard.start()
    print(f"after a killed launcher: calls are answered {time.monotonic() - began:.1f} s after the next start")
    found = await records(switchboard, [TALKING, IN_MENU])
    assert found[TALKING].disposition == "talked"
    assert not found[IN_MENU].answered_extension


@pytest.mark.thorough
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stopped_in_order(switchboard: RunningSwitchboard, phones: Phones, number: signal.Signals) -> None:
    calls = await calls_in_progress(phones, switchboard)
    switchboard.kill("launcher", number)
    await switchboard.nothing_left(15)
    for call in calls:
        await call.ended()
    await switchboard.start()
    found = await records(switchboard, [TALKING, IN_MENU])
    assert found[TALKING].disposition == "talked"
    again = await phones.outside(AFTERWARDS, switchboard.sip_address)
    call = await (await again.dial("6001000")).established()
    await call.hears_whole(switchboard.prompt("welcome"))
    await call.hang_up()
    await records(switchboard, [TALKING, IN_MENU, AFTERWARDS])


@pytest.mark.thorough
async def test_a_second_one_is_refused_in_one_line(switchboard: RunningSwitchboard) -> None:
    code, output, errors = await switchboard.command("up")
    assert (code, output) == (1, "")
    assert errors.count("\n") == 1 and errors.endswith(f"runs already (process {switchboard.pid('launcher')})\n")
