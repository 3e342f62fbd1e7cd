"""Lines outside: who may use them, and for what; emergency calls go out, or say that they can't."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from switchboard.domain.organisation import Trunk
from tests.asterisk_fixture import PrivateAsterisk, eventually
from tests.hearing import tone
from tests.phones import Habit, Phone, Phones
from tests.refusing_phone import RefusingPhone
from tests.sample_organisation import SampleConfiguration, recording, sample_organisation


@pytest_asyncio.fixture
async def connected(phones: Phones, recordings: Path) -> AsyncIterator[PrivateAsterisk]:
    """An Asterisk whose provider is the test's own SIP stack, reached without account."""
    line = Trunk(
        "line",
        phones.address,
        addresses=("192.0.2.0/24",),  # not where the test's callers come from
        prefix="9",
        allowed=("5", "+372"),
        caller_number="+3726001000",
        emergency=True,
    )
    organisation = sample_organisation(trunks=(line,))
    async with PrivateAsterisk(SampleConfiguration(organisation), prompts=recordings) as asterisk:
        yield asterisk
        await asterisk.no_channels()
        await phones.close_all()  # while their registrar lives


async def somebody_outside(phones: Phones, number: str) -> Phone:
    """A subscriber of the provider."""
    phone = await phones.outside(number, phones.address)
    phone.habit = Habit.ANSWER
    return phone


async def desk_phone(phones: Phones, asterisk: PrivateAsterisk) -> Phone:
    return await phones.register("101", asterisk.password("101"), asterisk.sip_address)


@pytest.mark.parametrize(("dialled", "number"), [("95551234", "5551234"), ("9+37255512345", "+37255512345")])
async def test_a_desk_phone_calls_outside(
    connected: PrivateAsterisk, phones: Phones, dialled: str, number: str
) -> None:
    callee = await somebody_outside(phones, number)
    mari = await desk_phone(phones, connected)
    call = await (await mari.dial(dialled)).established()
    rung = await callee.rung()
    assert rung.peer.startswith("sip:+3726001000@")
    rung.say(tone(700, 3))
    await call.hears_tone(700)
    await call.hang_up()


@pytest.mark.parametrize("dialled", ["5551234", "97001234", "9", "95", "90015551234"])
async def test_numbers_that_are_not_allowed_are_none(connected: PrivateAsterisk, phones: Phones, dialled: str) -> None:
    mari = await desk_phone(phones, connected)
    ending = await (await mari.dial(dialled)).ended()
    assert ending.status in (404, 484)  # 484: it could become a number


async def test_what_is_dialled_cannot_smuggle_a_second_destination(connected: PrivateAsterisk, phones: Phones) -> None:
    """`95551@line&PJSIP/9009009` begins with an allowed number and would, unfiltered, ring one that is not."""
    victim = await somebody_outside(phones, "9009009")
    mari = await desk_phone(phones, connected)
    call = await mari.dial(f"sip:95551%40line%26PJSIP%2F9009009@{connected.sip_address}")
    ending = await call.ended()
    assert ending.status is not None
    assert not victim.is_rung


@pytest.mark.parametrize("number", ["95551234", "5551234", "112"])
async def test_a_caller_from_outside_never_reaches_a_line_outside(
    connected: PrivateAsterisk, phones: Phones, number: str
) -> None:
    callee = await somebody_outside(phones, "5551234")
    rescue = await somebody_outside(phones, "112")
    caller = await phones.outside("37255500020", connected.sip_address)
    assert (await (await caller.dial(number)).ended()).status == 404
    assert not callee.is_rung
    assert not rescue.is_rung
    assert not [event for event in connected.cel() if event["channame"].startswith("PJSIP/line")]


async def test_a_forwarding_phone_takes_no_caller_to_a_line_outside(
    connected: PrivateAsterisk, phones: Phones, recordings: Path
) -> None:
    callee = await somebody_outside(phones, "5551234")
    password, address = connected.password("100"), connected.sip_address
    async with RefusingPhone("100", password, address, status=302, forward="95551234") as reception:
        caller = await phones.outside("37255500021", address)
        call = await (await caller.dial("6001000")).established()
        await reception.was_rung()
        await call.hears(recording(recordings, "leave_message"))
        await call.hang_up()
    assert not callee.is_rung


async def test_a_phone_may_forward_to_another(connected: PrivateAsterisk, phones: Phones) -> None:
    mari = await desk_phone(phones, connected)
    password, address = connected.password("100"), connected.sip_address
    async with RefusingPhone("100", password, address, status=302, forward="101"):
        caller = await phones.outside("37255500022", address)
        call = await (await caller.dial("6001000")).established()
        await (await mari.rung()).answer()
        await call.hang_up()


async def test_an_emergency_call_goes_straight_out(connected: PrivateAsterisk, phones: Phones) -> None:
    rescue = await somebody_outside(phones, "112")
    mari = await desk_phone(phones, connected)
    call = await (await mari.dial("112")).established()
    rung = await rescue.rung()
    rung.say(tone(700, 3))
    await call.hears_tone(700)
    await call.hang_up()
    await connected.no_channels()
    contexts = {event["context"] for event in connected.cel() if event["channame"].startswith("PJSIP/101")}
    assert contexts == {"desk", "emergency"}
    assert not [event for event in connected.cel() if "Stasis" in event["appname"]]


async def test_without_a_line_an_emergency_call_says_so(
    asterisk: PrivateAsterisk, phones: Phones, recordings: Path
) -> None:
    mari = await desk_phone(phones, asterisk)
    call = await (await mari.dial("112")).established()
    await call.hears_tone(950)
    said = await call.hears_whole(recording(recordings, "no_emergency_line"))
    await call.hears_tone(425, after=said.at + said.whole)
    await call.hang_up()
    assert [line for line in asterisk.log() if "Emergency call to 112 from 101: there is no trunk" in line]


async def test_a_trunk_that_registers_brings_calls_in_as_from_outside(phones: Phones, recordings: Path) -> None:
    """The provider is another Asterisk, where our account is one of its desk phones."""
    async with PrivateAsterisk(SampleConfiguration(sample_organisation())) as provider:
        line = Trunk("line", provider.sip_address, username="100", addresses=("192.0.2.0/24",))
        ours = SampleConfiguration(sample_organisation(trunks=(line,)))
        passwords = {"line": provider.password("100")}
        async with PrivateAsterisk(ours, prompts=recordings, trunk_passwords=passwords) as asterisk:
            await eventually(lambda: is_online(provider, "100"), 10, "our registration")
            subscriber = await phones.register("101", provider.password("101"), provider.sip_address)
            call = await (await subscriber.dial("100")).established()
            await call.hears(recording(recordings, "greeting"))
            contexts = {event["context"] for event in asterisk.cel() if event["channame"].startswith("PJSIP/line")}
            assert contexts == {"inbound", "safety-net"}
            await call.hang_up()
            await phones.close_all()


async def is_online(asterisk: PrivateAsterisk, extension: str) -> bool:
    return bool((await asterisk.ari("GET", f"/endpoints/PJSIP/{extension}"))["state"] == "online")


async def test_a_trunk_known_by_its_address_can_dial_our_numbers_only(phones: Phones, recordings: Path) -> None:
    line = Trunk("line", phones.address, prefix="9", allowed=("5",), emergency=True)  # all our callers come from there
    organisation = SampleConfiguration(sample_organisation(trunks=(line,)))
    async with PrivateAsterisk(organisation, prompts=recordings) as asterisk:
        caller = await phones.outside("37255500040", asterisk.sip_address)
        call = await (await caller.dial("6001000")).established()
        await call.hears(recording(recordings, "greeting"))
        await call.hang_up()
        for number in ("95551234", "5551234", "112", "100", "*43"):
            assert (await (await caller.dial(number)).ended()).status == 404
        assert {event["channame"].partition("-")[0] for event in asterisk.cel()} == {"PJSIP/line"}
        await phones.close_all()
