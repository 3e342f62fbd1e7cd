"""The controller is gone for good, or hangs: the safety net has every caller, and the records catch up afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from switchboard.domain.call_record import EventKind
from tests import hearing
from tests.faults.witness import records
from tests.hearing import tone
from tests.phones import Habit, PhoneCall, Phones
from tests.switchboard_fixture import RunningSwitchboard

CALLER, OTHER = "37255500001", "37255500002"
LEASE = 10.0  # seconds; and about as much again is not waited


@pytest_asyncio.fixture
async def deserted(switchboard: RunningSwitchboard) -> AsyncIterator[RunningSwitchboard]:
    """A switchboard whose controller is dead and not started again: whoever would do it is frozen."""
    switchboard.pause("launcher")
    switchboard.kill("controller")
    yield switchboard
    switchboard.resume("launcher")


async def call_from(phones: Phones, switchboard: RunningSwitchboard, number: str = CALLER) -> PhoneCall:
    """An answered call."""
    phone = await phones.outside(number, switchboard.sip_address)
    return await (await phone.dial("6001000")).established()


async def leave_message(call: PhoneCall, switchboard: RunningSwitchboard, seconds: float) -> None:
    """Say a tone of that length after the tone, and end with #."""
    asked = await call.hears_whole(switchboard.prompt("safety_leave_message"), timeout=40)
    await call.hears_tone(1000, after=asked.at + asked.whole - 0.5)
    begin = call.now
    call.say(tone(600, seconds))
    await call.listen(max(0.0, seconds - (call.now - begin)))
    await call.press("#")
    await call.hears_whole(switchboard.prompt("safety_goodbye"))
    await call.ended()


async def talk(call: PhoneCall, rung: PhoneCall) -> None:
    """Both hear each other."""
    call.say(tone(1100, 2.0), again=True)
    rung.say(tone(700, 2.0), again=True)
    await asyncio.gather(call.hears_tone(700), rung.hears_tone(1100))


async def test_a_new_caller_reaches_reception_through_the_safety_net(
    deserted: RunningSwitchboard, phones: Phones
) -> None:
    reception = await phones.register("100", deserted.password("100"), deserted.sip_address)
    dialled = time.monotonic()
    call = await call_from(phones, deserted)
    answered = time.monotonic() - dialled
    print(f"no controller: answered by the safety net after {answered:.3f} s")
    assert answered < 0.9
    greeting = await call.hears_whole(deserted.prompt("safety_greeting"))
    assert greeting.at < 0.5
    rung = await (await reception.rung()).answer()
    await talk(call, rung)
    await rung.hang_up()
    await call.ended()
    deserted.resume("launcher")
    await deserted.answering()
    record = (await records(deserted, [CALLER]))[CALLER]
    assert (record.disposition, record.answered_extension) == ("talked", "100")
    assert record.safety_net in ("TIMEOUT", "FAILED")
    assert record.kinds().count(EventKind.SAFETY_NET) == 1


@pytest.mark.thorough
async def test_nobody_answers_and_the_message_is_collected_once(deserted: RunningSwitchboard, phones: Phones) -> None:
    reception = await phones.register("100", deserted.password("100"), deserted.sip_address)
    reception.habit = Habit.BUSY
    call = await call_from(phones, deserted)
    await leave_message(call, deserted, 2.5)
    deserted.resume("launcher")
    await deserted.answering()
    record = (await records(deserted, [CALLER]))[CALLER]
    assert (record.disposition, record.message_count) == ("message", 1)
    message = next(event for event in record.events if event.kind is EventKind.MESSAGE)
    assert 1.6 < message.data["seconds"] < 4.0  # begins a moment after the tone, ends before the key
    sound = hearing.read_wav(deserted.folders.messages / message.data["file"])
    assert hearing.has_tone(sound, 600, seconds=1.5)
    again = deserted.kill("controller")
    await deserted.restarted("controller", again)
    await deserted.answering()
    after = (await records(deserted, [CALLER]))[CALLER]
    assert after.kinds() == record.kinds(), "the next controller collected it a second time"


@pytest.mark.thorough
async def test_a_caller_in_a_menu_is_taken_by_the_safety_net_when_the_lease_ends(
    switchboard: RunningSwitchboard, phones: Phones
) -> None:
    reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
    call = await call_from(phones, switchboard)
    await call.hears(switchboard.prompt("main_menu"))
    switchboard.pause("launcher")
    switchboard.kill("controller")
    killed = call.now
    taken = await call.hears_whole(switchboard.prompt("safety_greeting"), after=killed, timeout=20)
    print(f"lease: the safety net speaks {taken.at - killed:.1f} s after the controller's death")
    assert taken.at - killed < LEASE + 1.0
    rung = await (await reception.rung()).answer()
    await talk(call, rung)
    await call.hang_up()
    await rung.ended()
    switchboard.resume("launcher")
    await switchboard.answering()
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert (record.disposition, record.ended_by, record.safety_net) == ("talked", "caller", "lease")
    assert "main/hours open" in record.steps()


@pytest.mark.thorough
async def test_a_hung_controller_costs_a_new_caller_half_a_second(
    switchboard: RunningSwitchboard, phones: Phones
) -> None:
    reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
    switchboard.pause("controller")
    dialled = time.monotonic()
    call = await call_from(phones, switchboard)
    answered = time.monotonic() - dialled
    print(f"controller hangs: answered by the safety net after {answered:.3f} s")
    assert 0.5 <= answered < 1.2
    rung = await (await reception.rung()).answer()
    await talk(call, rung)
    switchboard.resume("controller")
    await switchboard.answering()
    begin = call.now
    await call.listen(3.0)
    assert hearing.longest_silence(call.heard[int(begin * hearing.RATE) :]) <= 0.3
    assert not reception.is_rung, "the controller served a caller whom the safety net had"
    await call.hang_up()
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert (record.disposition, record.ended_by, record.safety_net) == ("talked", "caller", "TIMEOUT")


@pytest.mark.thorough
async def test_a_controller_that_hung_too_long_lets_go_of_its_caller(
    switchboard: RunningSwitchboard, phones: Phones
) -> None:
    """Its lease ran out, the safety net has the caller; the controller comes to itself and must not interfere."""
    reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
    call = await call_from(phones, switchboard)
    await call.hears(switchboard.prompt("main_menu"))
    switchboard.pause("controller")
    frozen = call.now
    await call.hears_whole(switchboard.prompt("safety_greeting"), after=frozen, timeout=20)
    rung = await (await reception.rung()).answer()
    await talk(call, rung)
    switchboard.resume("controller")
    await switchboard.answering()
    begin = call.now
    await call.listen(LEASE + 2.0)  # had the lease been renewed, it would end the talk now
    assert hearing.longest_silence(call.heard[int(begin * hearing.RATE) :]) <= 0.3
    assert not reception.is_rung
    await rung.hang_up()
    await call.ended()
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert (record.disposition, record.safety_net) == ("talked", "lease")


@pytest.mark.thorough
async def test_a_short_freeze_is_not_noticed(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """Two seconds: the prompt goes on, a key pressed meanwhile counts."""
    call = await call_from(phones, switchboard)
    await call.hears(switchboard.prompt("main_menu"))
    switchboard.pause("controller")
    await call.listen(2.0)
    await call.press("3")
    switchboard.resume("controller")
    await call.hears(switchboard.prompt("info_menu"))
    await call.hang_up()
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert record.steps()[-3:] == ["main/menu 3", "main/information entered", "information/menu hangup"]
    assert record.safety_net is None
