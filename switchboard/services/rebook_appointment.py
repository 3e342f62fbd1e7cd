"""A caller moves an appointment of theirs to another time."""

from __future__ import annotations

from switchboard.ports import Call
from switchboard.services.appointment_visit import (
    AppointmentRequest,
    AppointmentVisit,
    Visited,
    deal_with_appointments,
)
from switchboard.services.book_appointment import booked_before
from switchboard.services.find_appointment import appointment_meant
from switchboard.services.offer_slots import offer_slots
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

SURE = "book_move_sure"


async def rebook_appointment(
    call: Call, request: AppointmentRequest, office: Office, recorder: CallRecorder
) -> Visited:
    """Find the caller's appointment, and offer other times for it. It stands until another one is booked."""
    return await deal_with_appointments(call, request, office, recorder, _rebook)


async def _rebook(visit: AppointmentVisit) -> Visited:
    if (told := await booked_before(visit)) is not None:
        return told
    meant = await appointment_meant(visit, SURE)
    return meant if isinstance(meant, Visited) else await offer_slots(visit, meant.event_type, meant)
