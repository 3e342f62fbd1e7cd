"""Desk phones: among themselves, without the controller, yet recorded; and to our own numbers, through it."""

from __future__ import annotations

import asyncio

import pytest

from switchboard.domain.call_record import EventKind
from tests.asterisk.office import ASTERISK_SAYS, StoryOffice, hear_each_other
from tests.phones import Habit


async def test_calls_within_the_house_are_recorded(office: StoryOffice) -> None:
    """Asterisk's event log tells of them: one that is answered, one to reception that is not."""
    office.set_real_time()
    mari, jaan, reception = await asyncio.gather(office.desk("101"), office.desk("102"), office.desk("100"))
    jaan.habit = Habit.ANSWER
    call = await (await mari.dial("102")).established()
    rung = await jaan.rung()
    await hear_each_other(call, rung)
    await call.hang_up()
    await rung.ended()
    unanswered = await jaan.dial("0")
    ringing = await reception.rung()
    assert ringing.peer.startswith("sip:102@")
    await unanswered.hang_up()
    await ringing.ended()
    (talked,), (missed,) = await asyncio.gather(
        office.records_of("101", 1, ASTERISK_SAYS), office.records_of("102", 1, ASTERISK_SAYS)
    )
    assert talked.ending == ("internal", 16, "caller")
    assert (talked.number, talked.answered_extension, talked.answered_name) == ("102", "102", "Jaan Sepp")
    assert talked.talk_seconds > 0.3
    assert talked.of(EventKind.STEP) == []
    assert missed.disposition == "internal"
    assert missed.answered_at is None


async def test_a_desk_phone_dials_our_number(office: StoryOffice) -> None:
    """As a caller from outside does."""
    peeter = await office.desk("120")
    call = await (await peeter.dial("6001000")).established()
    await call.hears(office.prompt("welcome"))
    await call.hang_up()
    (record,) = await office.records_of("120", 1)
    assert record.path == ["main/greet hangup"]
    assert (record.number, record.caller_name) == ("6001000", "Peeter Ozols")


@pytest.mark.parametrize("number", ["6009999", "100", "0", "112", "00372", "6001000x"])
async def test_strangers_reach_our_numbers_only(office: StoryOffice, number: str) -> None:
    await office.desk("100")
    call = await (await office.caller()).dial(number)
    ending = await call.ended()
    assert ending.status == 404
