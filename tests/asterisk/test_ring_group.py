"""A group's phones: in order, by idleness, all at once; who picks up hears the caller's name and decides."""

from __future__ import annotations

from random import Random

import pytest

from switchboard.domain.call_record import EventKind
from switchboard.domain.presence import DeviceState
from switchboard.speech.render import BEEP_FREQUENCY
from tests import hearing
from tests.asterisk.office import StoryOffice, hear_each_other
from tests.asterisk.test_forward import refusing, registered
from tests.asterisk.test_queue import who_rings
from tests.hearing import tone
from tests.phones import Habit, Phone, PhoneCall
from tests.refusing_phone import RefusingPhone

IN_ORDER, LONGEST_IDLE, NAMED = "6001030", "6001031", "6001032"  # Mari 101 and Jaan 102
FEWEST_CALLS, RANDOM = "6001033", "6001034"
JAAN_FIRST = 1  # a seed that draws him before Mari; 0 draws her
NAME = 620  # Hz


async def test_who_was_idle_longest_is_rung_first(office: StoryOffice) -> None:
    mari, jaan = await registered(office, "101", "102")
    turns: list[Phone] = []
    for _ in range(3):
        call = await office.call(LONGEST_IDLE)
        rung = await (await who_rings(mari, jaan)).answer()
        first = rung.phone
        turns.append(first)
        await hear_each_other(call, rung)
        await rung.hang_up()
        await call.ended()
        assert (await office.record_of(call)).answered_extension == first.user
        await office.known_as(DeviceState.IDLE, "101", "102")
    assert turns in ([mari, jaan, mari], [jaan, mari, jaan])  # whoever of them talked last in an earlier story


async def test_who_took_the_fewest_calls_is_rung_first(office: StoryOffice) -> None:
    """Mari, listed first; Jaan, who is busy, so Mari again; then he, and he again, though she is idle longer."""
    office.set_time("2026-12-08 10:00")  # more than a day after all other stories: their calls do not count
    mari, jaan = await registered(office, "101", "102")
    rang = []
    for jaan_does in (Habit.RING, Habit.BUSY, Habit.RING, Habit.RING):
        jaan.habit = jaan_does
        call = await office.call(FEWEST_CALLS)
        if jaan_does is Habit.BUSY:
            await (await jaan.rung()).ended()
        answers = mari if len(rang) < 2 else jaan
        rung = await (await answers.rung()).answer()
        await hear_each_other(call, rung)
        await rung.hang_up()
        await call.ended()
        rang.append(
            [(each["extension"], each["outcome"]) for each in (await office.record_of(call)).of(EventKind.RUNG)]
        )
        await office.known_as(DeviceState.IDLE, "101", "102")
    assert rang == [
        [("101", "answered")],
        [("102", "busy"), ("101", "answered")],
        [("102", "answered")],
        [("102", "answered")],
    ]


@pytest.mark.parametrize("seed", [0, 1])
async def test_who_is_rung_first_is_drawn(office: StoryOffice, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr("switchboard.services.ring_group._draw", lambda call: Random(seed))
    mari, jaan = await registered(office, "101", "102")
    first, second = (jaan, mari) if seed == JAAN_FIRST else (mari, jaan)
    call = await office.call(RANDOM)
    await (await first.rung()).ended()  # the turn is over
    await hear_each_other(call, await (await second.rung()).answer())
    await call.hang_up()
    record = await office.record_of(call)
    assert [each["extension"] for each in record.of(EventKind.RINGING)] == [first.user, second.user]


async def test_one_after_the_other_and_who_declined_no_more(office: StoryOffice) -> None:
    (jaan,) = await registered(office, "102")
    asterisk = office.asterisk
    async with RefusingPhone("101", asterisk.password("101"), asterisk.sip_address, status=603):
        await office.known_as(DeviceState.IDLE, "101")
        call = await office.call(IN_ORDER)
        first = await jaan.rung()
        await first.ended()  # his turn is over; nobody else is left, so he is rung again
        rung = await (await jaan.rung()).answer()
        await hear_each_other(call, rung)
        await rung.hang_up()
        await call.ended()
    record = await office.record_of(call)
    assert record.path == ["group/ring answered", "group/answered ended"]
    assert [(each["extension"], each["outcome"]) for each in record.of(EventKind.RUNG)] == [
        ("101", "declined"),
        ("102", "no_answer"),
        ("102", "answered"),
    ]


@pytest.mark.parametrize(("status", "outcome"), [(486, "busy"), (603, "declined"), (404, "unavailable")])
async def test_all_refuse(office: StoryOffice, status: int, outcome: str) -> None:
    async with refusing(office, "101", status), refusing(office, "102", status):
        await office.known_as(DeviceState.IDLE, "101", "102")
        call = await office.call(IN_ORDER)
        await call.hears_whole(office.prompt(f"outcome_{outcome}"))
        await call.ended()
        record = await office.record_of(call)
        assert [(e["extension"], e["outcome"]) for e in record.of(EventKind.RUNG)] == [
            ("101", outcome),
            ("102", outcome),
        ]


async def test_nobody_takes_it_in_time(office: StoryOffice) -> None:
    mari, _ = await registered(office, "101", "102")
    call = await office.call(IN_ORDER)
    await mari.rung()
    office.set_time("2026-11-24 10:01")  # longer than the group is rung in all
    await call.hears_whole(office.prompt("outcome_no_answer"))
    await call.ended()
    assert [each["extension"] for each in (await office.record_of(call)).of(EventKind.RINGING)] == ["101"]


async def test_nobody_of_the_group_is_there(office: StoryOffice) -> None:
    await office.known_as(DeviceState.UNREGISTERED, "101", "102")
    call = await office.call(IN_ORDER)
    await call.hears_whole(office.prompt("outcome_unavailable"))
    await call.ended()
    record = await office.record_of(call)
    assert record.path[0] == "group/ring nobody"
    assert record.of(EventKind.RINGING) == []


async def test_who_says_no_name_rings_nobody(office: StoryOffice) -> None:
    await registered(office, "101", "102")
    call = await office.call(NAMED)
    await call.hears_whole(office.prompt("outcome_declined"))
    await call.ended()
    record = await office.record_of(call)
    assert record.path[0] == "named/who silent"
    assert record.of(EventKind.RINGING) == []
    (stated,) = record.of(EventKind.NAME_STATED)
    (office.asterisk.folders.messages / f"{stated['recording']}.wav").unlink()


async def name_stated(office: StoryOffice) -> PhoneCall:
    """A caller who says a name, 620 Hz, and ends it with #."""
    call = await office.call(NAMED)
    await call.hears_whole(office.prompt("who_calls"))
    await call.listen(0.7)
    assert hearing.has_tone(call.heard, BEEP_FREQUENCY, seconds=0.15)
    call.say(tone(NAME, 1.5))
    await call.listen(1.8)
    await call.press("#")
    return call


async def decides(office: StoryOffice, phone: Phone, key: str) -> PhoneCall:
    """Picks up, hears the name between the words around it, and presses a key."""
    rung = await (await phone.rung()).answer()
    await rung.hears_whole(office.prompt("caller_says"))
    await rung.hears_tone(NAME, after=0)
    await rung.hears(office.prompt("accept_caller"))
    await rung.press(key)
    return rung


async def test_the_name_is_heard_refused_by_one_and_taken_by_another(office: StoryOffice) -> None:
    mari, jaan = await registered(office, "101", "102")
    call = await name_stated(office)
    await (await decides(office, mari, "3")).ended()
    taken = await decides(office, jaan, "1")
    await hear_each_other(call, taken)
    await call.hang_up()
    await taken.ended()
    record = await office.record_of(call)
    assert record.path == ["named/who stated", "named/ring hangup"]
    assert [(each["extension"], each["choice"]) for each in record.of(EventKind.RUNG)] == [
        ("101", "refused"),
        ("102", "accepted"),
    ]
    (stated,) = record.of(EventKind.NAME_STATED)
    assert stated["ended_by"] == "key"
    assert stated["level"] > -30
    (office.asterisk.folders.messages / f"{stated['recording']}.wav").unlink()


async def test_the_caller_is_sent_to_voicemail(office: StoryOffice) -> None:
    mari, jaan = await registered(office, "101", "102")
    call = await name_stated(office)
    other = await jaan.rung()
    await decides(office, mari, "2")
    await other.ended()
    await call.hears_whole(office.prompt("safety_leave_message"))
    await call.ended()
    record = await office.record_of(call)
    (stated,) = record.of(EventKind.NAME_STATED)
    (office.asterisk.folders.messages / f"{stated['recording']}.wav").unlink()
    assert record.path == [
        "named/who stated",
        "named/ring voicemail",
        "named/message ended",
    ]
