"""A booking that a killed controller had begun is made once, and nothing is promised that is not kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from switchboard.domain.appointment import Appointment, AppointmentState, Booker, ChangedBy, Slot
from switchboard.domain.booking_visit import VisitOutcome
from switchboard.domain.language import ENGLISH
from switchboard.errors import RecordsUnreachable
from switchboard.flows.expressions.types import Value
from switchboard.flows.load import load_configuration
from switchboard.flows.visiting_calendars import NOTED_AS, counted_visit, note_hold
from switchboard.services.appointment_visit import AppointmentRequest, Visited
from switchboard.services.book_appointment import book_appointment
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder
from switchboard.testing.in_memory_appointments import InMemoryAppointments
from switchboard.testing.scripted_call import ScriptedCall
from tests.flows.playing import EXAMPLE, PROMPTS, Script, scripted

CALLER = "+37255501234"
HOLD = UUID(int=7)


class Away(InMemoryAppointments):
    """Postgres goes away as a booking is made."""

    async def book(self, hold: UUID, booker: Booker, by: ChangedBy) -> Appointment | None:
        raise RecordsUnreachable("no answer within 2 s")


async def visit(call: ScriptedCall, office: Office, recorder: CallRecorder, in_hand: UUID | None) -> Visited:
    patience = timedelta(seconds=5)
    request = AppointmentRequest({"tasting": {}}, {}, {}, (), "flow.step", patience, 2, in_hand=in_hand)
    return await book_appointment(call, request, office, recorder)


async def test_what_was_about_to_be_booked_is_booked_once() -> None:
    configuration = load_configuration(EXAMPLE, PROMPTS)
    call, office, ledger = scripted(configuration, Script(does=["press #", "press #"]))
    calendars = office.appointments
    assert isinstance(calendars, InMemoryAppointments)
    start = datetime.fromisoformat("2026-03-05T09:00:00+00:00")
    slot = Slot(start, start + timedelta(minutes=45), ("chef", "tasting_room"))
    until, by = office.clock.now() + timedelta(minutes=3), ChangedBy("caller", key="a call")
    hold = await calendars.hold("tasting", slot, Booker(CALLER), until, by)
    assert hold is not None
    recorder = CallRecorder(call.id, ledger, office.clock, ENGLISH)
    await call.answer()
    first = await visit(call, office, recorder, hold.id)
    again = await visit(call, office, recorder, hold.id)
    assert first.outcome is again.outcome is VisitOutcome.BOOKED
    assert [each.state for each in calendars.kept.values()] == [AppointmentState.BOOKED]
    said = [each.text for each in call.heard]
    assert said.count(office.prompts["book_booked"][ENGLISH][0].text) == 2


async def test_nothing_is_called_booked_that_postgres_did_not_confirm() -> None:
    configuration = load_configuration(EXAMPLE, PROMPTS)
    call, office, ledger = scripted(configuration, Script(does=["press 1"]))
    away = Away(configuration.organisation.appointments, office.clock)
    office = replace(office, appointments=away)
    await call.answer()
    recorder = CallRecorder(call.id, ledger, office.clock, ENGLISH)
    visited = await visit(call, office, recorder, None)
    assert visited.outcome is VisitOutcome.UNAVAILABLE
    said = [each.text for each in call.heard]
    assert office.prompts["book_booked"][ENGLISH][0].text not in said
    assert said[-1] == office.prompts["book_unavailable"][ENGLISH][0].text
    assert not recorder.is_served


@pytest.mark.parametrize(
    ("before", "number", "in_hand"),
    [
        ({}, 1, None),
        ({NOTED_AS: "1"}, 2, None),  # was here before in this call
        ({NOTED_AS: "1 open"}, 1, None),  # an earlier controller had offered something
        ({NOTED_AS: f"2 {HOLD}"}, 2, HOLD),  # it was about to book this
    ],
)
def test_visits_of_a_call_are_numbered_and_gone_on_with(
    before: dict[str, Value | None], number: int, in_hand: UUID | None
) -> None:
    remembered: list[Value | None] = []
    with counted_visit(before, lambda: remembered.append(before[NOTED_AS])) as begun:
        assert (begun.number, begun.in_hand) == (number, in_hand)
        note_hold(before, begun, HOLD)
        assert before[NOTED_AS] == f"{number} {HOLD}"
    assert remembered == [f"{number} {in_hand or 'open'}"]
    assert before[NOTED_AS] == str(number)
