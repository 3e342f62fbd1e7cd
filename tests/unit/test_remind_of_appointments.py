"""Clients are reminded of their appointments, each time once, and say by keys whether they come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from switchboard.domain.appointment import AppointmentState, Booker, ChangedBy, ReminderWay, Resource, Slot
from switchboard.domain.call_record import EventKind
from switchboard.domain.hours import HoursTable
from switchboard.domain.language import ENGLISH
from switchboard.domain.reminding import INTERRUPTED, PAUSE, Reminder, ReminderState
from switchboard.domain.webhook import Matter, Webhook
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Utterance
from switchboard.services.offer_slots import MOVED, OFFER
from switchboard.services.remind_of_appointments import Reminding
from switchboard.testing.in_memory_appointments import InMemoryAppointments
from tests.unit.appointment_calls import ANNA, DAY, HOUR, START, Scene

MINUTE = timedelta(minutes=1)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def reminding(scene: Scene) -> Reminding:
    return Reminding(lambda: scene.office, scene.lines, scene.diary, scene.diary)


async def looked(scene: Scene, of: Reminding | None = None) -> Reminding:
    """One look for what is due, and the calls that follow."""
    task = of or reminding(scene)
    await task.once()
    await task.calls_over()
    return task


def the_call(scene: Scene) -> Reminder:
    (found,) = [each for each in scene.diary.reminders.values() if each.way is ReminderWay.CALL]
    return found


@pytest.mark.parametrize(
    ("keys", "state", "last"),
    [
        (("1", "1"), AppointmentState.CONFIRMED, "confirmed"),
        (("1", "3", "3"), AppointmentState.CANCELLED, "cancelled"),
        (("1", "3"), AppointmentState.BOOKED, "heard"),
        (("1",), AppointmentState.BOOKED, "heard"),
        (("1", "2"), AppointmentState.BOOKED, "reception not reached"),
        ((), AppointmentState.BOOKED, "answered without a key"),
    ],
)
async def test_who_picks_up_says_by_keys(
    scene: Scene, keys: tuple[str, ...], state: AppointmentState, last: str
) -> None:
    appointment = scene.diary.book_for()
    scene.phone(ANNA, "answers after 2s", *keys)
    task = await looked(scene)
    assert scene.diary.state_of(appointment) is state
    assert (the_call(scene).state, the_call(scene).last) == (ReminderState.DONE, last)
    await looked(scene, task)
    assert len(scene.lines.calls) == 1, "once"


async def test_nothing_of_the_matter_is_said_before_a_key(scene: Scene) -> None:
    scene.diary.book_for()
    scene.phone(ANNA, "answers")
    await looked(scene)
    assert scene.heard() == ["reminder_asks", "reminder_asks", "reminder_machine"]
    wanted = scene.lines.calls[0].wanted
    assert (wanted.agent.outside, wanted.shown_number, wanted.shown_name) == (ANNA, "+3726001000", "")


async def test_the_time_is_said_and_every_change_tells_who(scene: Scene) -> None:
    scene.diary.book_for()
    scene.phone(ANNA, "answers", "1", "1")
    await looked(scene)
    heard = scene.heard()
    assert heard[1] == "reminder_appointment" and "when_tomorrow_tuesday" in heard
    ((what, by),) = scene.diary.changes
    assert (what, by.who, by.call_id) == ("confirm", f"caller {ANNA}", scene.lines.calls[0].id)
    offered = scene.ledger.events[0]
    assert offered.kind is EventKind.OFFERED and offered.data["caller_number"] == ANNA
    assert scene.ledger.events[-1].kind is EventKind.ENDED


async def test_busy_is_tried_again_after_a_pause_and_then_given_up(scene: Scene) -> None:
    scene.diary.book_for()
    scene.phone(ANNA, "busy")
    task = await looked(scene)
    await looked(scene, task)
    assert len(scene.lines.calls) == 1, "not before the pause is over"
    for _ in range(4):
        scene.clock.pass_time(PAUSE)
        await looked(scene, task)
    assert len(scene.lines.calls) == 3
    assert (the_call(scene).state, the_call(scene).last) == (ReminderState.GIVEN_UP, "busy")


async def test_nobody_is_called_at_night(scene: Scene) -> None:
    scene.diary.book_for()
    scene.phone(ANNA, "answers")
    scene.clock.move_to(START - timedelta(hours=18))  # 20:00
    await looked(scene)
    assert not scene.lines.calls
    scene.clock.move_to(START - timedelta(hours=5))  # 09:00
    await looked(scene)
    assert len(scene.lines.calls) == 1


@pytest.mark.parametrize(
    ("state", "called", "then"),
    [(ReminderState.DIALLING, 1, ReminderState.DONE), (ReminderState.ANSWERED, 0, ReminderState.DONE)],
)
async def test_after_a_restart_only_who_had_not_picked_up_is_called(
    scene: Scene, state: ReminderState, called: int, then: ReminderState
) -> None:
    appointment = scene.diary.book_for()
    begun = Reminder(appointment.id, START, DAY, ReminderWay.CALL, START - DAY, START - 20 * MINUTE, state, 1)
    scene.diary.reminders[begun.key] = begun
    scene.phone(ANNA, "answers", "1", "1")
    task = reminding(scene)
    await task.settle_begun()
    assert the_call(scene).last == INTERRUPTED
    scene.clock.pass_time(PAUSE)
    await looked(scene, task)
    assert len(scene.lines.calls) == called
    assert the_call(scene).state is then


async def test_mail_and_text_go_out_where_there_is_a_way(scene: Scene) -> None:
    scene.diary.book_for(email="anna@example.net")
    scene.phone(ANNA, "no answer")
    organisation = scene.office.organisation
    webhooks = {"sms": Webhook("sms", "https://sms.example.net", (Matter.SMS,))}
    scene.office = replace(scene.office, organisation=replace(organisation, webhooks=webhooks))
    task = await looked(scene)
    await looked(scene, task)
    assert {each.way for each in scene.diary.sent} == {ReminderWay.MAIL, ReminderWay.SMS}
    assert len(scene.diary.sent) == 2


async def test_where_no_trunk_reaches_nobody_is_called(scene: Scene) -> None:
    scene.diary.book_for(number="+12125550123")
    await looked(scene)
    assert not scene.diary.reminders


async def test_with_postgres_away_nothing_is_confirmed(scene: Scene) -> None:
    scene.diary.book_for()
    scene.phone(ANNA, "answers", "1", "1")
    scene.diary.is_away = True
    with pytest.raises(RecordsUnreachable):
        await looked(scene)
    assert not scene.lines.calls


async def test_who_wants_another_time_is_offered_it_in_the_same_call(scene: Scene) -> None:
    rules = scene.office.organisation.appointments
    rules = replace(rules, resources={"chef": Resource("chef", {ENGLISH: "our chef"}, "always")})
    organisation = replace(scene.office.organisation, appointments=rules)
    calendars = InMemoryAppointments(rules, scene.clock, ZoneInfo(organisation.timezone))
    offered = {each: {ENGLISH: (Utterance(each, ENGLISH),)} for each in (OFFER, MOVED)}
    scene.office = replace(
        scene.office,
        organisation=organisation,
        hours={"always": HoursTable("always", "24/7", organisation.timezone, "EE")},
        appointments=calendars,
        prompts={**scene.office.prompts, **offered},
    )
    by, slot = ChangedBy("a test"), Slot(START, START + HOUR, ("chef",))
    held = await calendars.hold("tasting", slot, Booker(ANNA), START, by)
    assert held is not None
    made = await calendars.book(held.id, held.booker, by)
    assert made is not None
    scene.diary.appointments[made.id] = made
    scene.phone(ANNA, "answers", "1", "2", "1")
    await looked(scene)
    assert the_call(scene).last == "moved"
    (moved,) = await calendars.of(ANNA, scene.clock.now())
    assert moved.id == made.id and moved.slot.start != START
