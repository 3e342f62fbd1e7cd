"""With no controller at all: a parked caller rings back, then has the safety net; displays tell why the phone rings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from switchboard.asterisk import parking_place, rendering_values
from tests.asterisk_fixture import PrivateAsterisk, eventually
from tests.hearing import tone
from tests.phones import PhoneCall, Phones
from tests.refusing_phone import RefusingPhone
from tests.sample_organisation import SampleConfiguration, recording, sample_organisation


@pytest_asyncio.fixture(scope="module")
async def impatient(recordings: Path) -> AsyncIterator[PrivateAsterisk]:
    """An Asterisk on which all this takes a second or two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parking_place, "PARKED_SECONDS", 1)
        patch.setattr(parking_place, "ANNOUNCE_SECONDS", 1)
        patch.setattr(rendering_values, "_TRANSFER_SECONDS", 2)
        asterisk = PrivateAsterisk(SampleConfiguration(sample_organisation()), prompts=recordings)
        async with asterisk:
            yield asterisk


async def talk_to_reception(asterisk: PrivateAsterisk, phones: Phones, number: str) -> tuple[PhoneCall, PhoneCall]:
    """A caller and reception talk, brought together by the safety net."""
    reception = await phones.register("100", asterisk.password("100"), asterisk.sip_address)
    caller = await phones.outside(number, asterisk.sip_address, "Some ${SHELL(id)}, Body")
    call = await (await caller.dial("6001000")).established()
    rung = await (await reception.rung()).answer()
    call.say(tone(1100, 2))
    rung.say(tone(700, 2))
    await asyncio.gather(call.hears_tone(700), rung.hears_tone(1100))
    return call, rung


async def test_a_parked_caller_whom_nobody_fetches(
    impatient: PrivateAsterisk, phones: Phones, recordings: Path
) -> None:
    call, rung = await talk_to_reception(impatient, phones, "37255500041")
    async with RefusingPhone("100", impatient.password("100"), impatient.sip_address, status=486) as reception:
        at = call.now
        await rung.transfer("700")
        await call.hears_whole(recording(recordings, "greeting"), after=at)
    assert reception.shown == ["Parked at 701", "Parked by 100: Some ${SHELL(id)}, Body"]
    await call.hang_up()


async def test_a_caller_passed_on_whom_nobody_answers(
    impatient: PrivateAsterisk, phones: Phones, recordings: Path
) -> None:
    call, rung = await talk_to_reception(impatient, phones, "37255500042")
    async with (
        RefusingPhone("100", impatient.password("100"), impatient.sip_address, status=486) as reception,
        RefusingPhone("101", impatient.password("101"), impatient.sip_address, status=480) as mari,
    ):
        at = call.now
        await rung.transfer("101")
        await call.hears_whole(recording(recordings, "greeting"), after=at)
    assert mari.shown == ["Some ${SHELL(id)}, Body"]
    assert reception.shown == ["Back from 101: Some ${SHELL(id)}, Body"]
    await call.hang_up()


async def test_lamps_of_places_are_dark_when_nobody_is_parked(impatient: PrivateAsterisk) -> None:
    await impatient.no_channels()
    await eventually(lambda: _free(impatient), 5, "all places are free")


async def _free(asterisk: PrivateAsterisk) -> bool:
    shown = await asterisk.cli("core show hints")
    places = [line for line in shown.splitlines() if "park:" in line]
    return len(places) == 19 and all("Idle" in line for line in places)
