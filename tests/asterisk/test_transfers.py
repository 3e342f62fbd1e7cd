"""Desk phones pass callers on, by their own button and by in-call codes: one story a caller, to its end."""

from __future__ import annotations

import asyncio

import baresip
import pytest

from switchboard.domain.call_record import EventKind
from tests.asterisk.office import ASTERISK_SAYS, Record, StoryOffice, hear_each_other
from tests.asterisk_fixture import eventually
from tests.phones import Habit, Phone, PhoneCall

K = EventKind


async def talk_to_sales(office: StoryOffice) -> tuple[PhoneCall, Phone, PhoneCall]:
    """A caller who talks to Mari (101), on the line straight to sales; her phone, and her side of the call."""
    mari = await office.desk("101")
    call = await office.call("6001001")
    rung = await (await mari.rung()).answer()
    await hear_each_other(call, rung)
    return call, mari, rung


async def story_of(office: StoryOffice, call: PhoneCall) -> Record:
    """The caller's one record, once Asterisk's log has told its part."""

    async def told() -> Record | None:
        record = await office.record_of(call, ASTERISK_SAYS)
        return record if record.of(K.TRANSFERRED) and record.of(K.ENDED) else None

    found: Record = await eventually(told, ASTERISK_SAYS, "what Asterisk's log tells of the transfer")
    return found


def parts(record: Record) -> list[str]:
    """Who talked to the caller and who passed the caller on, in order."""
    told = []
    for event in record.events:
        if event.kind in (K.TALKED, K.TRANSFERRED, K.RETURNED):
            told.append(f"{event.kind} {event.data.get('extension', event.data.get('talked'))}")
    return told


async def test_blind_by_the_phones_button(office: StoryOffice) -> None:
    """The colleague sees who calls, they talk, the colleague hangs up, and the caller is told good-bye as always."""
    office.set_real_time()
    jaan = await office.desk("102")
    call, _, rung = await talk_to_sales(office)
    await rung.transfer("102")
    second = await jaan.rung()
    assert second.peer.startswith(f"sip:{call.phone.user}@")
    await second.answer()
    await hear_each_other(call, second)
    await rung.ended()
    await second.hang_up()
    await call.hears(office.prompt("goodbye"))
    await call.ended()
    record = await story_of(office, call)
    assert parts(record) == ["talked 101", "transferred 101", "talked 102", "returned True"]
    (transfer,) = record.of(K.TRANSFERRED)
    assert (transfer["to"], transfer["attended"]) == ("102", False)
    assert record.ending == ("talked", 16, "switchboard")
    assert record.path == ["sales/mari answered", "sales/bye ended"]


async def test_attended_by_the_phones_button(office: StoryOffice) -> None:
    """The caller hears music while the two consult, and hangs up on the colleague later."""
    office.set_real_time()
    jaan = await office.desk("102")
    call, mari, rung = await talk_to_sales(office)
    await rung.hold()
    await call.hears_something()
    consultation = await mari.dial("102")
    second = await (await jaan.rung()).answer()
    await consultation.established()
    await hear_each_other(consultation, second)
    await rung.transfer_to(consultation)
    await hear_each_other(call, second)
    await asyncio.gather(rung.ended(), consultation.ended())
    await call.hang_up()
    await second.ended()
    record = await story_of(office, call)
    assert parts(record) == ["talked 101", "transferred 101", "talked 102"]
    assert record.of(K.TRANSFERRED)[0]["attended"] is True
    assert record.ending == ("talked", 16, "caller")
    consulted = (await office.records_of("101", 1, ASTERISK_SAYS))[0]
    assert (consulted.disposition, consulted.number) == ("internal", "102")


async def test_blind_by_code(office: StoryOffice) -> None:
    office.set_real_time()
    jaan = await office.desk("102")
    call, _, rung = await talk_to_sales(office)
    await rung.press("##")
    await rung.hears_tone(425)
    await rung.press("102")
    second = await (await jaan.rung()).answer()
    await rung.ended()
    await hear_each_other(call, second)
    await call.hang_up()
    await second.ended()
    record = await story_of(office, call)
    assert parts(record) == ["talked 101", "transferred 101", "talked 102"]
    assert record.ending == ("talked", 16, "caller")


async def test_consulting_by_code_swapping_and_done_by_hanging_up(office: StoryOffice) -> None:
    """While two talk the third hears nothing of it."""
    office.set_real_time()
    jaan = await office.desk("102")
    call, _, rung = await talk_to_sales(office)
    await rung.press("*2")
    await rung.hears_tone(425)
    await call.hears_something()
    await rung.press("102")
    second = await (await jaan.rung()).answer()
    await hear_each_other(rung, second)
    await rung.press("*2")
    await hear_each_other(call, rung)
    await rung.press("*2")
    await hear_each_other(rung, second)
    await rung.hang_up()
    await hear_each_other(call, second)
    await second.hang_up()
    await call.hears(office.prompt("goodbye"))
    await call.ended()
    record = await story_of(office, call)
    assert parts(record)[-3:] == ["transferred 101", "talked 102", "returned True"]
    assert record.of(K.TRANSFERRED)[0]["attended"] is True


async def test_whom_nobody_answers_returns_to_who_passed_them_on(office: StoryOffice) -> None:
    """The display tells from where."""
    office.set_real_time()
    jaan = await office.desk("102")
    jaan.habit = Habit.BUSY
    call, mari, rung = await talk_to_sales(office)
    await rung.transfer("102")
    again = await mari.rung()
    assert again.peer.startswith(f"sip:{call.phone.user}@")
    await again.answer()
    await hear_each_other(call, again)
    await again.hang_up()
    await call.hears(office.prompt("goodbye"))
    await call.ended()
    record = await story_of(office, call)
    assert parts(record) == ["talked 101", "transferred 101", "talked 101", "returned True"]
    rung_for = [(event["extension"], event["outcome"]) for event in record.of(K.RUNG)]
    assert rung_for == [("101", "answered"), ("102", "busy"), ("101", "answered")]


async def test_whom_nobody_answers_at_all_comes_back_to_the_flow(office: StoryOffice) -> None:
    """As somebody who was not reached: by what the flow does then."""
    office.set_real_time()
    jaan, reception = await office.desk("102"), await office.desk("100")
    jaan.habit = reception.habit = Habit.BUSY
    call, mari, rung = await talk_to_sales(office)
    mari.habit = Habit.BUSY
    await rung.transfer("102")
    record = await story_of(office, call)
    assert parts(record) == ["talked 101", "transferred 101", "returned False"]
    assert record.path[0] == "sales/mari no_answer"


async def test_a_colleague_transfers_a_colleague(office: StoryOffice) -> None:
    """Without the controller: who called, and who was called."""
    office.set_real_time()
    mari, jaan, peeter = await asyncio.gather(office.desk("101"), office.desk("102"), office.desk("120"))
    for by_caller in (True, False):
        call = await mari.dial("102")
        rung = await (await jaan.rung()).answer()
        await call.established()
        await hear_each_other(call, rung)
        await (call if by_caller else rung).transfer("120")
        third = await (await peeter.rung()).answer()
        await hear_each_other(rung if by_caller else call, third)
        await third.hang_up()
        await asyncio.gather(call.ended(), rung.ended())


async def test_a_caller_at_a_desk_phone_transfers_whom_they_reached(office: StoryOffice) -> None:
    """Through our own number: the callee goes on without the call that brought them."""
    office.set_real_time()
    mari, jaan, peeter = await asyncio.gather(office.desk("101"), office.desk("102"), office.desk("120"))
    call = await jaan.dial("6001001")
    rung = await (await mari.rung()).answer()
    await call.established()
    await hear_each_other(call, rung)
    await call.transfer("120")
    third = await (await peeter.rung()).answer()
    await hear_each_other(rung, third)
    await rung.hang_up()
    await asyncio.gather(call.ended(), third.ended())
    (record,) = await office.records_of("102", 1, ASTERISK_SAYS)
    assert record.disposition == "talked"


async def test_callers_outside_transfer_nobody(office: StoryOffice) -> None:
    """Neither by REFER nor by codes, which are keys like any other to them."""
    jaan = await office.desk("102")
    call, _, rung = await talk_to_sales(office)
    with pytest.raises(baresip.TransferFailed):
        await call.transfer("102")
    await call.press("##102*2102")
    await hear_each_other(call, rung)
    assert not jaan.is_rung
    await call.hang_up()
    await rung.ended()


async def test_a_transfer_to_nowhere_leaves_the_talk_as_it_is(office: StoryOffice) -> None:
    call, _, rung = await talk_to_sales(office)
    for target in ("999", "112", "0037255500001"):
        with pytest.raises(baresip.TransferFailed):
            await rung.transfer(target)
    await rung.resume()
    await hear_each_other(call, rung)
    await call.hang_up()
    await rung.ended()


async def test_to_another_number_of_ours(office: StoryOffice) -> None:
    """The caller is led by that number's flow, in the same record."""
    office.set_real_time()
    call, _, rung = await talk_to_sales(office)
    await rung.transfer("6001000")
    await call.hears(office.prompt("welcome"))
    await call.hang_up()
    record = await story_of(office, call)
    assert record.path[-1].startswith("main/")
    assert record.ending == ("talked", 16, "caller")
