"""Callers wait in a queue, or for a callee to decide, while something dies: nobody is lost, and nobody overtaken."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from switchboard.domain.call_record import EventKind
from switchboard.machine.controller_link import controller_status
from tests import hearing
from tests.asterisk.office import IVR, hear_each_other, prompts_with_a_recording
from tests.asterisk_fixture import eventually
from tests.faults.witness import records
from tests.hearing import tone
from tests.phones import Phone, PhoneCall, Phones
from tests.scratch import scratch_folder
from tests.switchboard_fixture import RunningSwitchboard, open_all_hours

OF_ONE_AGENT, NAMED = "6001011", "6001032"
TALKING, AFTERWARDS = "37255500001", "37255500009"
WAITING = ("37255500002", "37255500003", "37255500004")
A_GAP = 1.5  # seconds of silence that whoever is taken over may hear; and as much between two chords


@pytest_asyncio.fixture
async def switchboard() -> AsyncIterator[RunningSwitchboard]:
    """The organisation of the stories, open at any time."""
    folder = scratch_folder("queue-")
    prompts = prompts_with_a_recording(folder)
    async with RunningSwitchboard(ivr=open_all_hours(folder, IVR), prompts=prompts) as running:
        yield running
    shutil.rmtree(folder)


async def desk(switchboard: RunningSwitchboard, phones: Phones, extension: str) -> Phone:
    return await phones.register(extension, switchboard.password(extension), switchboard.sip_address)


async def call_from(switchboard: RunningSwitchboard, phones: Phones, caller: str, number: str) -> PhoneCall:
    return await (await (await phones.outside(caller, switchboard.sip_address)).dial(number)).established()


async def waiting_behind(
    switchboard: RunningSwitchboard, phones: Phones
) -> tuple[Phone, PhoneCall, PhoneCall, list[PhoneCall]]:
    """The agent's phone, the two sides of its conversation, and three who wait."""
    agent = await desk(switchboard, phones, "120")
    first = await call_from(switchboard, phones, TALKING, OF_ONE_AGENT)
    talking = await (await agent.rung()).answer()
    calls = []
    for caller in WAITING:
        calls.append(await call_from(switchboard, phones, caller, OF_ONE_AGENT))
        await all_wait(switchboard, len(calls))
    await calls[-1].hears(switchboard.prompt("queue_comfort"))
    await calls[-1].listen(4.0)  # to its end: all hear music
    return agent, first, talking, calls


async def all_wait(switchboard: RunningSwitchboard, number: int) -> None:
    """Wait until so many are in the queue."""

    async def do() -> bool:
        return [each["position"] for each in await waiting(switchboard)] == list(range(1, number + 1))

    await eventually(do, 10, f"{number} in the queue")


async def waiting(switchboard: RunningSwitchboard) -> list[dict[str, Any]]:
    """Who waits, as the controller tells it."""
    status = await controller_status(switchboard.folders.controller_socket) or {"queues": []}
    found: list[dict[str, Any]] = status["queues"]
    return found


def told_place(switchboard: RunningSwitchboard, place: int) -> Path:
    """The recording that says a place."""
    if place == 1:
        return switchboard.prompt("queue_next")
    return switchboard.recordings()[f"{place} is your place."]


async def are_served_in_order(agent: Phone, talking: PhoneCall, calls: Sequence[PhoneCall]) -> None:
    """The conversation ends, and each has the agent in turn."""
    await talking.hang_up()
    for call in calls:
        rung = await agent.rung(20)
        assert rung.peer.startswith(f"sip:{call.phone.user}@")
        await hear_each_other(call, await rung.answer())
        await rung.hang_up()
        await call.ended()


@pytest.mark.thorough
async def test_the_controller_is_killed(switchboard: RunningSwitchboard, phones: Phones) -> None:
    agent, first, talking, calls = await waiting_behind(switchboard, phones)
    killed = switchboard.kill("controller")
    since = [call.now for call in calls]
    await switchboard.restarted("controller", killed)
    await switchboard.answering()
    await all_wait(switchboard, len(calls))
    for place, (call, at) in enumerate(zip(calls, since, strict=True), 1):
        await call.hears(told_place(switchboard, place), after=at)  # and no other
        silence = hearing.longest_silence(call.heard[int(at * hearing.RATE) :])
        print(f"controller killed: music paused for {silence:.1f} s")
        assert silence < A_GAP
    await hear_each_other(first, talking)
    await are_served_in_order(agent, talking, calls)
    found = await records(switchboard, [TALKING, *WAITING])
    for caller in WAITING:
        assert found[caller].kinds().count(EventKind.ADOPTED) == 1
        assert found[caller].disposition == "talked"
        assert found[caller].steps()[-1] == "lorries/bye ended"


@pytest.mark.thorough
async def test_postgres_is_killed(switchboard: RunningSwitchboard, phones: Phones) -> None:
    agent, _, talking, calls = await waiting_behind(switchboard, phones)
    killed = switchboard.kill("postgres")
    await are_served_in_order(agent, talking, calls)
    await switchboard.restarted("postgres", killed)
    found = await records(switchboard, [TALKING, *WAITING])
    assert [found[caller].disposition for caller in WAITING] == ["talked"] * 3


@pytest.mark.thorough
async def test_asterisk_is_killed(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """It takes its callers along; nobody waits in their place, and who calls then is next."""
    await waiting_behind(switchboard, phones)
    killed = switchboard.kill("asterisk")
    await switchboard.restarted("asterisk", killed)
    await switchboard.answering()
    assert await waiting(switchboard) == []
    agent = await desk(switchboard, phones, "120")
    call = await call_from(switchboard, phones, AFTERWARDS, OF_ONE_AGENT)
    rung = await (await agent.rung()).answer()
    await hear_each_other(call, rung)
    await rung.hang_up()
    await call.ended()
    found = await records(switchboard, [TALKING, *WAITING, AFTERWARDS])
    assert [found[caller].ended_by for caller in WAITING] == ["unknown"] * 3
    left = [event.data["outcome"] for event in found[WAITING[0]].events if event.kind is EventKind.LEFT_QUEUE]
    assert left == ["abandoned"]


@pytest.mark.thorough
async def test_the_controller_is_killed_while_a_callee_decides(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """The phone stops, rings again, and its owner is asked again; the caller hears ringback, and the same name."""
    mari = await desk(switchboard, phones, "101")
    call = await call_from(switchboard, phones, TALKING, NAMED)
    await call.hears_whole(switchboard.prompt("who_calls"))
    await call.listen(0.5)
    call.say(tone(900, 1.5))
    first = await (await mari.rung()).answer()
    await first.hears_tone(900, after=0)
    killed = switchboard.kill("controller")
    at = call.now
    await switchboard.restarted("controller", killed)
    await first.ended()
    second = await (await mari.rung()).answer()
    await second.hears_tone(900, after=0)
    await second.press("1")
    await hear_each_other(call, second)
    assert hearing.longest_silence(call.heard[int(at * hearing.RATE) :]) < 5.0  # ringback pauses for 4 s
    await second.hang_up()
    await call.ended()
    record = (await records(switchboard, [TALKING]))[TALKING]
    assert record.kinds().count(EventKind.ADOPTED) == 1
    assert (record.disposition, record.answered_extension) == ("talked", "101")
    assert record.steps() == ["named/who stated", "named/ring answered", "named/answered ended"]


@pytest.mark.thorough
async def test_the_callee_takes_the_call_while_no_controller_lives(
    switchboard: RunningSwitchboard, phones: Phones
) -> None:
    """Nobody hears the key; the callee may hang up, the phone rings again all the same."""
    mari = await desk(switchboard, phones, "101")
    call = await call_from(switchboard, phones, TALKING, NAMED)
    await call.hears_whole(switchboard.prompt("who_calls"))
    await call.listen(0.5)
    call.say(tone(900, 1.5))
    first = await (await mari.rung()).answer()
    await first.hears_tone(900, after=0)
    killed = switchboard.kill("controller")
    await first.press("1")
    await first.hang_up()
    await switchboard.restarted("controller", killed)
    second = await (await mari.rung()).answer()
    await second.press("1")
    await hear_each_other(call, second)
    await call.hang_up()
    await second.ended()
    record = (await records(switchboard, [TALKING]))[TALKING]
    assert (record.disposition, record.ended_by, record.answered_extension) == ("talked", "caller", "101")
