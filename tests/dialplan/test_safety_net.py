"""A caller when the controller is dead: reception rings, else a message is taken; never silence."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests import hearing
from tests.asterisk_fixture import PrivateAsterisk, eventually
from tests.hearing import read_wav, tone
from tests.phones import Phones
from tests.refusing_phone import RefusingPhone
from tests.sample_organisation import SampleConfiguration, recording, sample_organisation

RINGBACK = 425.0  # Hz, Estonia


def message_files(asterisk: PrivateAsterisk) -> list[Path]:
    return sorted(asterisk.folders.messages.glob("*.wav"))


def message_events(asterisk: PrivateAsterisk, caller: str) -> list[dict[str, str]]:
    mine = {event["linkedid"] for event in asterisk.cel() if event["cid_num"] == caller}
    return [event for event in asterisk.cel() if event["linkedid"] in mine]


async def test_reception_rings_and_both_hear_each_other(
    asterisk: PrivateAsterisk, phones: Phones, recordings: Path
) -> None:
    reception = await phones.register("100", asterisk.password("100"), asterisk.sip_address)
    caller = await phones.outside("37255500001", asterisk.sip_address, 'Jörg, "x"; ${SHELL(id)}')
    call = await (await caller.dial("6001000")).established()
    await call.hears_whole(recording(recordings, "greeting"))
    rung = await reception.rung()
    await call.hears_tone(RINGBACK)
    await rung.answer()
    call.say(tone(1100, 3))
    rung.say(tone(700, 3))
    await asyncio.gather(call.hears_tone(700), rung.hears_tone(1100))
    await rung.hang_up()
    await call.ended()
    events = message_events(asterisk, "37255500001")
    entered = next(event for event in events if event["eventtype"] == "SWITCHBOARD_SAFETY_NET")
    assert json.loads(entered["eventextra"]) == {"extra": "TIMEOUT"}
    assert entered["linkedid"].startswith("switchboard-")
    assert "SWITCHBOARD_MESSAGE" not in {event["eventtype"] for event in events}


async def test_nobody_answers_so_a_message_is_recorded(
    asterisk: PrivateAsterisk, phones: Phones, recordings: Path
) -> None:
    reception = await phones.register("100", asterisk.password("100"), asterisk.sip_address)
    caller = await phones.outside("37255500002", asterisk.sip_address)
    call = await (await caller.dial("+3726002000")).established()
    rung = await reception.rung()
    await call.hears_whole(recording(recordings, "leave_message"))
    await rung.ended()
    await call.hears_tone(1000)
    call.say(tone(600, 2.5))
    event = await eventually(
        lambda: _message_event(asterisk, "37255500002"), 5, "the message's event before it is recorded"
    )
    await call.listen(3)
    await call.press("#")
    await call.hears_whole(recording(recordings, "goodbye"))
    await call.ended()
    name = json.loads(event["eventextra"])["extra"]
    assert hearing.has_tone(read_wav(asterisk.folders.messages / f"{name}.wav"), 600, seconds=2)
    assert hearing.longest_silence(call.heard[: int(RECORDING_BEGINS * hearing.RATE)]) < 4.5  # ringback's own pause


RECORDING_BEGINS = 6.0  # seconds into the call at the earliest: greeting, ringing, the leave-message prompt


async def _message_event(asterisk: PrivateAsterisk, caller: str) -> dict[str, str] | None:
    events = message_events(asterisk, caller)
    return next((event for event in events if event["eventtype"] == "SWITCHBOARD_MESSAGE"), None)


async def test_a_caller_who_hangs_up_while_talking_leaves_the_message(
    asterisk: PrivateAsterisk, phones: Phones, recordings: Path
) -> None:
    caller = await phones.outside("37255500003", asterisk.sip_address)
    call = await (await caller.dial("6001000")).established()
    await call.hears_whole(recording(recordings, "leave_message"))
    call.say(tone(800, 5))
    await call.listen(2.5)
    await call.hang_up()
    event = await eventually(lambda: _message_event(asterisk, "37255500003"), 5, "the message's event")
    file = asterisk.folders.messages / f"{json.loads(event['eventextra'])['extra']}.wav"
    await asterisk.no_channels()
    assert hearing.has_tone(read_wav(file), 800, seconds=1)


async def test_silence_ends_the_message_by_itself(asterisk: PrivateAsterisk, phones: Phones, recordings: Path) -> None:
    caller = await phones.outside("37255500004", asterisk.sip_address)
    call = await (await caller.dial("6001000")).established()
    await call.hears_whole(recording(recordings, "goodbye"), timeout=30)
    await call.ended()


async def test_an_unregistered_reception_is_not_waited_for(
    asterisk: PrivateAsterisk, phones: Phones, recordings: Path
) -> None:
    caller = await phones.outside("37255500005", asterisk.sip_address)
    call = await (await caller.dial("6001000")).established()
    greeting = await call.hears_whole(recording(recordings, "greeting"))
    asked = await call.hears(recording(recordings, "leave_message"))
    await call.hang_up()
    assert asked.at - greeting.at - greeting.whole < 0.5


async def test_a_busy_or_declining_reception_leads_to_the_message(
    asterisk: PrivateAsterisk, phones: Phones, recordings: Path
) -> None:
    for status in (486, 603):
        async with RefusingPhone("100", asterisk.password("100"), asterisk.sip_address, status=status) as reception:
            caller = await phones.outside("37255500006", asterisk.sip_address)
            call = await (await caller.dial("6001000")).established()
            await reception.was_rung()
            await call.hears(recording(recordings, "leave_message"))
            await call.hang_up()


async def test_missing_recordings_are_tones_and_a_full_disk_is_a_goodbye(phones: Phones) -> None:
    """Nothing to play, nowhere to record: the caller hears something throughout and the call ends in order."""
    async with PrivateAsterisk(SampleConfiguration(sample_organisation())) as asterisk:
        asterisk.folders.messages.rmdir()
        asterisk.folders.messages.write_text("a file, where Asterisk can't make a folder either")
        caller = await phones.outside("37255500007", asterisk.sip_address)
        call = await (await caller.dial("6001000")).established()
        await call.hears_tone(1000, after=0)
        await call.ended(15)
        assert hearing.longest_silence(call.heard) < 1.5
        assert any("recording" in line for line in asterisk.log())


async def test_the_lease_takes_a_call_from_a_dead_controller_to_the_safety_net(
    phones: Phones, recordings: Path
) -> None:
    """Stands for Stasis by waiting where Stasis would: the lease must end it and the safety net speak."""
    held = "\n[held]\nexten => s,1,Set(SWITCHBOARD_NUMBER=6001000)\n same => n,Set(TIMEOUT(absolute)=2)\n"
    held += " same => n,Answer()\n same => n,Playtones(dial)\n same => n,Wait(60)\n"
    held += "exten => T,1,Goto(inbound,T,1)\n[desk-custom](+)\nexten => 950,1,Goto(held,s,1)\n"
    configuration = SampleConfiguration(sample_organisation())
    async with PrivateAsterisk(configuration, prompts=recordings, additions={"custom.conf": held}) as asterisk:
        desk = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
        call = await (await desk.dial("950")).established()
        await call.hears_whole(recording(recordings, "greeting"))
        entered = await asterisk.cel_event("SWITCHBOARD_SAFETY_NET")
        assert json.loads(entered["eventextra"]) == {"extra": "lease"}
        await call.listen(2.5)  # the lease is lifted: it does not strike a second time
        assert not call.is_ended
        await call.hang_up()
