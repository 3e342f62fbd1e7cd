"""A real Asterisk asks our FastAGI server from its dialplan."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from switchboard.asterisk.agi import PHASE_SECONDS, AgiRequest, AgiServer
from switchboard.asterisk.agi_answers import agi_handlers
from switchboard.domain.hours import HoursKind, HoursState
from switchboard.domain.screening import Screened
from switchboard.services.identify_caller import KnownCaller
from tests.asterisk_fixture import PrivateAsterisk
from tests.phones import Phones


@pytest.mark.parametrize(("kind", "is_open"), [(HoursKind.OPEN, True), (HoursKind.CLOSED, False)])
async def test_the_dialplan_learns_whether_we_are_open(
    asterisk: PrivateAsterisk, phones: Phones, kind: HoursKind, is_open: bool
) -> None:
    state = HoursState(kind, "", None, None)
    nobody = KnownCaller("", None, "unknown")
    answers = (lambda table: state if table == "office" else None, lambda number: nobody, lambda number: Screened())
    server = AgiServer(agi_handlers(*answers))
    await server.start(asterisk.settings.agi_port)
    try:
        mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
        call = await mari.dial("*44")
        if is_open:
            await (await call.established(PHASE_SECONDS / 2)).hears_tone(1000, after=0)
        ending = await call.ended(PHASE_SECONDS / 2)  # no deadline was needed to end the conversation
        assert (ending.status == 486) is not is_open
    finally:
        await server.close()


async def test_without_the_server_the_dialplan_goes_on(asterisk: PrivateAsterisk, phones: Phones) -> None:
    mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
    assert (await (await mari.dial("*44")).ended()).status == 486


async def test_a_caller_who_hangs_up_leaves_no_connection(asterisk: PrivateAsterisk, phones: Phones) -> None:
    asked = asyncio.Event()

    async def never(request: AgiRequest) -> Mapping[str, str]:
        asked.set()
        await asyncio.Event().wait()
        return {}

    server = AgiServer({"hours": never})
    await server.start(asterisk.settings.agi_port)
    try:
        mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
        call = await mari.dial("*44")
        await asyncio.wait_for(asked.wait(), 5)
        await call.hang_up()
        await asterisk.no_channels(1.5)
        async with asyncio.timeout(5):
            while server.connections:
                await asyncio.sleep(0.01)
    finally:
        await server.close()
