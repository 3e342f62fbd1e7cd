"""`cancel_booking`: the caller cancels an appointment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.booking_visit import VisitOutcome
from switchboard.flows.appointment_kinds import Bookable, EventTypes
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.schema import Field, StepType
from switchboard.flows.visiting_calendars import PATIENCE, CalendarVisit, outcomes_of
from switchboard.services.cancel_appointment import cancel_appointment

OUTCOMES = outcomes_of(VisitOutcome.CANCELLED, VisitOutcome.KEPT, VisitOutcome.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class CancelBooking:
    """What can be cancelled, and how patiently the caller is asked."""

    bookable: Bookable
    timeout: timedelta
    attempts: int


async def run(step: CancelBooking, conversation: Conversation) -> Left:
    """Find the caller's appointment and cancel it if they are sure."""
    outcomes = [VisitOutcome(each.name) for each in OUTCOMES]
    return await conversation.visit_calendars(
        CalendarVisit(cancel_appointment, step.bookable, step.timeout, step.attempts, outcomes)
    )


CANCEL_BOOKING = StepType(
    name="cancel_booking",
    purpose="The caller cancels an appointment, found as `rebook` finds it, after being asked whether they are sure.",
    step=CancelBooking,
    fields=(Field("cancel_booking", EventTypes(), "what can be cancelled here", attribute="bookable"), *PATIENCE),
    outcomes=OUTCOMES,
    run=run,
    waits=True,
    example="""\
cancel:
  cancel_booking: everything
  on: {cancelled: bye, kept: bye, unavailable: note, no_input: menu}
""",
)
