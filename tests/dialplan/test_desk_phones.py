"""Desk phones call each other, reception and our own numbers; strangers and wrong numbers are turned away."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import baresip
import pytest

from tests.asterisk_fixture import PrivateAsterisk
from tests.hearing import tone
from tests.phones import Ending, Habit, Phone, Phones
from tests.refusing_phone import RefusingPhone
from tests.sample_organisation import recording


async def refused(phone: Phone, number: str) -> Ending:
    """How a call that must not be answered ends."""
    call = await phone.dial(number)
    ending = await call.ended()
    assert ending.status is not None, f"{number} was answered: {call}"
    return ending


async def test_two_desk_phones_talk(asterisk: PrivateAsterisk, phones: Phones) -> None:
    reception = await phones.register("100", asterisk.password("100"), asterisk.sip_address)
    mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
    call = await mari.dial("100")
    rung = await reception.rung()
    await call.ringing()
    assert rung.peer.startswith("sip:101@")
    await rung.answer()
    await call.established()
    call.say(tone(1100, 3))
    rung.say(tone(700, 3))
    await asyncio.gather(call.hears_tone(700), rung.hears_tone(1100))
    await call.hang_up()
    await rung.ended()


async def test_0_is_reception(asterisk: PrivateAsterisk, phones: Phones) -> None:
    reception = await phones.register("100", asterisk.password("100"), asterisk.sip_address)
    mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
    call = await mari.dial("0")
    await (await reception.rung()).answer()
    await (await call.established()).hang_up()


@pytest.mark.parametrize(("status", "told"), [(486, 486), (603, 403), (480, 480), (404, 404)])
async def test_the_caller_is_told_why_a_phone_did_not_answer(
    asterisk: PrivateAsterisk, phones: Phones, status: int, told: int
) -> None:
    mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
    async with RefusingPhone("100", asterisk.password("100"), asterisk.sip_address, status=status) as reception:
        assert (await refused(mari, "100")).status == told
        assert reception.invitations == 1


async def test_an_unregistered_phone_is_unavailable(asterisk: PrivateAsterisk, phones: Phones) -> None:
    mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
    reception = await phones.register("100", asterisk.password("100"), asterisk.sip_address)
    await reception.unregister()
    assert (await refused(mari, "100")).status == 480


async def test_our_own_number_is_reached_as_from_outside(
    asterisk: PrivateAsterisk, phones: Phones, recordings: Path
) -> None:
    mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
    call = await (await mari.dial("6001000")).established()
    await call.hears(recording(recordings, "greeting"))
    await call.hang_up()


async def test_numbers_that_are_none_get_404(asterisk: PrivateAsterisk, phones: Phones) -> None:
    mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
    outside = await phones.outside("37255500010", asterisk.sip_address)
    assert (await refused(mari, "999")).status == 404
    assert (await refused(outside, "6009999")).status == 404


@pytest.mark.parametrize("number", ["100", "0", "112", "T", "i", "h", "s", "*43", "5551234", "95551234"])
async def test_from_outside_only_our_numbers_exist(asterisk: PrivateAsterisk, phones: Phones, number: str) -> None:
    outside = await phones.outside("37255500011", asterisk.sip_address)
    await phones.register("100", asterisk.password("100"), asterisk.sip_address)
    assert (await refused(outside, number)).status in (403, 404, 603)


async def test_an_extensions_name_without_its_password_is_nobody(asterisk: PrivateAsterisk, phones: Phones) -> None:
    with pytest.raises(baresip.RegistrationError):
        await phones.register("100", "guessed", asterisk.sip_address)
    impostor = await phones.outside("100", asterisk.sip_address)
    assert (await refused(impostor, "101")).status == 401
    failures = (asterisk.folders.asterisk / "log" / "security.log").read_text()
    assert re.search(r'SecurityEvent="ChallengeResponseFailed".*RemoteAddress="IPV4/UDP/127\.0\.0\.1/\d+"', failures)


async def test_the_phone_that_registers_last_is_rung(asterisk: PrivateAsterisk, phones: Phones) -> None:
    old = await phones.register("100", asterisk.password("100"), asterisk.sip_address)
    new = await phones.register("100", asterisk.password("100"), asterisk.sip_address)
    mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
    call = await mari.dial("100")
    await new.rung()
    await call.hang_up()
    assert not old.is_rung


async def test_a_held_caller_hears_music(asterisk: PrivateAsterisk, phones: Phones) -> None:
    reception = await phones.register("100", asterisk.password("100"), asterisk.sip_address)
    mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
    reception.habit = Habit.ANSWER
    call = await (await mari.dial("100")).established()
    rung = await reception.rung()
    await rung.established()
    await call.listen(0.3)
    await rung.hold()
    await call.hears_something()
    await call.hang_up()


async def test_the_echo_extension_lets_one_hear_oneself(asterisk: PrivateAsterisk, phones: Phones) -> None:
    mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
    call = await (await mari.dial("*43")).established()
    call.say(tone(900, 3))
    await call.hears_tone(900)
    await call.hang_up()
