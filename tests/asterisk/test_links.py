"""The controller loses its links to Asterisk and gets them back, in the middle of a call: the caller is served."""

from __future__ import annotations

import asyncio

import pytest

from switchboard.asterisk import ami as ami_module
from switchboard.asterisk import channel as channel_module
from switchboard.asterisk import exchange as exchange_module
from switchboard.domain.call_record import EventKind
from tests.asterisk.office import ASTERISK_SAYS, RINGBACK, StoryOffice, hear_each_other
from tests.asterisk_fixture import eventually
from tests.phones import Habit

SAFETY_NET_WITHIN = 15.0  # seconds: the lease of 10 s, and a moment
BACK_WITHIN = 4.5  # seconds after the wire is mended: the longest pause between attempts, and a moment


async def cut_shortly(office: StoryOffice) -> None:
    """ARI is gone, and back at once."""
    office.ari_wire.cut()
    await not_answering(office)
    office.ari_wire.mend()
    await answering(office)


async def answering(office: StoryOffice) -> None:
    async def is_up() -> bool:
        return office.controller.is_answering

    await eventually(is_up, BACK_WITHIN, "the controller answers again")


async def not_answering(office: StoryOffice) -> None:
    async def is_down() -> bool:
        return not office.controller.is_answering

    await eventually(is_down, 10, "the controller has noticed the cut")


async def test_in_the_middle_of_a_prompt(office: StoryOffice) -> None:
    """It is said again from its beginning, not after the rest of the first time."""
    call = await office.call("6001003")
    await call.hears(office.prompt("hub_menu"))
    await call.press("7")
    first = await call.hears(office.prompt("long_goodbye"))
    await cut_shortly(office)
    again = await call.hears_whole(office.prompt("long_goodbye"), after=first.at + 1)
    await call.ended()
    assert again.at - first.at < first.whole - 1
    record = await office.record_of(call)
    assert record.path == ["steps/hub 7", "steps/end ended"]
    assert record.ending == ("served", 16, "switchboard")


async def test_while_a_key_is_awaited(office: StoryOffice) -> None:
    call = await office.call("6001003")
    await call.hears_whole(office.prompt("hub_menu"))
    await cut_shortly(office)
    await call.press("7")
    await call.hears(office.prompt("long_goodbye"))
    await call.hang_up()
    assert (await office.record_of(call)).path == ["steps/hub 7", "steps/end hangup"]


async def test_while_a_phone_rings(office: StoryOffice) -> None:
    """It goes on ringing, and the caller hears it."""
    mari = await office.desk("101")
    call = await office.call("6001003")
    await call.hears(office.prompt("hub_menu"))
    await call.press("4")
    rung = await mari.rung()
    await cut_shortly(office)
    await call.hears_tone(RINGBACK)
    assert not rung.is_ended
    await rung.answer()
    await hear_each_other(call, rung)
    await rung.hang_up()
    await call.hears(office.prompt("long_speech"))
    await call.hang_up()
    record = await office.record_of(call)
    assert record.path == ["steps/hub 4", "steps/ring answered", "steps/say hangup"]
    assert record.ending == ("talked", 16, "caller")


async def test_answered_during_the_cut(office: StoryOffice) -> None:
    """Nobody told us; we look when we are back."""
    mari = await office.desk("101")
    call = await office.call("6001003")
    await call.hears(office.prompt("hub_menu"))
    await call.press("4")
    rung = await mari.rung()
    office.ari_wire.cut()
    await not_answering(office)
    await rung.answer()
    office.ari_wire.mend()
    await hear_each_other(call, rung)
    await call.hang_up()
    await rung.ended()
    assert (await office.record_of(call)).ending == ("talked", 16, "caller")


async def test_refused_during_the_cut(office: StoryOffice) -> None:
    mari = await office.desk("101")
    call = await office.call("6001001")
    rung = await mari.rung()
    office.ari_wire.cut()
    await not_answering(office)
    await rung.busy()
    office.ari_wire.mend()
    await call.ended()
    record = await office.record_of(call)
    assert record.path[0].startswith("sales/mari ")
    assert "answered" not in record.path[0]
    assert record.disposition == "served"


async def test_while_they_talk(office: StoryOffice) -> None:
    """They notice nothing; the caller whose callee leaves during the cut is told goodbye by the dialplan."""
    office.set_real_time()
    mari = await office.desk("101")
    mari.habit = Habit.ANSWER
    call = await office.call("6001001")
    rung = await (await mari.rung()).established()
    await hear_each_other(call, rung)
    await cut_shortly(office)
    await hear_each_other(call, rung)
    office.ari_wire.cut()
    await not_answering(office)
    await rung.hang_up()
    await call.hears_whole(office.prompt("safety_goodbye"))
    office.ari_wire.mend()
    await call.ended()
    record = await office.record_of(call, ASTERISK_SAYS)
    assert record.path == ["sales/mari hangup"]
    assert record.disposition == "talked"


async def test_the_callee_leaves_while_the_cut_is_mended(office: StoryOffice) -> None:
    """The caller is led on as if nothing had been."""
    mari = await office.desk("101")
    mari.habit = Habit.ANSWER
    call = await office.call("6001001")
    rung = await (await mari.rung()).established()
    await hear_each_other(call, rung)
    await cut_shortly(office)
    await rung.hang_up()
    await call.hears_whole(office.prompt("goodbye"))
    await call.ended()
    record = await office.record_of(call)
    assert record.path == ["sales/mari answered", "sales/bye ended"]
    assert record.ending == ("talked", 16, "switchboard")


@pytest.mark.parametrize("key", ["3", "4"])
async def test_the_caller_leaves_during_the_cut(office: StoryOffice, key: str) -> None:
    mari = await office.desk("101")
    call = await office.call("6001003")
    await call.hears(office.prompt("hub_menu"))
    await call.press(key)
    if key == "3":
        await call.hears(office.prompt("long_menu"))
    else:
        rung = await mari.rung()
    office.ari_wire.cut()
    await not_answering(office)
    await call.hang_up()
    office.ari_wire.mend()
    if key == "4":
        await rung.ended()
    record = await office.record_of(call)
    assert record.path == [f"steps/hub {key}", f"steps/{'menu' if key == '3' else 'ring'} hangup"]
    assert record.disposition == "abandoned"


async def test_a_new_caller_during_the_cut_gets_the_safety_net(office: StoryOffice) -> None:
    office.set_real_time()
    office.ari_wire.cut()
    await not_answering(office)
    call = await office.call("6001000")
    await call.hears(office.prompt("safety_greeting"))
    await call.hang_up()
    office.ari_wire.mend()
    await answering(office)
    record = await office.record_of(call, ASTERISK_SAYS)
    assert record.disposition == "abandoned"
    assert record.safety_net is not None


async def test_cut_for_longer_than_the_lease(office: StoryOffice) -> None:
    """Whoever is alone with us is taken by the safety net; two who talk are left alone."""
    office.set_real_time()
    mari, reception = await asyncio.gather(office.desk("101"), office.desk("100"))
    mari.habit = reception.habit = Habit.ANSWER
    talking = await office.call("6001001")
    rung = await (await mari.rung()).established()
    await hear_each_other(talking, rung)
    call = await office.call("6001003")
    await call.hears_whole(office.prompt("hub_menu"))
    office.ari_wire.cut()
    await call.hears_whole(office.prompt("safety_greeting"), timeout=SAFETY_NET_WITHIN)
    receptionist = await (await reception.rung()).established()
    await hear_each_other(call, receptionist)
    await hear_each_other(talking, rung)
    office.ari_wire.mend()
    await answering(office)
    await hear_each_other(call, receptionist)
    await call.hang_up()
    await receptionist.ended()
    await rung.hang_up()
    await talking.hears_whole(office.prompt("goodbye"))
    await talking.ended()
    assert (await office.record_of(talking)).ending == ("talked", 16, "switchboard")
    record = await office.record_of(call, ASTERISK_SAYS)
    assert record.safety_net == "lease"
    assert record.disposition == "talked"
    assert record.answered_extension == "100"


async def test_one_ami_connection_hangs(office: StoryOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other renews the lease; everything runs on shorter times than usual."""
    monkeypatch.setattr(channel_module, "LEASE_SECONDS", 3)
    monkeypatch.setattr(exchange_module, "LEASE_SECONDS", 3)
    monkeypatch.setattr(exchange_module, "LEASE_INTERVAL", 0.3)
    monkeypatch.setattr(ami_module, "PING_INTERVAL", 0.3)
    monkeypatch.setattr(ami_module, "ACTION_DEADLINE", 0.5)
    call = await office.call("6001003")
    await call.hears_whole(office.prompt("hub_menu"))
    await call.press("3")
    office.ami_wire.freeze(oldest=1)
    await call.listen(5)
    assert office.heard(call) == ["hub_menu", "long_menu"]  # and no safety net
    await call.press("1")
    await call.hears(office.prompt("goodbye"))
    await call.ended()
    record = await office.record_of(call)
    assert record.path == ["steps/hub 3", "steps/menu 1", "steps/bye ended"]
    assert record.of(EventKind.SAFETY_NET) == []
