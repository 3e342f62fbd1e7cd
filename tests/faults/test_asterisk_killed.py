"""Asterisk dies: it is started again, calls are answered again, and the records of those that were cut are closed."""

from __future__ import annotations

import time

import pytest

from tests.faults.witness import records
from tests.hearing import tone
from tests.phones import PhoneCall, Phones
from tests.switchboard_fixture import RunningSwitchboard

IN_MENU, TALKING, AFTERWARDS = "37255500001", "37255500002", "37255500003"


async def call_from(phones: Phones, switchboard: RunningSwitchboard, number: str) -> PhoneCall:
    """An answered call that has come to the menu."""
    phone = await phones.outside(number, switchboard.sip_address)
    call = await (await phone.dial("6001000")).established()
    await call.hears(switchboard.prompt("main_menu"), timeout=15)
    return call


async def calls_in_progress(phones: Phones, switchboard: RunningSwitchboard) -> None:
    """One caller in the menu, one who talks to reception."""
    reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
    talking = await call_from(phones, switchboard, TALKING)
    await talking.press("0")
    rung = await (await reception.rung()).answer()
    rung.say(tone(700, 2.0), again=True)
    await talking.hears_tone(700)
    await call_from(phones, switchboard, IN_MENU)


async def test_the_next_call_is_answered_and_the_cut_ones_are_closed(
    switchboard: RunningSwitchboard, phones: Phones
) -> None:
    await calls_in_progress(phones, switchboard)
    began = time.monotonic()
    killed = switchboard.kill("asterisk")
    await switchboard.restarted("asterisk", killed)
    await switchboard.answering()
    print(f"Asterisk killed: calls are answered again after {time.monotonic() - began:.1f} s")
    call = await call_from(phones, switchboard, AFTERWARDS)
    await call.hang_up()
    found = await records(switchboard, [IN_MENU, TALKING, AFTERWARDS])
    assert found[TALKING].disposition == "talked"
    assert found[IN_MENU].ended_by == found[TALKING].ended_by == "unknown"
    assert found[AFTERWARDS].ended_by == "caller"


@pytest.mark.thorough
async def test_killed_together_with_the_controller(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """Nobody of ours saw those calls end: Asterisk's log tells that it was cut."""
    await calls_in_progress(phones, switchboard)
    killed, controller = switchboard.kill("asterisk"), switchboard.kill("controller")
    await switchboard.restarted("asterisk", killed)
    await switchboard.restarted("controller", controller)
    await switchboard.answering()
    found = await records(switchboard, [IN_MENU, TALKING])
    assert (found[IN_MENU].disposition, found[TALKING].disposition) == ("failed", "talked")


@pytest.mark.thorough
async def test_it_hangs_and_comes_to_itself(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """Longer than the controller's patience with a silent link, shorter than a lease."""
    call = await call_from(phones, switchboard, IN_MENU)
    switchboard.pause("asterisk")
    status = await switchboard.status()
    deadline = time.monotonic() + 8
    while status["answering"] and time.monotonic() < deadline:
        status = await switchboard.status()
    assert not status["answering"], "nobody noticed that Asterisk hangs"
    switchboard.resume("asterisk")
    await switchboard.answering()
    after = call.now
    await call.press("3")
    await call.hears(switchboard.prompt("info_menu"), after=after, timeout=15)
    await call.hang_up()
    record = (await records(switchboard, [IN_MENU]))[IN_MENU]
    assert record.steps()[-1] == "information/menu hangup"
