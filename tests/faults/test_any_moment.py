"""Whatever moment the controller dies at: each caller goes on hearing something, and each call has one record."""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest

from tests import hearing
from tests.faults.witness import records
from tests.phones import Habit, PhoneCall, Phones
from tests.switchboard_fixture import RunningSwitchboard

CALLS = 12
KILLS = 3
SEED = 20261121


async def caller(phones: Phones, switchboard: RunningSwitchboard, number: str, keys: str, pause: float) -> PhoneCall:
    """Dial, press the keys with pauses between, listen on, hang up."""
    phone = await phones.outside(number, switchboard.sip_address)
    call = await (await phone.dial("6001000")).established()
    for key in keys:
        if await _has_ended(call, pause):
            return call
        await call.press(key)
    if not await _has_ended(call, 8.0):
        await call.hang_up()
    return call


async def _has_ended(call: PhoneCall, within: float) -> bool:
    """Whether the flow ended the call by itself in that time."""
    with contextlib.suppress(TimeoutError):
        await call.ended(within)
    return call.is_ended


@pytest.mark.thorough
async def test_the_controller_is_killed_again_and_again(switchboard: RunningSwitchboard, phones: Phones) -> None:
    chance = random.Random(SEED)
    reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
    reception.habit = Habit.BUSY
    numbers = [f"3725550{place:04}" for place in range(CALLS)]
    tasks = []
    for place, number in enumerate(numbers):
        keys = chance.choice(["", "3", "31", "92", "0", "1"])
        tasks.append(asyncio.create_task(caller(phones, switchboard, number, keys, chance.uniform(0.5, 3.0))))
        await asyncio.sleep(chance.uniform(0.0, 0.4))  # the chance of this test, no wait for anything
        if place % (CALLS // KILLS) == CALLS // KILLS // 2:
            killed = switchboard.kill("controller")
            await switchboard.restarted("controller", killed)
            await switchboard.answering()
    calls = await asyncio.gather(*tasks)
    await switchboard.no_channels()
    for call in calls:
        silent = hearing.longest_silence(call.heard)
        assert silent < 6.0, f"dead air for {silent:.1f} s: {switchboard.told(call)}"
    await records(switchboard, numbers)
