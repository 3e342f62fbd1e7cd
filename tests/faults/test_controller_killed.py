"""The controller is killed in the middle of a call: the next one takes the call over where it stood."""

from __future__ import annotations

import asyncio

import pytest

from switchboard.domain.call_record import EventKind
from tests import hearing
from tests.faults.witness import records
from tests.hearing import tone
from tests.phones import Phones
from tests.switchboard_fixture import RunningSwitchboard

CALLER = "37255500001"


@pytest.mark.thorough
async def test_in_a_prompt_the_caller_hears_it_again(switchboard: RunningSwitchboard, phones: Phones) -> None:
    caller = await phones.outside(CALLER, switchboard.sip_address)
    call = await (await caller.dial("6001000")).established()
    await call.hears(switchboard.prompt("welcome"))
    killed = switchboard.kill("controller")
    at = call.now
    await switchboard.restarted("controller", killed)
    await call.hears_whole(switchboard.prompt("welcome"), after=at)
    await call.hears(switchboard.prompt("main_menu"))
    await call.hang_up()
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert EventKind.ADOPTED in record.kinds()
    assert (record.disposition, record.ended_by) == ("abandoned", "caller")
    assert record.steps()[-1] == "main/menu hangup"


async def test_in_a_menu_it_resumes_there_in_the_callers_language(
    switchboard: RunningSwitchboard, phones: Phones
) -> None:
    caller = await phones.outside(CALLER, switchboard.sip_address)
    call = await (await caller.dial("6001000")).established()
    await call.hears(switchboard.prompt("welcome"))
    await call.press("9")
    await call.hears(switchboard.prompt("language_menu"))
    await call.press("2")
    await call.hears(switchboard.prompt("main_menu", "et"))
    killed = switchboard.kill("controller")
    at = call.now
    await switchboard.restarted("controller", killed)
    again = await call.hears(switchboard.prompt("main_menu", "et"), after=at)
    print(f"controller killed: the menu is said again after {again.at - at:.1f} s")
    await call.press("3")
    pressed = call.now
    info = await call.hears(switchboard.prompt("info_menu", "et"), after=pressed - 0.5)
    assert info.at - pressed < 1.0, "what the killed controller had begun to say was not stopped"
    await call.hang_up()
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert record.kinds().count(EventKind.ADOPTED) == 1
    assert record.language == "et"
    assert record.steps()[-3:] == ["main/menu 3", "main/information entered", "information/menu hangup"]
    assert again.at - at < 5.0


async def test_while_two_people_talk_they_notice_nothing(switchboard: RunningSwitchboard, phones: Phones) -> None:
    reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
    caller = await phones.outside(CALLER, switchboard.sip_address)
    call = await (await caller.dial("6001000")).established()
    await call.hears(switchboard.prompt("welcome"))
    await call.press("0")
    rung = await (await reception.rung()).answer()
    call.say(tone(1100, 1.0), again=True)
    rung.say(tone(700, 1.0), again=True)
    await asyncio.gather(call.hears_tone(700), rung.hears_tone(1100))
    begin, rung_begin = call.now, rung.now
    killed = switchboard.kill("controller")
    await switchboard.restarted("controller", killed)
    await switchboard.answering()
    await call.listen(3.0)  # longer than a lease's interval: whoever took over must not put one on
    for heard, frequency in ((call.heard[int(begin * 8000) :], 700), (rung.heard[int(rung_begin * 8000) :], 1100)):
        assert hearing.longest_silence(heard) <= 0.3
        assert hearing.tone_share(heard[-8000:], frequency) > 0.8
    await rung.hang_up()
    call.be_quiet()
    await call.hears_whole(switchboard.prompt("goodbye"))
    await call.ended()
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert record.kinds().count(EventKind.ADOPTED) == 1
    assert (record.disposition, record.answered_extension) == ("talked", "100")
    assert record.kinds().count(EventKind.TALKED) == 1
    await switchboard.no_channels()


@pytest.mark.thorough
async def test_while_a_phone_rings_it_rings_again(switchboard: RunningSwitchboard, phones: Phones) -> None:
    reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
    caller = await phones.outside(CALLER, switchboard.sip_address)
    call = await (await caller.dial("6001000")).established()
    await call.hears(switchboard.prompt("welcome"))
    await call.press("0")
    first = await reception.rung()
    killed = switchboard.kill("controller")
    await switchboard.restarted("controller", killed)
    second = await reception.rung()
    await first.ended()
    await second.answer()
    call.say(tone(1100, 3))
    second.say(tone(700, 3))
    await asyncio.gather(call.hears_tone(700), second.hears_tone(1100))
    await call.hang_up()
    await second.ended()
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert (record.disposition, record.ended_by, record.answered_extension) == ("talked", "caller", "100")
    assert record.kinds().count(EventKind.ADOPTED) == 1
    await switchboard.no_channels()


@pytest.mark.thorough
async def test_the_callee_hangs_up_while_no_controller_lives(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """The caller is not given to reception once more: the talk is over, and the dialplan says goodbye at once."""
    reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
    caller = await phones.outside(CALLER, switchboard.sip_address)
    call = await (await caller.dial("6001000")).established()
    await call.hears(switchboard.prompt("welcome"))
    await call.press("0")
    rung = await (await reception.rung()).answer()
    rung.say(tone(700, 1.0), again=True)
    await call.hears_tone(700)
    switchboard.kill("controller")
    await rung.hang_up()
    await call.hears_whole(switchboard.prompt("safety_goodbye"))
    await call.ended()
    assert not reception.is_rung
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert (record.disposition, record.answered_extension) == ("talked", "100")
    assert record.kinds().count(EventKind.TALKED) == 1


@pytest.mark.thorough
async def test_the_caller_hangs_up_while_no_controller_lives(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """Nobody of ours saw the end: Asterisk's log tells it."""
    reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
    caller = await phones.outside(CALLER, switchboard.sip_address)
    call = await (await caller.dial("6001000")).established()
    await call.hears(switchboard.prompt("welcome"))
    await call.press("0")
    rung = await reception.rung()
    killed = switchboard.kill("controller")
    await call.hang_up()
    await switchboard.restarted("controller", killed)
    await rung.ended()  # the phone does not ring for ever
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert (record.disposition, record.ended_by) == ("abandoned", "caller")
    await switchboard.no_channels()
