"""The caller and the menu: by key, early, wrong, silent, repeated, to a person."""

from __future__ import annotations

from switchboard.domain.call_record import EventKind
from tests.asterisk.office import StoryOffice, hear_each_other
from tests.phones import Habit

DELIVERY = "Goods take a day."
TO_THE_MENU = ["main/greet done", "main/hours open"]


async def test_a_key_chooses(office: StoryOffice) -> None:
    call = await office.call("6001000")
    await call.hears_whole(office.prompt("main_menu"))
    await call.press("2")
    await call.ended()
    assert office.heard(call) == ["welcome", "main_menu", DELIVERY, "goodbye"]
    record = await office.record_of(call)
    assert record.ending == ("served", 16, "switchboard")
    assert record.path == [*TO_THE_MENU, "main/menu 2", "main/delivery told", "main/bye ended"]
    assert record.of(EventKind.STEP)[2]["decided_on"] == "pressed 2"
    assert (record.number, record.flow, record.language) == ("6001000", "main", "en")


async def test_a_key_stops_the_prompt_at_once(office: StoryOffice) -> None:
    call = await office.call("6001000")
    menu = await call.hears(office.prompt("main_menu"))
    pressed = call.now
    await call.press("2")
    told = await call.hears(office.fact("delivery"), after=pressed)
    assert told.at - pressed < 0.3  # the key's own tenth of a second and the jitter buffer included
    stopped = call.has_heard(office.prompt("main_menu"))
    assert stopped is not None
    assert stopped.seconds < menu.whole - 0.5
    await call.ended()
    assert office.heard(call) == ["welcome", "main_menu", DELIVERY, "goodbye"]
    assert (await office.record_of(call)).path[2] == "main/menu 2"


async def test_a_key_pressed_before_the_menu_answers_it(office: StoryOffice) -> None:
    call = await office.call("6001000")
    await call.hears(office.prompt("welcome"))
    await call.press("2")
    await call.ended()
    assert office.heard(call) == ["welcome", DELIVERY, "goodbye"]
    assert (await office.record_of(call)).path[:3] == [*TO_THE_MENU, "main/menu 2"]


async def test_wrong_keys_lead_to_reception(office: StoryOffice) -> None:
    reception = await office.desk("100")
    reception.habit = Habit.ANSWER
    call = await office.call("6001000")
    first = await call.hears_whole(office.prompt("main_menu"))
    await call.press("7")
    await call.hears_whole(office.prompt("no_match"))
    await call.hears_whole(office.prompt("main_menu"), after=first.at + 1)
    await call.press("#")
    rung = await reception.rung()
    await hear_each_other(call, await rung.established())
    await rung.hang_up()
    await call.ended()
    assert office.heard(call) == ["welcome", "main_menu", "no_match", "main_menu", "goodbye"]
    record = await office.record_of(call)
    assert record.path == [*TO_THE_MENU, "main/menu no_match", "main/reception answered", "main/bye ended"]
    assert record.of(EventKind.STEP)[2]["decided_on"] == "pressed #, attempt 2 of 2"
    assert record.ending == ("talked", 16, "switchboard")


async def test_silence_leads_to_reception(office: StoryOffice) -> None:
    call = await office.call("6001000")  # reception's phone is not connected
    await call.ended(20)
    told = ["welcome", "main_menu", "no_input", "main_menu", "reception_unavailable", "goodbye"]
    assert office.heard(call) == told
    record = await office.record_of(call)
    assert record.path == [*TO_THE_MENU, "main/menu no_input", "main/reception unavailable", "main/nobody ended"]
    assert record.ending == ("served", 16, "switchboard")


async def test_star_repeats_and_0_reaches_a_person(office: StoryOffice) -> None:
    reception = await office.desk("100")
    reception.habit = Habit.ANSWER
    call = await office.call("6001000")
    first = await call.hears_whole(office.prompt("main_menu"))
    await call.press("*")
    await call.hears_whole(office.prompt("main_menu"), after=first.at + 1)
    await call.press("0")
    rung = await reception.rung()
    await hear_each_other(call, await rung.established())
    await call.hang_up()
    await rung.ended()
    assert office.heard(call) == ["welcome", "main_menu", "main_menu"]
    record = await office.record_of(call)
    assert record.path == [*TO_THE_MENU, "main/menu 0", "main/reception hangup"]
    assert record.ending == ("talked", 16, "caller")
    assert (record.answered_extension, record.answered_name) == ("100", "Reception")
