"""The caller hangs up, wherever in the flow: the record is closed, nobody goes on ringing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.asterisk.office import StoryOffice, hear_each_other
from tests.phones import Habit, PhoneCall

ABANDONED = ("abandoned", 16, "caller")


async def at_step(office: StoryOffice, key: str) -> PhoneCall:
    """A caller who has chosen a step."""
    call = await office.call("6001003")
    await call.hears(office.prompt("hub_menu"))
    await call.press(key)
    return call


async def test_while_something_is_said(office: StoryOffice) -> None:
    """Six callers at once, each in another kind of step."""

    async def caller(key: str, step: str, hears: Path) -> None:
        call = await at_step(office, key)
        await call.hears(hears)
        await call.hang_up()
        record = await office.record_of(call)
        assert record.path == [f"steps/hub {key}", f"steps/{step} hangup"]
        assert record.ending == ABANDONED

    await asyncio.gather(
        caller("1", "say", office.prompt("long_speech")),
        caller("2", "play", office.prompt("jingle")),
        caller("3", "menu", office.prompt("long_menu")),
        caller("5", "info", office.fact("long_story")),
        caller("6", "language", office.prompt("language_menu")),
        caller("7", "end", office.prompt("long_goodbye")),
    )


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
