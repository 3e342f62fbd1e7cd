"""Whoever is on call takes the caller by a key, on two real phones."""

from __future__ import annotations

from switchboard.domain.call_record import EventKind
from tests.asterisk.office import StoryOffice, hear_each_other
from tests.phones import Habit


async def test_who_passes_on_is_followed_by_the_next_who_takes_the_caller(office: StoryOffice) -> None:
    peeter, mari = await office.desk("120"), await office.desk("101")
    peeter.habit = mari.habit = Habit.ANSWER
    call = await office.call("6001005")
    first = await (await peeter.rung()).established()
    await first.hears(office.prompt("on_call_announcement"))
    assert call.has_heard(office.prompt("on_call_announcement")) is None, "the caller does not hear what callees hear"
    await first.press("3")
    await first.ended()
    await call.hears_whole(office.prompt("calling_next"))
    second = await (await mari.rung()).established()
    await second.hears(office.prompt("on_call_announcement"))
    await second.press("1")
    await hear_each_other(call, second)
    await second.hang_up()
    await call.ended()
    record = await office.record_of(call)
    assert record.path == ["on_call/emergency answered", "on_call/bye ended"]
    asked = [(data["name"], data["outcome"]) for data in record.of(EventKind.ON_CALL)]
    assert asked == [("Peeter Ozols", "declined"), ("Mari Tamm", "answered")]


async def test_nobody_on_call_acknowledges(office: StoryOffice) -> None:
    peeter = await office.desk("120")
    peeter.habit = Habit.ANSWER
    call = await office.call("6001005")
    first = await (await peeter.rung()).established()
    await first.hears(office.prompt("on_call_announcement"))
    await first.hang_up()
    await call.ended()
    assert office.heard(call) == ["calling_on_call", "calling_next", "nobody_free", "goodbye"]
    record = await office.record_of(call)
    assert record.path == ["on_call/emergency unacknowledged", "on_call/sorry done", "on_call/bye ended"]
    (nobody,) = record.of(EventKind.UNACKNOWLEDGED)
    assert nobody["called"] == ["Peeter Ozols", "Mari Tamm"]
