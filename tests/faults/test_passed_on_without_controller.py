"""Conversations, and what desk phones do with them, while the controller is dead: nobody sits in silence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from switchboard.domain.call_record import EventKind
from tests import hearing
from tests.asterisk_fixture import eventually
from tests.faults.witness import CLOSED_WITHIN, Record, records
from tests.hearing import tone
from tests.phones import Habit, Phone, PhoneCall, Phones
from tests.switchboard_fixture import RunningSwitchboard

CALLER = "37255500001"
K = EventKind


@pytest_asyncio.fixture
async def restarting(switchboard: RunningSwitchboard) -> AsyncIterator[RunningSwitchboard]:
    """A switchboard whose launcher goes on in the end, should a test have frozen it."""
    yield switchboard
    switchboard.resume("launcher")


async def talk(one: PhoneCall, other: PhoneCall) -> None:
    """Both hear each other, from now on."""
    one.say(tone(1100, 2.0), again=True)
    other.say(tone(700, 2.0), again=True)
    await asyncio.gather(one.hears_tone(700), other.hears_tone(1100))
    one.be_quiet()
    other.be_quiet()


async def talk_to_reception(switchboard: RunningSwitchboard, phones: Phones) -> tuple[PhoneCall, Phone, PhoneCall]:
    """A caller who talks to reception; its phone, and its side of the call."""
    reception = await desk(switchboard, phones, "100")
    caller = await phones.outside(CALLER, switchboard.sip_address)
    call = await (await caller.dial("6001000")).established()
    await call.hears(switchboard.prompt("main_menu"))
    await call.press("0")
    rung = await (await reception.rung()).answer()
    await talk(call, rung)
    return call, reception, rung


async def desk(switchboard: RunningSwitchboard, phones: Phones, extension: str) -> Phone:
    return await phones.register(extension, switchboard.password(extension), switchboard.sip_address)


def desert(switchboard: RunningSwitchboard) -> None:
    """Kill the controller for good."""
    switchboard.pause("launcher")
    switchboard.kill("controller")


async def record_of(switchboard: RunningSwitchboard, *others: str, passed_on: bool = True) -> Record:
    """The caller's, once the switchboard is whole again, and Asterisk's log has told of who passed the caller on;
    `others` are the desk phones that called, too."""
    switchboard.resume("launcher")
    await switchboard.answering()

    async def told() -> bool:
        async with switchboard.archive() as archive:
            rows = [row for row in await archive.calls() if row["caller_number"] == CALLER]
            return bool(rows) and any(event.kind is K.TRANSFERRED for event in await archive.story(rows[0]["id"]))

    if passed_on:
        await eventually(told, CLOSED_WITHIN, "Asterisk's log tells of the transfer")
    return (await records(switchboard, [CALLER, *others]))[CALLER]


def parts(record: Record) -> list[str]:
    """Who talked to the caller and who passed the caller on, in order."""
    told = (event for event in record.events if event.kind in (K.TALKED, K.TRANSFERRED, K.RETURNED))
    return [f"{event.kind} {event.data.get('extension', event.data.get('talked'))}" for event in told]


async def test_the_callee_hangs_up_and_the_caller_is_told_good_bye(
    restarting: RunningSwitchboard, phones: Phones
) -> None:
    call, _, rung = await talk_to_reception(restarting, phones)
    desert(restarting)
    await talk(call, rung)
    await rung.hang_up()
    at = call.now
    goodbye = await call.hears_whole(restarting.prompt("safety_goodbye"), after=at)
    print(f"no controller: a caller left alone hears good-bye after {goodbye.at - at:.2f} s")
    assert goodbye.at - at < 1.2
    await call.ended()
    await restarting.no_channels()
    record = await record_of(restarting, passed_on=False)
    assert parts(record) == ["talked 100"]
    assert (record.disposition, record.answered_extension) == ("talked", "100")


async def test_transfers_of_both_kinds(restarting: RunningSwitchboard, phones: Phones) -> None:
    """Blind to Mari, who consults Jaan and hands over; the record is complete when the controller is back."""
    call, _, rung = await talk_to_reception(restarting, phones)
    mari, jaan = await asyncio.gather(desk(restarting, phones, "101"), desk(restarting, phones, "102"))
    desert(restarting)
    await rung.transfer("101")
    second = await (await mari.rung()).answer()
    assert second.peer.startswith(f"sip:{CALLER}@")
    await talk(call, second)
    await second.hold()
    await call.hears_something()
    consultation = await mari.dial("102")
    third = await (await jaan.rung()).answer()
    await consultation.established()
    await talk(consultation, third)
    await second.transfer_to(consultation)
    await talk(call, third)
    await call.hang_up()
    await third.ended()
    await restarting.no_channels()
    record = await record_of(restarting, "101")
    assert parts(record) == ["talked 100", "transferred 100", "talked 101", "transferred 101", "talked 102"]
    assert (record.disposition, record.ended_by) == ("talked", "caller")


@pytest.mark.thorough
async def test_who_called_from_a_desk_phone_passes_on_whom_they_reached(
    restarting: RunningSwitchboard, phones: Phones
) -> None:
    """The other direction, both kinds: Mari calls Jaan and hands him to reception, blindly, then after a word there."""
    extensions = ("101", "102", "100")
    mari, jaan, reception = await asyncio.gather(*(desk(restarting, phones, each) for each in extensions))
    desert(restarting)
    call = await mari.dial("102")
    reached = await (await jaan.rung()).answer()
    await call.established()
    await talk(call, reached)
    await call.transfer("100")
    third = await (await reception.rung()).answer()
    await talk(reached, third)
    await third.hang_up()
    await reached.ended()

    call = await mari.dial("102")
    reached = await (await jaan.rung()).answer()
    await call.established()
    await call.hold()
    consultation = await mari.dial("100")
    third = await (await reception.rung()).answer()
    await consultation.established()
    await talk(consultation, third)
    await call.transfer_to(consultation)
    await talk(reached, third)
    await third.hang_up()
    await reached.ended()
    await restarting.no_channels()


@pytest.mark.thorough
async def test_killed_while_the_colleague_rings(restarting: RunningSwitchboard, phones: Phones) -> None:
    call, _, rung = await talk_to_reception(restarting, phones)
    mari = await desk(restarting, phones, "101")
    await rung.transfer("101")
    second = await mari.rung()
    desert(restarting)
    await second.answer()
    await talk(call, second)
    await second.hang_up()
    await call.hears_whole(restarting.prompt("safety_goodbye"))
    await call.ended()
    record = await record_of(restarting)
    assert parts(record) == ["talked 100", "transferred 100", "talked 101"]


@pytest.mark.thorough
async def test_killed_and_back_while_passed_on(restarting: RunningSwitchboard, phones: Phones) -> None:
    """The next controller gets the caller when the conversation is over, and goes on where the first one stood."""
    call, _, rung = await talk_to_reception(restarting, phones)
    mari = await desk(restarting, phones, "101")
    await rung.transfer("101")
    second = await (await mari.rung()).answer()
    await talk(call, second)
    killed = restarting.kill("controller")
    await restarting.restarted("controller", killed)
    await restarting.answering()
    await talk(call, second)
    await second.hang_up()
    await call.hears_whole(restarting.prompt("goodbye"))
    await call.ended()
    record = await record_of(restarting)
    assert parts(record) == ["talked 100", "transferred 100", "talked 101", "returned True"]
    assert record.kinds().count(K.ADOPTED) == 1


@pytest.mark.thorough
async def test_killed_while_parked(restarting: RunningSwitchboard, phones: Phones) -> None:
    """The caller waits on with music, and a colleague fetches the call."""
    call, reception, rung = await talk_to_reception(restarting, phones)
    mari = await desk(restarting, phones, "101")
    await rung.transfer("700")
    await (await reception.rung()).busy()  # told where by the display
    await call.hears_something()
    desert(restarting)
    assert hearing.loud_share(await call.listen(2.0)) > 0.8
    fetched = await (await mari.dial("701")).established()
    await talk(call, fetched)
    await fetched.hang_up()
    await call.ended()
    await restarting.no_channels()
    record = await record_of(restarting, "101")
    assert parts(record) == ["talked 100", "transferred 100", "talked 101"]
    assert K.PARKED in record.kinds() and K.RETRIEVED in record.kinds()


@pytest.mark.thorough
async def test_nobody_answers_and_the_safety_net_has_the_caller(restarting: RunningSwitchboard, phones: Phones) -> None:
    call, reception, rung = await talk_to_reception(restarting, phones)
    mari = await desk(restarting, phones, "101")
    mari.habit = reception.habit = Habit.BUSY
    desert(restarting)
    at = call.now
    await rung.transfer("101")
    await call.hears(restarting.prompt("safety_greeting"), after=at)
    await call.hang_up()
    record = await record_of(restarting)
    assert parts(record) == ["talked 100", "transferred 100"]
    assert record.safety_net in ("TIMEOUT", "FAILED")


@pytest.mark.thorough
async def test_calls_between_desk_phones_go_on(restarting: RunningSwitchboard, phones: Phones) -> None:
    """Talk, hold with music, resume; the controller is killed in the middle and nobody hears it."""
    mari, jaan = await asyncio.gather(desk(restarting, phones, "101"), desk(restarting, phones, "102"))
    call = await mari.dial("102")
    rung = await (await jaan.rung()).answer()
    await call.established()
    call.say(tone(1100, 1.0), again=True)
    rung.say(tone(700, 1.0), again=True)
    await asyncio.gather(call.hears_tone(700), rung.hears_tone(1100))
    begin = call.now
    desert(restarting)
    killed = time.monotonic()
    heard = await call.listen(2.0)
    assert time.monotonic() - killed < 8
    assert hearing.longest_silence(heard) <= 0.3 and hearing.tone_share(heard[-8000:], 700) > 0.8
    rung.be_quiet()
    await rung.hold()
    await call.listen(0.5)
    await call.hears_something()
    assert not hearing.has_tone(await call.listen(1.0), 700)
    await rung.resume()
    await talk(call, rung)
    assert call.now > begin
    await rung.hang_up()
    await call.ended()
    restarting.resume("launcher")
    await restarting.answering()
    record = (await records(restarting, ["101"]))["101"]
    assert (record.disposition, record.number) == ("internal", "102")
