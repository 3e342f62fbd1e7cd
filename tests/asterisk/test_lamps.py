"""Lamps on desk phones: lit while a colleague's phone rings or talks, while they are away; and for messages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from switchboard.asterisk import lights as lights_module
from switchboard.domain.presence import DeviceState, Presence, Status
from tests.asterisk.office import DEADLINE, StoryOffice
from tests.asterisk_fixture import eventually
from tests.watching_phone import Package, WatchingPhone


def watcher(office: StoryOffice, extension: str = "100") -> WatchingPhone:
    return WatchingPhone(extension, office.asterisk.password(extension), office.asterisk.sip_address)


async def test_a_lamp_follows_a_phone_through_a_call(office: StoryOffice) -> None:
    mari = await office.desk("101")
    async with watcher(office) as reception:
        assert await reception.watch("101", Package.DIALOG) == 200
        await reception.told("101", "<state>terminated</state>")  # idle
        call = await office.call("6001001")
        rung = await mari.rung()
        await reception.told("101", "<state>early</state>")
        await rung.answer()
        await reception.told("101", "<state>confirmed</state>")
        await rung.hang_up()
        await reception.told("101", "<state>terminated</state>")
        await call.hang_up()


@pytest.mark.parametrize("watched", ["102", "*78102"])
async def test_a_lamp_is_lit_while_somebody_is_not_to_be_disturbed(office: StoryOffice, watched: str) -> None:
    await office.desk("102")
    presence = office.controller._presence
    async with watcher(office) as reception:
        assert await reception.watch(watched, Package.DIALOG) == 200
        await reception.told(watched, "<state>terminated</state>")
        await presence.set(Presence("jaan", Status.DO_NOT_DISTURB, datetime.now(UTC), by="a test"))
        await reception.told(watched, "<state>confirmed</state>")
        await presence.set(Presence("jaan", Status.AVAILABLE, datetime.now(UTC), by="a test"))
        await reception.told(watched, "<state>terminated</state>")


async def test_a_phone_that_knows_presence_only(office: StoryOffice) -> None:
    mari = await office.desk("101")
    async with watcher(office) as reception:
        assert await reception.watch("101", Package.PRESENCE) == 200
        await reception.told("101", "<basic>open</basic>")
        call = await office.call("6001001")
        await (await mari.rung()).answer()
        await reception.told("101", "On the phone")
        await call.hang_up()


async def test_the_message_light(office: StoryOffice) -> None:
    async with watcher(office) as reception:
        lights = office.controller._serving.now.office.lights
        lights.light("100", new=2, saved=1)
        told = await reception.told_of_messages("Messages-Waiting: yes")
        assert "Voice-Message: 2/1" in told
        assert "Content-Type: application/simple-message-summary" in told
        lights.light("100", new=0, saved=3)
        await reception.told_of_messages("Messages-Waiting: no")


async def test_a_phone_that_comes_back_has_its_light_again(office: StoryOffice) -> None:
    """Nothing reaches a phone that is off, and what restarts is dark."""
    lights = office.controller._serving.now.office.lights
    async with watcher(office) as reception:
        await reception.register(expires=0)
        lights.light("100", new=3, saved=0)
        await office.known_as(DeviceState.UNREGISTERED, "100")  # Asterisk tells only what still is so when it looks
        await reception.register()
        assert "Voice-Message: 3/0" in await reception.told_of_messages("Messages-Waiting: yes")
        reception.notified.clear()
        await reception.register(expires=0)
        await office.known_as(DeviceState.UNREGISTERED, "100")
        await reception.register()
        await reception.told_of_messages("Voice-Message: 3/0")
    lights.light("100", new=0, saved=0)


async def test_a_light_is_told_again_after_a_cut_and_from_time_to_time(
    office: StoryOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    lights = office.controller._serving.now.office.lights
    async with watcher(office) as reception:
        office.ami_wire.cut()

        async def is_cut() -> bool:
            return not office.controller._exchange.ami.is_up

        await eventually(is_cut, DEADLINE, "the cut is noticed")
        lights.light("100", new=0, saved=4)
        office.ami_wire.mend()
        await reception.told_of_messages("Voice-Message: 0/4")
        lights.light("100", new=1, saved=4)
        await reception.told_of_messages("Voice-Message: 1/4")
        reception.notified.clear()
        monkeypatch.setattr(lights_module, "AGAIN", 0.0)
        await reception.told_of_messages("Voice-Message: 1/4")
    lights.light("100", new=0, saved=0)


async def test_only_what_is_a_lamp_can_be_watched(office: StoryOffice) -> None:
    async with watcher(office) as reception:
        for target in ("999", "6001000", "112", "*99"):
            assert await reception.watch(target, Package.DIALOG) == 404
    async with WatchingPhone("100", office.asterisk.password("100"), office.asterisk.sip_address) as stranger:
        stranger._password = "guessed"
        assert await stranger.watch("101", Package.DIALOG) == 401
