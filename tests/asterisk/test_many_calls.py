"""Fifty callers at once, each with audio: every one is served, each has one record, nothing is left."""

from __future__ import annotations

import asyncio

from tests.asterisk.office import StoryOffice
from tests.phones import PhoneCall

CALLS = 50


async def test_fifty_at_once(office: StoryOffice) -> None:
    async def one(index: int) -> PhoneCall:
        call = await office.call("6001000")
        await call.hears(office.prompt("welcome"), timeout=20)
        if index % 5 == 0:  # some leave early
            await call.hang_up()
            return call
        await call.press("2")
        await call.ended(30)
        return call

    calls = await asyncio.gather(*(one(index) for index in range(CALLS)))
    await office.nothing_left()
    for index, call in enumerate(calls):
        record = await office.record_of(call)
        if index % 5 == 0:
            assert record.ending == ("abandoned", 16, "caller")
        else:
            assert call.has_heard(office.fact("delivery"))
            assert record.ending == ("served", 16, "switchboard")
            assert record.path[2:] == ["main/menu 2", "main/delivery told", "main/bye ended"]
