"""A caller books an appointment. Whoever has one already hears of it first, and can move or cancel it."""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.domain.appointment import Appointment
from switchboard.domain.booking_visit import OwnKey, VisitOutcome
from switchboard.ports import Call
from switchboard.services.appointment_visit import (
    AppointmentRequest,
    AppointmentVisit,
    Part,
    Visited,
    deal_with_appointments,
)
from switchboard.services.cancel_appointment import cancel_if_sure
from switchboard.services.offer_slots import offer_slots, tell_booked
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

HAVE, HAVE_KEYS, NEXT, HUMAN = "book_have", "book_have_keys", "book_next", "book_human"
WHICH = "book_which"
_HUMAN_KEY = "0"


async def book_appointment(call: Call, request: AppointmentRequest, office: Office, recorder: CallRecorder) -> Visited:
    """Lead a caller to an appointment, or to what they want with the one they have."""
    return await deal_with_appointments(call, request, office, recorder, _book)


async def _book(visit: AppointmentVisit) -> Visited:
    if (told := await booked_before(visit)) is not None:
        return told
    if own := await visit.own():
        visited = await _own(visit, own)
        if visited is not None:
            return visited
    types = list(visit.request.types)
    if len(types) == 1:
        return await offer_slots(visit, types[0])
    question: list[Part] = [WHICH]
    for name, press in zip(visit.request.types.values(), visit.request.press, strict=True):
        question += [name, press]
    keys = [str(place) for place in range(1, len(types) + 1)]
    key = await visit.ask((*question, HUMAN), (*keys, _HUMAN_KEY))
    if key is None or key == _HUMAN_KEY:
        return visit.left(VisitOutcome.RECEPTION if key else VisitOutcome.NO_INPUT, "chose nothing to book")
    return await offer_slots(visit, types[int(key) - 1])


async def booked_before(visit: AppointmentVisit) -> Visited | None:
    """What an earlier controller was about to book when it ended: booked now, if it was not; None if there was none."""
    hold = visit.request.in_hand
    if hold is None:
        return None
    booked = await visit.appointments.book(hold, visit.booker, visit.by())
    return await tell_booked(visit, booked, is_moved=booked.revision > 0) if booked is not None else None


async def _own(visit: AppointmentVisit, own: Sequence[Appointment]) -> Visited | None:
    """What the caller does with what is booked; None: books another one."""
    place = heard = 0
    while True:
        appointment = own[place % len(own)]
        more = (NEXT,) if len(own) > 1 else ()
        question = (HAVE, *visit.named(appointment), HAVE_KEYS, *more, HUMAN)
        keys = [key for key in OwnKey if key is not OwnKey.NEXT or more]
        key = await visit.ask(question, keys)
        match key:
            case OwnKey.MOVE:
                return await offer_slots(visit, appointment.event_type, appointment)
            case OwnKey.CANCEL:
                return await cancel_if_sure(visit, appointment)
            case OwnKey.BOOK:
                return None
            case OwnKey.HEAR:
                await visit.confirm(HAVE, appointment)
                return visit.left(VisitOutcome.KEPT, f"heard of appointment {appointment.reference}")
            case OwnKey.NEXT if heard < 3 * len(own):
                place, heard = place + 1, heard + 1
            case None:
                return visit.left(VisitOutcome.NO_INPUT, "has an appointment")
            case _:
                return visit.left(VisitOutcome.RECEPTION, "has an appointment")
