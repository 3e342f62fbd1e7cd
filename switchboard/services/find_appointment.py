"""Whose appointment it is: found by the number a caller calls from, else by its own number and the telephone number.

Nobody learns of anybody else's: whoever calls from another number types both, and hears the same whatever was wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.domain.appointment import Appointment
from switchboard.domain.booking_visit import REFERENCE_DIGITS, SureKey, VisitOutcome
from switchboard.services.appointment_visit import AppointmentVisit, Part, Visited

HAVE, NEXT, HUMAN = "book_have", "book_next", "book_human"
TYPE_REFERENCE, TYPE_NUMBER, NOT_FOUND, KEPT = (
    "book_type_reference",
    "book_type_number",
    "book_not_found",
    "book_kept",
)
_ROUNDS = 3  # in which somebody hears all of theirs


async def appointment_meant(visit: AppointmentVisit, sure: str) -> Appointment | Visited:
    """The appointment that the caller means to change, and is sure of; else how it ended. `sure`: the question."""
    own: Sequence[Appointment] | Visited = [
        each for each in await visit.own() if each.event_type in visit.request.types
    ]
    own = own or await _by_reference(visit)
    if isinstance(own, Visited):
        return own
    more = (NEXT,) if len(own) > 1 else ()
    for place in range(_ROUNDS * len(own)):
        appointment = own[place % len(own)]
        visit.call.forget_keys()  # nobody changes what they have not heard of
        question: tuple[Part, ...] = (HAVE, *visit.named(appointment), sure, *more, HUMAN)
        key = await visit.ask(question, [key for key in SureKey if key is not SureKey.NEXT or more])
        match key:
            case SureKey.YES:
                return appointment
            case SureKey.NO:
                await visit.say(KEPT)
                return visit.left(VisitOutcome.KEPT, f"keeps appointment {appointment.reference}")
            case SureKey.HUMAN:
                return visit.left(VisitOutcome.RECEPTION, "pressed 0")
            case None:
                return visit.left(VisitOutcome.NO_INPUT, "has an appointment")
    return visit.left(VisitOutcome.RECEPTION, "heard of all, meant none")


async def _by_reference(visit: AppointmentVisit) -> Sequence[Appointment] | Visited:
    before: tuple[Part, ...] = ()
    typed = ""
    for _ in range(visit.request.attempts):
        typed = await visit.digits(*before, TYPE_REFERENCE)
        if typed == SureKey.HUMAN:
            return visit.left(VisitOutcome.RECEPTION, "pressed 0")
        before = ("no_input",)
        if not typed:
            continue
        number = visit.number(await visit.digits(TYPE_NUMBER))
        if len(typed) == REFERENCE_DIGITS and number:
            found = await visit.appointments.by_reference(typed, visit.recorder.now())
            if found is not None and found.booker.number == number and found.event_type in visit.request.types:
                return (found,)
        before = (NOT_FOUND,)
    if typed:
        await visit.say(NOT_FOUND)
        return visit.left(VisitOutcome.NOT_FOUND, "no appointment that fits")
    return visit.left(VisitOutcome.NO_INPUT, "typed nothing")
