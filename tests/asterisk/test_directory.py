"""Dial by name, by keys of a real phone."""

from __future__ import annotations

from tests.asterisk.office import StoryOffice, hear_each_other
from tests.phones import Habit


async def test_one_of_several_of_that_name_is_chosen(office: StoryOffice) -> None:
    peeter = await office.desk("120")
    peeter.habit = Habit.ANSWER
    call = await office.call("6001004")
    await call.hears(office.prompt("spell_name"))
    await call.press("73")
    first = await call.hears_whole(office.name("Jaan Sepp"))
    await call.hears_whole(office.name("Peeter Ozols"), after=first.at)
    await call.press("2")
    rung = await peeter.rung()
    await hear_each_other(call, await rung.established())
    await rung.hang_up()
    await call.ended()
    record = await office.record_of(call)
    assert record.path == ["by_name/by_name answered", "by_name/bye ended"]
    assert record.ending == ("talked", 16, "switchboard")


async def test_a_name_that_nobody_has_and_then_one_that_somebody_has(office: StoryOffice) -> None:
    call = await office.call("6001004")
    await call.hears(office.prompt("spell_name"))
    await call.press("999#")
    await call.hears_whole(office.prompt("nobody_of_that_name"))
    await call.press("6274#")
    await call.ended()
    assert office.heard(call)[-3:] == ["Mari Tamm", "connecting", "goodbye"]
    assert (await office.record_of(call)).path == ["by_name/by_name unavailable", "by_name/bye ended"]
