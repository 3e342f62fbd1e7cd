"""The controller is killed while a time is held for a caller: who then takes it has it, once."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from tests.asterisk.office import A_TRUNK, IVR, prompts_with_a_recording
from tests.phones import Phones
from tests.scratch import scratch_folder
from tests.switchboard_fixture import RunningSwitchboard, open_all_hours

SUPPER = "6001060"
CALLER = "+37255508001"
SOON = 30.0  # seconds: the new controller takes the call over


@pytest_asyncio.fixture
async def switchboard(phones: Phones) -> AsyncIterator[RunningSwitchboard]:
    """The organisation of the stories."""
    folder = scratch_folder("booking-")
    prompts, ivr = prompts_with_a_recording(folder), open_all_hours(folder, IVR)
    file = ivr / "organisation.yaml"
    file.write_text(file.read_text("utf-8").replace(A_TRUNK, phones.address), "utf-8")
    async with RunningSwitchboard(ivr=ivr, prompts=prompts) as running:
        yield running
    shutil.rmtree(folder)


@pytest.mark.thorough
async def test_a_held_time_is_offered_again_and_booked_once(switchboard: RunningSwitchboard, phones: Phones) -> None:
    caller = await phones.outside(CALLER, switchboard.sip_address)
    call = await (await caller.dial(SUPPER)).established()
    first = await call.hears_whole(switchboard.prompt("book_offer"))
    await switchboard.restarted("controller", switchboard.kill("controller"))
    await switchboard.answering()
    await call.hears_whole(switchboard.prompt("book_offer"), after=first.at + first.seconds, timeout=SOON)
    await call.press("1")
    await call.hears(switchboard.prompt("book_booked"))
    await call.hang_up()
    connection = await asyncpg.connect(switchboard.database_url)
    try:
        states = [row["state"] for row in await connection.fetch("SELECT state FROM appointments")]
    finally:
        await connection.close()
    assert states == ["booked"]
