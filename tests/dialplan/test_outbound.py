"""Calls outside by role: where to, when, how many and how long. The dialplan alone holds them: no controller lives."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import baresip
import pytest
import pytest_asyncio

from switchboard.asterisk.agi import AgiServer
from switchboard.domain.dialling import Phone as DeskPhone
from switchboard.domain.organisation import Organisation, Trunk
from switchboard.domain.outbound import OutboundRole, OutboundRules
from tests.asterisk_fixture import PrivateAsterisk, eventually
from tests.hearing import tone
from tests.phones import Habit, Phones
from tests.raw_sip import Answer, RawSip, TrunkSpy
from tests.sample_organisation import SampleConfiguration, recording, sample_organisation

ROLES = {
    "staff": OutboundRole("staff", ("EE", "LV", "+4670"), ("+37258",), calls_at_once=9),
    "showroom": OutboundRole("showroom", ("EE",), hours="office"),
    "few": OutboundRole("few", ("EE",), calls_at_once=2, calls_per_day=3),
    "short": OutboundRole("short", ("EE",), longest_call=timedelta(seconds=2), minutes_per_day=1),
    "director": OutboundRole("director", ("+",), costly=True),
}
ROLE_OF = {"101": "staff", "102": "showroom", "103": "few", "104": "short", "105": "director", "106": "short"}


def organisation(line: str) -> Organisation:
    trunk = Trunk("line", line, addresses=("192.0.2.0/24",), prefix="9", allowed=("+",), caller_number="+3726001000")
    first = sample_organisation(trunks=(trunk,))
    phones = {**first.phones, **{each: DeskPhone(each, each) for each in ROLE_OF}}
    return dataclasses.replace(first, phones=phones, outbound=OutboundRules(ROLES, ROLE_OF))


@dataclasses.dataclass
class Desk:
    """Phones written by hand, and the provider's end."""

    asterisk: PrivateAsterisk
    spy: TrunkSpy
    sip: RawSip

    async def dial(self, phone: str, number: str) -> Answer:
        return await self.sip.invite(number, user=phone, password=self.asterisk.password(phone))

    async def used(self, phone: str, what: str) -> str:
        """What Asterisk has counted."""
        told = await self.asterisk.cli(f"database get outside/{phone} {what}")
        return told.partition("Value: ")[2].strip()


@pytest_asyncio.fixture(scope="module")
async def running_desk(recordings: Path) -> AsyncIterator[Desk]:
    async with (
        TrunkSpy() as spy,
        PrivateAsterisk(SampleConfiguration(organisation(spy.address)), prompts=recordings) as asterisk,
        RawSip(asterisk.sip_address) as sip,
    ):
        yield Desk(asterisk, spy, sip)


@pytest_asyncio.fixture
async def desk(running_desk: Desk) -> AsyncIterator[Desk]:
    running_desk.spy.seen.clear()
    running_desk.spy.accepts = False
    yield running_desk
    await running_desk.asterisk.no_channels()


@pytest.mark.parametrize(
    ("phone", "dialled", "number"),
    [
        ("101", "95551234", "+3725551234"),
        ("101", "955512345", "+37255512345"),
        ("101", "9+37255512345", "+37255512345"),
        ("101", "90037255512345", "+37255512345"),
        ("101", "9+37126512345", "+37126512345"),
        ("101", "90046701234567", "+46701234567"),
        ("105", "9001876555123456", "+1876555123456"),
        ("105", "99001234", "+3729001234"),
        # refused: another country, a beginning that is forbidden, no number of the plan, premium rate, tricks
        ("101", "9+46812345678", ""),
        ("101", "9+37258123456", ""),
        ("101", "9011442079460000", ""),
        ("101", "9112", ""),
        ("101", "99001234", ""),
        ("101", "9+3729001234", ""),
        ("101", "9003729001234", ""),
        ("101", "9+46701234567890123", ""),
        ("101", "9+37+2555%2B1234", "+3725551234"),
        ("101", "95551234%40line%26PJSIP%2F9001234", ""),
        ("102", "95551234", ""),  # nobody lives to tell whether the office is open
        ("100", "95551234", ""),  # no role
    ],
)
async def test_a_number_goes_out_as_it_was_judged_or_not_at_all(
    desk: Desk, phone: str, dialled: str, number: str
) -> None:
    answer = await desk.dial(phone, dialled)
    assert (answer.status, desk.spy.dialled) == ((486, [number]) if number else (403, []))


async def test_the_dialler_hears_why(desk: Desk, phones: Phones, recordings: Path) -> None:
    mari = await phones.register("101", desk.asterisk.password("101"), desk.asterisk.sip_address)
    call = await mari.dial("9+46812345678")
    await call.hears(recording(recordings, "outside_not_allowed"))
    assert (await call.ended()).status == 403
    refused = await desk.asterisk.cel_event("SWITCHBOARD_OUTSIDE_REFUSED")
    assert "not_allowed" in refused["eventextra"]
    await phones.close_all()


async def test_hours_are_asked_of_the_controller(desk: Desk) -> None:
    state = "closed"

    async def hours(request: object) -> dict[str, str]:
        return {"SWITCHBOARD_HOURS": state}

    server = AgiServer({"hours": hours})
    await server.start(desk.asterisk.settings.agi_port)
    try:
        assert (await desk.dial("102", "95551234")).status == 403
        state = "open"
        assert (await desk.dial("102", "95551234")).status == 486
        assert desk.spy.dialled == ["+3725551234"]
    finally:
        await server.close()


async def test_calls_are_counted_however_many_come_at_once(desk: Desk) -> None:
    """Three a day, two at once: of twenty at the same moment two get through, later one more, and then none."""
    desk.spy.accepts = True
    answers = await asyncio.gather(*(desk.dial("103", f"955512{number}") for number in range(10, 30)))
    talking = [answer for answer in answers if answer.status == 200]
    assert len(talking) == len(desk.spy.dialled) == 2
    assert {answer.status for answer in answers} == {200, 403}
    for answer in talking:
        await answer.call.hang_up()
    await desk.asterisk.no_channels()
    rest = [(await desk.dial("103", "95551234")) for _ in range(4)]
    for answer in rest:
        if answer.status == 200:
            await answer.call.hang_up()
    assert len(desk.spy.dialled) == 3
    assert await desk.used("103", "calls") == "3"


async def test_a_call_ends_at_its_longest_and_a_day_at_its_minutes(desk: Desk) -> None:
    """Two seconds a call and a minute a day: what a call did not use is given back."""
    desk.spy.accepts = True
    call = await desk.dial("104", "95551234")
    assert call.status == 200
    await desk.asterisk.no_channels(8)  # nobody hangs up
    assert 1 <= int(await desk.used("104", "seconds")) <= 3
    assert (await desk.dial("104", "95551234")).status == 403, "less than a minute is left"
    desk.spy.accepts = False
    assert (await desk.dial("106", "95551234")).status == 486
    await desk.asterisk.no_channels()
    assert await desk.used("106", "seconds") == "0", "nobody talked"
    assert (await desk.dial("106", "95551234")).status == 486


async def test_emergencies_are_free_and_need_no_role(desk: Desk) -> None:
    """There is no trunk for them here, which is said: they were not judged as calls outside."""
    answer = await desk.dial("100", "112")
    assert answer.status == 200
    await answer.call.hang_up()
    await eventually(lambda: said(desk.asterisk, "Emergency call to 112 from 100"), 5, "the emergency in the log")


async def said(asterisk: PrivateAsterisk, text: str) -> bool:
    return any(text in line for line in asterisk.log())


async def test_what_is_used_survives_a_restart(desk: Desk) -> None:
    used = await desk.used("103", "calls")
    await desk.asterisk.stop()
    await desk.asterisk.start()
    assert await desk.used("103", "calls") == used == "3"
    assert (await desk.dial("103", "95551234")).status == 403


async def test_a_caller_who_is_transferred_outside_by_a_colleague_goes_nowhere(
    desk: Desk, phones: Phones, recordings: Path
) -> None:
    """A line outside is for a desk phone's own call: what it sends elsewhere stays in the house."""
    mari = await phones.register("100", desk.asterisk.password("100"), desk.asterisk.sip_address)
    mari.habit = Habit.ANSWER
    caller = await phones.outside("37255500031", desk.asterisk.sip_address)
    call = await (await caller.dial("6001000")).established()
    rung = await mari.rung()
    await rung.established()
    call.say(tone(700, 2))
    await rung.hears_tone(700)
    with pytest.raises(baresip.TransferFailed):
        await rung.transfer(f"sip:95551234@{desk.asterisk.sip_address}")
    await call.hang_up()
    await desk.asterisk.no_channels()
    assert desk.spy.seen == []
    await phones.close_all()
