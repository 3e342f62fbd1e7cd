"""A desk phone is rung for a caller: what both hear, how it comes out, and what the caller is told then."""

from __future__ import annotations

import pytest

from switchboard.domain.call_record import EventKind
from tests import hearing
from tests.asterisk.office import RINGBACK, StoryOffice, hear_each_other
from tests.phones import Habit, PhoneCall
from tests.refusing_phone import RefusingPhone


async def test_they_talk_and_the_callee_leaves_first(office: StoryOffice) -> None:
    mari = await office.desk("101")
    call = await office.call("6001001")
    rung = await mari.rung()
    assert rung.peer.startswith(f"sip:{call.phone.user}@")  # her display shows who calls
    await call.hears_tone(RINGBACK)
    await rung.answer()
    await hear_each_other(call, rung)
    await rung.hang_up()
    await call.hears_whole(office.prompt("goodbye"))
    await call.ended()
    record = await office.record_of(call)
    assert record.ending == ("talked", 16, "switchboard")
    assert record.path == ["sales/mari answered", "sales/bye ended"]
    assert (record.answered_extension, record.answered_name) == ("101", "Mari Tamm")
    assert record.talk_seconds > 0.1
    assert record.of(EventKind.TALKED)[0]["ended_by"] == "callee"


async def test_they_talk_and_the_caller_leaves_first(office: StoryOffice) -> None:
    mari = await office.desk("101")
    mari.habit = Habit.ANSWER
    call = await office.call("6001001")
    rung = await mari.rung()
    await rung.established()
    await hear_each_other(call, rung)
    await call.hang_up()
    await rung.ended()
    record = await office.record_of(call)
    assert record.ending == ("talked", 16, "caller")
    assert record.path == ["sales/mari hangup"]
    assert record.of(EventKind.TALKED)[0]["ended_by"] == "caller"


async def test_ringback_has_the_countrys_rhythm(office: StoryOffice) -> None:
    mari = await office.desk("101")
    call = await office.call("6001001")
    await mari.rung()
    await call.hears_tone(RINGBACK)
    heard = await call.listen(2.5)
    assert 0.1 < hearing.loud_share(heard) < 0.9  # a second of tone, four of silence
    await call.hang_up()


async def test_music_while_it_rings(office: StoryOffice) -> None:
    jaan = await office.desk("102")
    call = await office.call("6001002")
    rung = await jaan.rung()
    await call.hears_something()
    heard = await call.listen(2.0)
    assert hearing.loud_share(heard) > 0.9
    assert not hearing.has_tone(heard, RINGBACK)
    await rung.answer()
    await hear_each_other(call, rung)  # the music has stopped: their tones are heard alone
    await rung.hang_up()
    await call.ended()
    assert (await office.record_of(call)).ending == ("talked", 16, "switchboard")


async def test_busy(office: StoryOffice) -> None:
    mari = await office.desk("101")
    mari.habit = Habit.BUSY
    call = await office.call("6001001")
    await was_told(office, call, "busy", sip_status=486)


@pytest.mark.parametrize(("status", "outcome"), [(603, "declined"), (480, "no_answer"), (404, "unavailable")])
async def test_refused(office: StoryOffice, status: int, outcome: str) -> None:
    asterisk = office.asterisk
    async with RefusingPhone("101", asterisk.password("101"), asterisk.sip_address, status=status):
        call = await office.call("6001001")
        await was_told(office, call, outcome, sip_status=status)


async def test_a_phone_that_forwards_its_calls_leads_nobody_elsewhere(office: StoryOffice) -> None:
    asterisk, reception = office.asterisk, await office.desk("100")
    async with RefusingPhone("101", asterisk.password("101"), asterisk.sip_address, status=302, forward="100"):
        call = await office.call("6001001")
        await was_told(office, call, "failed", sip_status=302)
    assert not reception.is_rung


async def test_nobody_answers(office: StoryOffice) -> None:
    mari = await office.desk("101")
    call = await office.call("6001001")
    rung = await mari.rung()
    await was_told(office, call, "no_answer")
    await rung.ended()  # it has stopped ringing


async def test_not_connected(office: StoryOffice) -> None:
    mari = await office.desk("101")
    await mari.unregister()
    call = await office.call("6001001")
    await was_told(office, call, "unavailable")


async def was_told(office: StoryOffice, call: PhoneCall, outcome: str, *, sip_status: int = 0) -> None:
    """The caller heard how ringing came out; the record says the same."""
    await call.ended()
    assert office.heard(call) == [f"outcome_{outcome}"]
    record = await office.record_of(call)
    assert record.path == [f"sales/mari {outcome}", f"sales/{outcome} ended"]
    assert record.ending == ("served", 16, "switchboard")
    assert record.answered_extension is None
    (rung,) = record.of(EventKind.RUNG)
    assert (rung["extension"], rung["outcome"], rung["sip_status"]) == ("101", outcome, sip_status)
