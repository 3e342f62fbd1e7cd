"""A conversation is being recorded while something dies: what was said until then is kept, once, with its row."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tests.asterisk.office import IVR, prompts_with_a_recording
from tests.asterisk.test_recording import CALLEE_TONE, CALLER_TONE, LATER, RECORDED, say, two_sides
from tests.asterisk_fixture import eventually
from tests.faults.witness import records
from tests.hearing import has_tone
from tests.phones import PhoneCall, Phones
from tests.scratch import scratch_folder
from tests.switchboard_fixture import RunningSwitchboard, open_all_hours

CALLER = "37255500001"
BROUGHT_IN_WITHIN = 30.0  # seconds: Asterisk's log tells first


@pytest_asyncio.fixture
async def switchboard() -> AsyncIterator[RunningSwitchboard]:
    """The organisation of the stories, open at any time."""
    folder = scratch_folder("recording-")
    prompts = prompts_with_a_recording(folder)
    async with RunningSwitchboard(ivr=open_all_hours(folder, IVR), prompts=prompts) as running:
        yield running
    shutil.rmtree(folder)


async def recorded_talk(switchboard: RunningSwitchboard, phones: Phones) -> tuple[PhoneCall, PhoneCall, Path]:
    """A caller who agrees and talks to Mari, her side, and what Asterisk writes."""
    mari = await phones.register("101", switchboard.password("101"), switchboard.sip_address)
    call = await (await (await phones.outside(CALLER, switchboard.sip_address)).dial(RECORDED)).established()
    await call.hears(switchboard.prompt("may_we_record"), timeout=15)
    await call.press("1")
    rung = await (await mari.rung()).answer()
    await say(call, rung, CALLER_TONE)
    await say(rung, call, CALLEE_TONE)
    (samples,) = switchboard.folders.call_audio.iterdir()
    return call, rung, samples


async def kept(switchboard: RunningSwitchboard, samples: Path) -> tuple[Path, dict[str, Any]]:
    """The file once it is brought in, and the one row."""
    file = switchboard.folders.recordings / f"{samples.stem}.wav"

    async def brought_in() -> bool:
        return file.exists() and not samples.exists()

    await eventually(brought_in, BROUGHT_IN_WITHIN, "the recording is brought in")
    connection = await asyncpg.connect(switchboard.database_url, timeout=10)
    try:
        (row,) = await connection.fetch("select * from recordings")
    finally:
        await connection.close(timeout=10)
    assert row["id"] == UUID(samples.stem)
    return file, dict(row)


async def test_the_controller_is_killed(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """Asterisk records on, also what is said while no controller lives, and to the hangup that none sees."""
    call, rung, samples = await recorded_talk(switchboard, phones)
    killed = switchboard.kill("controller")
    await say(call, rung, LATER)
    await call.hang_up()
    await rung.ended()
    await switchboard.restarted("controller", killed)
    file, row = await kept(switchboard, samples)
    assert (row["state"], row["consent"]) == ("kept", "agreed")
    caller, ours = two_sides(file)
    assert has_tone(caller, CALLER_TONE) and has_tone(ours, CALLEE_TONE) and has_tone(caller, LATER)
    assert (await records(switchboard, [CALLER]))[CALLER].disposition == "talked"


@pytest.mark.thorough
async def test_asterisk_is_killed(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """What it had written is kept, to the last whole frame."""
    _, _, samples = await recorded_talk(switchboard, phones)
    killed = switchboard.kill("asterisk")
    assert samples.stat().st_size > 0
    await switchboard.restarted("asterisk", killed)
    await switchboard.answering()
    file, row = await kept(switchboard, samples)
    assert row["state"] == "kept" and row["seconds"] > 2.0
    caller, ours = two_sides(file)
    assert has_tone(caller, CALLER_TONE) and has_tone(ours, CALLEE_TONE)
    assert (await records(switchboard, [CALLER]))[CALLER].ended_by == "unknown"


@pytest.mark.thorough
async def test_postgres_is_away_when_it_ends(switchboard: RunningSwitchboard, phones: Phones) -> None:
    call, rung, samples = await recorded_talk(switchboard, phones)
    switchboard.pause("postgres")
    await call.hang_up()
    await rung.ended()
    assert samples.exists()
    switchboard.resume("postgres")
    _, row = await kept(switchboard, samples)
    assert row["state"] == "kept"
