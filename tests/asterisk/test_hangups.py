"""The caller hangs up, wherever in the flow: the record is closed, nobody goes on ringing."""

from __future__ import annotations

import pytest

from tests.asterisk.office import StoryOffice, hear_each_other
from tests.phones import Habit, PhoneCall

LONG_STORY = "long_story"
ABANDONED = ("abandoned", 16, "caller")


async def at_step(office: StoryOffice, key: str) -> PhoneCall:
    """A caller who has chosen a step."""
    call = await office.call("6001003")
    await call.hears(office.prompt("hub_menu"))
    await call.press(key)
    return call


@pytest.mark.parametrize(
    ("key", "step", "hears"),
    [
        ("1", "say", "long_speech"),
        ("2", "play", "jingle"),
        ("3", "menu", "long_menu"),
        ("5", "info", LONG_STORY),
        ("6", "language", "language_menu"),
        ("7", "end", "long_goodbye"),
    ],
)
async def test_while_something_is_said(office: StoryOffice, key: str, step: str, hears: str) -> None:
    call = await at_step(office, key)
    await call.hears(office.fact(hears) if hears == LONG_STORY else office.prompt(hears))
    await call.hang_up()
    record = await office.record_of(call)
    assert record.path == [f"steps/hub {key}", f"steps/{step} hangup"]
    assert record.ending == ABANDONED


async def test_while_a_key_is_awaited(office: StoryOffice) -> None:
    call = await office.call("6001003")
    await call.hears_whole(office.prompt("hub_menu"))
    await call.listen(0.3)
    await call.hang_up()
    record = await office.record_of(call)
    assert record.path == ["steps/hub hangup"]
    assert record.ending == ABANDONED


async def test_while_a_phone_rings(office: StoryOffice) -> None:
    mari = await office.desk("101")
    call = await at_step(office, "4")
    rung = await mari.rung()
    await call.hang_up()
    await rung.ended()
    record = await office.record_of(call)
    assert record.path == ["steps/hub 4", "steps/ring hangup"]
    assert record.ending == ABANDONED


async def test_while_talking(office: StoryOffice) -> None:
    mari = await office.desk("101")
    mari.habit = Habit.ANSWER
    call = await at_step(office, "4")
    rung = await (await mari.rung()).established()
    await hear_each_other(call, rung)
    await call.hang_up()
    await rung.ended()
    record = await office.record_of(call)
    assert record.path == ["steps/hub 4", "steps/ring hangup"]
    assert record.ending == ("talked", 16, "caller")


async def test_after_a_talk(office: StoryOffice) -> None:
    """The callee has left, the flow goes on, the caller leaves in what follows."""
    mari = await office.desk("101")
    mari.habit = Habit.ANSWER
    call = await at_step(office, "4")
    rung = await (await mari.rung()).established()
    await hear_each_other(call, rung)
    await rung.hang_up()
    await call.hears(office.prompt("long_speech"))
    await call.hang_up()
    record = await office.record_of(call)
    assert record.path == ["steps/hub 4", "steps/ring answered", "steps/say hangup"]
    assert record.ending == ("talked", 16, "caller")


async def test_in_a_subflow(office: StoryOffice) -> None:
    peeter = await office.desk("120")
    call = await at_step(office, "8")
    rung = await peeter.rung()
    await call.hang_up()
    await rung.ended()
    record = await office.record_of(call)
    flow = "department(department=logistics)"
    assert record.path == ["steps/hub 8", "steps/subflow entered", f"{flow}/ring hangup"]
    assert record.ending == ABANDONED


async def test_at_the_moment_of_the_answer(office: StoryOffice) -> None:
    call = await office.call("6001003")
    await call.hang_up()
    record = await office.record_of(call)
    assert record.path == ["steps/hub hangup"]
    assert record.ending == ABANDONED
