"""A time that became free is offered to those who wait for one."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from switchboard.appointment_ports import Freed, Wish
from switchboard.domain.appointment import AppointmentState, Booker, Slot
from switchboard.services.offer_freed_times import Waitlist
from tests.unit.appointment_calls import ANNA, BERTA, DAY, HOUR, START, Scene

SLOT = Slot(START, START + HOUR, ("chef",))


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.diary.freed_times.append(Freed(1, "tasting", SLOT))
    for number in (ANNA, BERTA):
        since = made.clock.now() - DAY
        made.diary.wishes.append(Wish(uuid4(), "tasting", Booker(number), since, START + 30 * DAY))
    return made


def waitlist(scene: Scene) -> Waitlist:
    return Waitlist(lambda: scene.office, scene.lines, scene.diary, scene.diary)


def called(scene: Scene) -> list[str]:
    return [line.wanted.agent.outside for line in scene.lines.calls]


async def test_the_first_who_accepts_has_it(scene: Scene) -> None:
    scene.phone(ANNA, "answers", "1", "1")
    await waitlist(scene).once()
    await waitlist(scene).once()
    assert called(scene) == [ANNA]
    (booked,) = scene.diary.appointments.values()
    assert (booked.state, booked.slot, booked.booker.number) == (AppointmentState.BOOKED, SLOT, ANNA)
    assert [each.booker.number for each in scene.diary.wishes] == [BERTA]
    assert scene.heard()[-8:] == ["waitlist_taken", *(f"digit_{digit}" for digit in "777000"), "goodbye"]


@pytest.mark.parametrize("first", ["busy", "no answer", "answers", "declines"])
async def test_who_does_not_take_it_keeps_the_place_and_the_next_is_called(scene: Scene, first: str) -> None:
    scene.phone(ANNA, first, *(("1", "2") if first == "answers" else ()))
    scene.phone(BERTA, "answers", "1", "1")
    await waitlist(scene).once()
    assert called(scene) == [ANNA, BERTA]
    assert [each.booker.number for each in scene.diary.wishes] == [ANNA]
    assert not scene.diary.freed_times


async def test_nobody_takes_it_and_nobody_is_called_twice(scene: Scene) -> None:
    await waitlist(scene).once()
    await waitlist(scene).once()
    assert called(scene) == [ANNA, BERTA]
    assert not scene.diary.appointments, "it is free again"


async def test_nobody_is_called_at_night_but_in_the_morning(scene: Scene) -> None:
    scene.clock.move_to(START - timedelta(hours=15))  # 23:00
    await waitlist(scene).once()
    assert not called(scene) and not scene.diary.appointments
    scene.clock.move_to(START - timedelta(hours=5))
    scene.phone(ANNA, "answers", "1", "1")
    await waitlist(scene).once()
    assert called(scene) == [ANNA]


async def test_what_was_booked_meanwhile_is_offered_to_nobody(scene: Scene) -> None:
    scene.diary.book_for(number="+37255500000")
    await waitlist(scene).once()
    assert not called(scene) and not scene.diary.freed_times


async def test_what_begins_soon_is_offered_to_nobody(scene: Scene) -> None:
    scene.clock.move_to(START - timedelta(minutes=20))
    await waitlist(scene).once()
    assert not called(scene) and not scene.diary.freed_times
