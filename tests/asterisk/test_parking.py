"""Desk phones park calls, fetch them, and take calls that ring at colleagues' phones."""

from __future__ import annotations

import baresip
import pytest

from switchboard.asterisk import parking_place
from switchboard.domain.call_record import EventKind
from tests import hearing
from tests.asterisk.office import ASTERISK_SAYS, Record, StoryOffice, hear_each_other
from tests.asterisk_fixture import eventually
from tests.phones import Phone, PhoneCall

K = EventKind


async def talk_to_sales(office: StoryOffice) -> tuple[PhoneCall, Phone, PhoneCall]:
    """A caller who talks to Mari (101); her phone, and her side of the call."""
    mari = await office.desk("101")
    call = await office.call("6001001")
    rung = await (await mari.rung()).answer()
    await hear_each_other(call, rung)
    return call, mari, rung


async def story_of(office: StoryOffice, call: PhoneCall) -> Record:
    """The caller's one record, once Asterisk's log has told its part."""

    async def told() -> Record | None:
        record = await office.record_of(call, ASTERISK_SAYS)
        return record if record.of(K.PARKED) else None

    found: Record = await eventually(told, ASTERISK_SAYS, "what Asterisk's log tells of the parked call")
    return found


async def test_parked_told_where_and_fetched_by_a_colleague(office: StoryOffice) -> None:
    """The parker's phone shows the place and says it; its lamp is lit; the colleague dials the place."""
    office.set_real_time()
    call, mari, rung = await talk_to_sales(office)
    await rung.transfer("700")
    told = await mari.rung()
    assert told.peer.startswith("sip:701@")
    await told.answer()
    for prompt in ("parked_at", "digit_7", "digit_0", "digit_1"):
        await told.hears(office.prompt(prompt))
    await told.ended()
    music = await call.listen(1.0)
    assert hearing.loud_share(music) > 0.8
    assert "701" in await office.asterisk.cli("core show hints")
    jaan = await office.desk("102")
    fetched = await (await jaan.dial("701")).established()
    await hear_each_other(call, fetched)
    await fetched.hang_up()
    await call.ended()  # Asterisk lets go of a caller who was fetched
    record = await story_of(office, call)
    assert record.of(K.PARKED)[0]["place"] == "701"
    assert [event["extension"] for event in record.of(K.TALKED)] == ["101", "102"]
    assert record.of(K.RETRIEVED)[0]["extension"] == "102"
    assert record.ending == ("talked", 16, "callee")


async def test_nobody_is_parked_there(office: StoryOffice) -> None:
    mari = await office.desk("101")
    for place in ("701", "719", "700"):
        assert (await (await mari.dial(place)).ended()).status in (403, 404)


async def test_callers_outside_park_nobody_and_fetch_nobody(office: StoryOffice) -> None:
    call, _, rung = await talk_to_sales(office)
    with pytest.raises(baresip.TransferFailed):
        await call.transfer("700")
    assert (await (await (await office.caller()).dial("701")).ended()).status == 404
    await hear_each_other(call, rung)
    await call.hang_up()
    await rung.ended()


async def test_who_hangs_up_while_parked_leaves_the_place_free(office: StoryOffice) -> None:
    office.set_real_time()
    call, _, rung = await talk_to_sales(office)
    await rung.transfer("700")
    await call.hears_something()
    await call.hang_up()
    record = await story_of(office, call)
    assert record.ending == ("talked", 16, "caller")
    mari = await office.desk("101")
    assert (await (await mari.dial("701")).ended()).status == 404


async def test_a_colleague_takes_a_call_that_rings(office: StoryOffice) -> None:
    """The caller's, of that phone; and one within the house, of the own department."""
    office.set_real_time()
    mari, jaan, peeter = await office.desk("101"), await office.desk("102"), await office.desk("120")
    call = await office.call("6001001")
    ringing = await mari.rung()
    taken = await (await jaan.dial("*8101")).established()
    await ringing.ended()
    await hear_each_other(call, taken)
    await taken.hang_up()
    await call.hears(office.prompt("goodbye"))
    await call.ended()
    record = await office.record_of(call, ASTERISK_SAYS)
    assert [(event["extension"], event["name"]) for event in record.of(K.TALKED)] == [("102", "Jaan Sepp")]
    inside = await peeter.dial("101")
    ringing = await mari.rung()
    taken = await (await jaan.dial("*8")).established()
    await ringing.ended()
    await hear_each_other(inside, taken)
    await taken.hang_up()
    await inside.ended()


async def test_nobody_takes_what_does_not_ring_or_is_another_departments(office: StoryOffice) -> None:
    mari, peeter = await office.desk("101"), await office.desk("120")
    assert (await (await mari.dial("*8120")).ended()).status is not None
    call = await office.call("6001001")
    ringing = await mari.rung()
    assert (await (await peeter.dial("*8")).ended()).status is not None
    await ringing.answer()
    await hear_each_other(call, ringing)
    await call.hang_up()
    await ringing.ended()


def test_parked_callers_come_back_within_minutes() -> None:
    assert 30 <= parking_place.PARKED_SECONDS <= 300
