"""`rebook`: the caller moves an appointment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.booking_visit import VisitOutcome
from switchboard.flows.appointment_kinds import Bookable, EventTypes
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.schema import Field, StepType
from switchboard.flows.visiting_calendars import PATIENCE, CalendarVisit, outcomes_of
from switchboard.services.rebook_appointment import rebook_appointment

OUTCOMES = outcomes_of(
    VisitOutcome.MOVED,
    VisitOutcome.KEPT,
    VisitOutcome.WAITLISTED,
    VisitOutcome.NONE_FREE,
    VisitOutcome.NOT_FOUND,
)


@dataclass(frozen=True, slots=True)
class Rebook:
    """What can be moved, and how patiently the caller is asked."""

    bookable: Bookable
    timeout: timedelta
    attempts: int


async def run(step: Rebook, conversation: Conversation) -> Left:
    """Find the caller's appointment and offer other times."""
    outcomes = [VisitOutcome(each.name) for each in OUTCOMES]
    return await conversation.visit_calendars(
        CalendarVisit(rebook_appointment, step.bookable, step.timeout, step.attempts, outcomes)
    )


REBOOK = StepType(
    name="rebook",
    purpose="The caller moves an appointment to another time, offered as `book` does; until another one is taken it "
    "stands. Who calls from the number it was booked with is asked about it; anybody else types the appointment's "
    "number and that telephone number, and does not learn which of them was wrong.",
    step=Rebook,
    fields=(Field("rebook", EventTypes(), "what can be moved here", attribute="bookable"), *PATIENCE),
    outcomes=OUTCOMES,
    run=run,
    waits=True,
    example="""\
move:
  rebook: everything
  on: {moved: bye, kept: bye, waitlisted: bye, none_free: note, unavailable: note, no_input: menu}
""",
)
