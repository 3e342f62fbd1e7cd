"""The controller is killed while a caller leaves a message: the next one saves it, once, and tells the caller so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from tests.faults.witness import records
from tests.hearing import tone
from tests.phones import Phones
from tests.switchboard_fixture import RunningSwitchboard, open_all_hours

CALLER = "37255500001"
FLOW = """\
flow: main
start: note
steps:
  note:
    voicemail: {department: sales}
    on: {saved: bye, nothing: bye}
  bye: {end: goodbye}
"""


@pytest.mark.parametrize("killed_in", ["recording", pytest.param("review", marks=pytest.mark.thorough)])
async def test_what_was_said_is_saved_by_the_next_controller(killed_in: str, tmp_path: Path, phones: Phones) -> None:
    tmp_path.chmod(0o755)
    ivr = open_all_hours(tmp_path)
    (ivr / "flows" / "main.yaml").write_text(FLOW, "utf-8")
    async with RunningSwitchboard(ivr=ivr) as switchboard:
        caller = await phones.outside(CALLER, switchboard.sip_address)
        call = await (await caller.dial("6001000")).established()
        await call.hears_whole(switchboard.prompt("message_leave"))
        await call.listen(0.8)  # the tone
        call.say(tone(1100.0, 3.0))
        await call.listen(3.2)
        if killed_in == "review":
            await call.press("#")
            await call.hears(switchboard.prompt("message_review"))
        killed = switchboard.kill("controller")
        at = call.now
        await switchboard.restarted("controller", killed)
        await call.hears_whole(switchboard.prompt("message_saved"), after=at)
        rows = await _messages(switchboard)
        await call.ended()
        record = (await records(switchboard, [CALLER]))[CALLER]
        assert record.steps()[-2:] == ["main/note saved", "main/bye ended"]
        assert record.disposition == "message"
        ((message, seconds),) = rows  # when the caller was told so, it was there; and is there once
        assert 2.0 < seconds < 8.0
        assert (switchboard.folders.kept_messages / f"{message}.wav").exists()
        assert await _messages(switchboard) == rows


async def _messages(switchboard: RunningSwitchboard) -> list[tuple[str, float]]:
    connection = await asyncpg.connect(switchboard.database_url, timeout=10)
    try:
        return [tuple(row) for row in await connection.fetch("select id::text, seconds from messages")]
    finally:
        await asyncio.wait_for(connection.close(), 10)
