"""Somebody was promised to be called back, and the controller is killed: the promise is kept, once, and the record of
the call in which it was made tells all of it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from switchboard.domain.call_record import EventKind
from tests.asterisk.office import A_TRUNK, IVR, hear_each_other, prompts_with_a_recording
from tests.asterisk_fixture import eventually
from tests.faults.witness import records
from tests.phones import Phone, PhoneCall, Phones
from tests.scratch import scratch_folder
from tests.switchboard_fixture import RunningSwitchboard, open_all_hours

CALLS_BACK = "6001012"  # a queue of one agent, Peeter
AGENT = "120"
_callers = count(37255507001)  # each test its own: the first phone of a number gets its calls
SOON = 30.0  # seconds: an attempt that broke off is made again after a pause of three


@pytest_asyncio.fixture
async def switchboard(phones: Phones) -> AsyncIterator[RunningSwitchboard]:
    """The organisation of the stories, open at any time, whose trunk leads to the phones of the test."""
    folder = scratch_folder("callback-")
    prompts, ivr = prompts_with_a_recording(folder), open_all_hours(folder, IVR)
    file = ivr / "organisation.yaml"
    file.write_text(file.read_text("utf-8").replace(A_TRUNK, phones.address), "utf-8")
    async with RunningSwitchboard(ivr=ivr, prompts=prompts) as running:
        yield running
    shutil.rmtree(folder)


async def asks(switchboard: RunningSwitchboard, phones: Phones) -> tuple[Phone, PhoneCall]:
    """Somebody calls while nobody is there, and begins to hear that the callback is promised."""
    caller = await phones.outside(f"+{next(_callers)}", switchboard.sip_address)
    call = await (await caller.dial(CALLS_BACK)).established()
    await call.hears_whole(switchboard.prompt("callback_offer"))
    await call.press("1")
    await call.hears(switchboard.prompt("callback_promised"))
    return caller, call


async def promised(switchboard: RunningSwitchboard, phones: Phones) -> Phone:
    caller, call = await asks(switchboard, phones)
    await call.hang_up()
    return caller


async def agent_of(switchboard: RunningSwitchboard, phones: Phones) -> Phone:
    return await phones.register(AGENT, switchboard.password(AGENT), switchboard.sip_address)


async def agent_takes(switchboard: RunningSwitchboard, agent: Phone) -> PhoneCall:
    rung = await (await agent.rung(SOON)).answer()
    await rung.hears(switchboard.prompt("callback_agent"))
    await rung.press("1")
    return rung


async def person_takes(switchboard: RunningSwitchboard, caller: Phone) -> PhoneCall:
    call = await (await caller.rung(SOON)).answer()
    await call.hears(switchboard.prompt("callback_person"))
    await call.press("1")
    return call


async def killed(switchboard: RunningSwitchboard) -> None:
    """And started again."""
    await switchboard.restarted("controller", switchboard.kill("controller"))
    await switchboard.answering()


async def they_talk(switchboard: RunningSwitchboard, agent: Phone, caller: Phone) -> None:
    """The agent is rung, then the person, and they part."""
    rung = await agent_takes(switchboard, agent)
    called = await person_takes(switchboard, caller)
    await hear_each_other(called, rung)
    await called.hang_up()
    await rung.ended()


async def is_kept(switchboard: RunningSwitchboard, agent: Phone, caller: Phone, attempts: int) -> list[str]:
    """Wait until it is over, and nobody is rung for it any more; the states that the first call's record tells."""

    async def over() -> dict[str, Any] | None:
        code, output, errors = await switchboard.command("callbacks", "--json")
        assert code == 0, errors
        (told,) = json.loads(output)
        return told if told["state"] == "talked" else None

    told = await eventually(over, SOON, "the callback is over")
    assert told["attempts"] == attempts
    async with switchboard.archive() as archive:
        rows = [row for row in await archive.calls(limit=50) if row["caller_number"] == caller.user]
        (row,) = rows
        story = [event.data for event in await archive.story(row["id"]) if event.kind is EventKind.CALLBACK]
    assert not agent.is_rung and not caller.is_rung
    assert story[-1]["in_call"], "with whom the person talked"
    return [data["state"] for data in story]


@pytest.mark.thorough
async def test_killed_before_anybody_is_dialled(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """While the caller hears the promise: it was on disk before a word of it was said."""
    caller, call = await asks(switchboard, phones)
    agent = await agent_of(switchboard, phones)
    pid = switchboard.kill("controller")
    await call.hang_up()
    await switchboard.restarted("controller", pid)
    await they_talk(switchboard, agent, caller)
    assert await is_kept(switchboard, agent, caller, 1) == ["waiting", "dialling", "talked"]
    await records(switchboard, [caller.user, AGENT])


@pytest.mark.thorough
async def test_killed_while_the_agent_rings(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """Nobody outside was dialled, so it was no attempt."""
    caller = await promised(switchboard, phones)
    agent = await agent_of(switchboard, phones)
    first = await agent.rung(SOON)
    await killed(switchboard)
    await first.ended(SOON)
    await they_talk(switchboard, agent, caller)
    assert await is_kept(switchboard, agent, caller, 1) == ["waiting", "dialling", "talked"]
    await records(switchboard, [caller.user, AGENT, AGENT])


@pytest.mark.thorough
async def test_killed_while_the_person_rings(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """That attempt was interrupted, and the next one is made after the pause."""
    caller = await promised(switchboard, phones)
    agent = await agent_of(switchboard, phones)
    rung = await agent_takes(switchboard, agent)
    first = await caller.rung(SOON)
    await killed(switchboard)
    await first.ended(SOON)
    await rung.ended(SOON)
    await they_talk(switchboard, agent, caller)
    states = await is_kept(switchboard, agent, caller, 2)
    assert states == ["waiting", "dialling", "waiting", "dialling", "talked"]
    await records(switchboard, [caller.user, AGENT, AGENT])


@pytest.mark.thorough
async def test_killed_while_they_talk(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """They notice nothing, and nobody is dialled again while they talk, nor afterwards."""
    caller = await promised(switchboard, phones)
    agent = await agent_of(switchboard, phones)
    rung = await agent_takes(switchboard, agent)
    called = await person_takes(switchboard, caller)
    await hear_each_other(called, rung)
    await killed(switchboard)
    await hear_each_other(called, rung)
    await called.hang_up()
    await rung.ended()
    assert await is_kept(switchboard, agent, caller, 1) == ["waiting", "dialling", "talked"]
    found = await records(switchboard, [caller.user, AGENT])
    assert found[AGENT].disposition == "talked"
