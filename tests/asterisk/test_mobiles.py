"""Mobiles outside: rung through a trunk, connected only when their owner takes the call. Callers who state a name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from switchboard.asterisk.ami import AmiAddress
from switchboard.asterisk.ari import AriAddress
from switchboard.asterisk.call import AsteriskCall
from switchboard.asterisk.exchange import Exchange
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.domain.dialling import Choice, DialOutcome, Phone, RingResult, WhileRinging
from switchboard.domain.language import ENGLISH
from switchboard.domain.mobile_lines import mobile_lines
from switchboard.domain.organisation import Trunk
from switchboard.domain.spoken import BEEP, content_key
from switchboard.ports import Acceptance, RecordingRef, Utterance
from switchboard.services.announce_caller import name_recording
from tests.asterisk.office import RINGBACK, hear_each_other
from tests.asterisk_fixture import PrivateAsterisk, eventually
from tests.contract.test_asterisk_call import LedBy, Line
from tests.hearing import tone
from tests.phones import Habit, PhoneCall, Phones
from tests.sample_organisation import MARI, SampleConfiguration, sample_organisation, write_noise

MOBILE = Phone("101", "Mari Tamm", "+37255500101")
OURS = "+3726001000"
ANNOUNCED = Utterance("A call for you. Press 1 to take it.", ENGLISH)
ASKING = Acceptance((ANNOUNCED,), times=1, patience=timedelta(seconds=1))
NAME, VOICEMAIL = 600, 900  # Hz, what the caller says, and a voicemail
TEN_SECONDS = timedelta(seconds=10)


@dataclass(frozen=True)
class Scene:
    """A caller on the line; Mari has a desk phone and a mobile."""

    asterisk: PrivateAsterisk
    phones: Phones
    call: AsteriskCall
    caller: PhoneCall
    announcement: Path

    def ring(self, *phones: Phone, acceptance: Acceptance = ASKING) -> asyncio.Task[RingResult]:
        return asyncio.create_task(
            self.call.ring(phones, timeout=TEN_SECONDS, hearing=WhileRinging.RINGBACK, acceptance=acceptance)
        )


@pytest_asyncio.fixture
async def scene(phones: Phones, tmp_path: Path) -> AsyncIterator[Scene]:
    line = Trunk("line", phones.address, addresses=("192.0.2.0/24",), allowed=("+372",), caller_number=OURS)
    organisation = sample_organisation(trunks=(line,))
    mari = replace(organisation.people["mari"], mobile=MOBILE.outside)
    organisation = replace(organisation, people={"mari": mari})
    announcement = tmp_path / f"{content_key(ANNOUNCED.text, ENGLISH)}.wav"
    write_noise(announcement, 2.2, 1)
    write_noise(tmp_path / f"{BEEP}.wav", 0.25, 2)
    async with PrivateAsterisk(SampleConfiguration(organisation), prompts=tmp_path) as asterisk:
        led_by = LedBy(
            PromptStore(asterisk.folders.prompts, [ANNOUNCED]), organisation.phones, mobile_lines(organisation)
        )
        held = Line()
        exchange = Exchange(
            AriAddress(asterisk.settings.ari_port, asterisk.secrets.ari),
            AmiAddress(asterisk.settings.ami_port, asterisk.secrets.ami),
            asterisk.folders.messages,
            version_for=lambda number: led_by,
            serve=held.serve,
        )
        await exchange.start()

        async def answering() -> bool:
            return exchange.is_answering

        await eventually(answering, 10, "the exchange answers")
        offered = held.expect()
        caller = await (await phones.outside("37255600100", asterisk.sip_address)).dial("6001000")
        call = await asyncio.wait_for(offered, 10)
        await call.answer()
        await caller.established()
        yield Scene(asterisk, phones, call, caller, asterisk.folders.prompts / announcement.name)
        held.release()
        await exchange.close()
        await phones.close_all()


async def test_a_mobile_takes_the_call(scene: Scene) -> None:
    mobile = await scene.phones.outside(MOBILE.outside, scene.phones.address)
    ringing = scene.ring(MOBILE)
    rung = await mobile.rung()
    assert rung.peer.startswith(f"sip:{OURS}@")
    await scene.caller.hears_tone(RINGBACK)
    await rung.answer()
    await rung.hears(scene.announcement)
    assert not ringing.done()
    await rung.press("1")
    result = await ringing
    assert (result.outcome, result.answered_by, result.choice) == (DialOutcome.ANSWERED, MOBILE, Choice.ACCEPTED)
    await hear_each_other(scene.caller, rung)
    await rung.hang_up()
    await scene.call.talk()


async def test_a_mobiles_voicemail_does_not_swallow_the_caller(scene: Scene) -> None:
    mobile = await scene.phones.outside(MOBILE.outside, scene.phones.address)
    mobile.habit = Habit.ANSWER
    ringing = scene.ring(MOBILE)
    voicemail = await mobile.rung()
    voicemail.say(tone(VOICEMAIL, 20))
    result = await ringing
    assert (result.outcome, result.choice) == (DialOutcome.NO_ANSWER, Choice.NONE)
    await voicemail.ended()
    await scene.caller.listen(0.4)
    with pytest.raises(TimeoutError):
        await scene.caller.hears_tone(VOICEMAIL, after=0, timeout=0.1)


async def test_the_desk_phone_is_connected_while_the_voicemail_listens(scene: Scene) -> None:
    mobile = await scene.phones.outside(MOBILE.outside, scene.phones.address)
    mobile.habit = Habit.ANSWER
    desk = await scene.phones.register("101", scene.asterisk.password("101"), scene.asterisk.sip_address)
    ringing = scene.ring(MARI, MOBILE, acceptance=replace(ASKING, patience=TEN_SECONDS, only_outside=True))
    voicemail = await mobile.rung()
    await voicemail.hears(scene.announcement)
    rung = await desk.rung()
    await rung.answer()
    result = await ringing
    assert (result.outcome, result.answered_by, result.choice) == (DialOutcome.ANSWERED, MARI, None)
    await voicemail.ended()
    await hear_each_other(scene.caller, rung)
    await rung.hang_up()
    await scene.call.talk()


async def test_no_number_is_rung_but_those_of_people(scene: Scene) -> None:
    stranger = await scene.phones.outside("+37255500999", scene.phones.address)
    result = await scene.ring(Phone("101", "Mari Tamm", "+37255500999"))
    assert result.outcome is DialOutcome.FAILED
    assert not stranger.is_rung


async def test_a_stated_name_is_heard_by_the_callee(scene: Scene) -> None:
    name = name_recording(scene.call.id)
    recording = asyncio.create_task(scene.call.record(name, longest=TEN_SECONDS, silence=timedelta(seconds=1)))
    scene.caller.say(tone(NAME, 1.5))
    recorded = await recording
    assert recorded.has_voice
    desk = await scene.phones.register("101", scene.asterisk.password("101"), scene.asterisk.sip_address)
    announcing = replace(ASKING, announcement=(ANNOUNCED, RecordingRef(name), ANNOUNCED))
    ringing = scene.ring(MARI, acceptance=announcing)
    rung = await (await desk.rung()).answer()
    await rung.hears_tone(NAME, after=0)
    heard_name_at = rung.now
    await rung.hears_whole(scene.announcement, after=heard_name_at)
    await rung.press("1")
    assert (await ringing).outcome is DialOutcome.ANSWERED
    await hear_each_other(scene.caller, rung)
    await rung.hang_up()
    await scene.call.talk()
