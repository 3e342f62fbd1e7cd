"""A caller cancels an appointment of theirs."""

from __future__ import annotations

from switchboard.domain.appointment import Appointment
from switchboard.domain.booking_visit import SureKey, VisitOutcome
from switchboard.ports import Call
from switchboard.services.appointment_visit import (
    AppointmentRequest,
    AppointmentVisit,
    Visited,
    deal_with_appointments,
)
from switchboard.services.find_appointment import KEPT, appointment_meant
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

SURE, CANCELLED, HUMAN = "book_cancel_sure", "book_cancelled", "book_human"


async def cancel_appointment(
    call: Call, request: AppointmentRequest, office: Office, recorder: CallRecorder
) -> Visited:
    """Find the caller's appointment, and cancel it if they are sure."""
    return await deal_with_appointments(call, request, office, recorder, _cancel)


async def cancel_if_sure(visit: AppointmentVisit, appointment: Appointment) -> Visited:
    """Ask, and cancel it."""
    visit.call.forget_keys()
    key = await visit.ask((SURE, HUMAN), (SureKey.YES, SureKey.NO, SureKey.HUMAN))
    if key == SureKey.YES:
        return await _cancelled(visit, appointment)
    if key == SureKey.NO:
        await visit.say(KEPT)
        return visit.left(VisitOutcome.KEPT, f"keeps appointment {appointment.reference}")
    return visit.left(VisitOutcome.RECEPTION if key else VisitOutcome.NO_INPUT, "is not sure to cancel")


async def _cancel(visit: AppointmentVisit) -> Visited:
    meant = await appointment_meant(visit, SURE)
    return meant if isinstance(meant, Visited) else await _cancelled(visit, meant)


async def _cancelled(visit: AppointmentVisit, appointment: Appointment) -> Visited:
    cancelled = await visit.appointments.cancel(appointment.id, visit.by())
    if cancelled is not None:
        visit.note("cancelled", cancelled)
    visit.recorder.is_served = True
    await visit.say(CANCELLED, barge_in=False)
    return visit.left(VisitOutcome.CANCELLED, f"appointment {appointment.reference}")
