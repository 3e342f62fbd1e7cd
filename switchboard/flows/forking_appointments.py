"""Appointments for exploring: all that can become of a caller who books, moves or cancels, without any calendar."""

from __future__ import annotations

from switchboard.domain.booking_visit import VisitOutcome
from switchboard.flows.forking_call import Asked, ForkingCall, Said
from switchboard.flows.visiting_calendars import CalendarVisit
from switchboard.ports import Utterance
from switchboard.services.appointment_visit import Visited

KEYS_TOLD = ("book_take", "book_cancel_sure", "book_human")  # prompts that name them

# The last key that is pressed, on the shortest way to each; None: none is. Others need no key.
_BY_KEY: dict[VisitOutcome, str | None] = {
    VisitOutcome.BOOKED: "1",
    VisitOutcome.MOVED: "1",
    VisitOutcome.CANCELLED: "1",
    VisitOutcome.KEPT: "2",
    VisitOutcome.WAITLISTED: "1",
    VisitOutcome.NOT_FOUND: "#",
    VisitOutcome.NO_INPUT: None,
    VisitOutcome.RECEPTION: "0",
}


def forked_visit(call: ForkingCall, visit: CalendarVisit, said: tuple[Utterance, ...]) -> Visited:
    """Each outcome there is, in a run of its own; `said` is what is heard before the key."""
    outcome = call.answered_with(tuple(visit.outcomes))
    call.happenings.append(Said(said, barge_in=True))
    if outcome in _BY_KEY:
        call.happenings.append(Asked(visit.timeout, _BY_KEY[outcome]))
    return Visited(outcome, "")
