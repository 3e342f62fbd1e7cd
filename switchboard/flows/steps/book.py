"""`book`: the caller books an appointment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.booking_visit import VisitOutcome
from switchboard.flows.appointment_kinds import Bookable, EventTypes
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.schema import Field, StepType
from switchboard.flows.visiting_calendars import PATIENCE, CalendarVisit, outcomes_of
from switchboard.services.book_appointment import book_appointment

OUTCOMES = outcomes_of(
    VisitOutcome.BOOKED,
    VisitOutcome.MOVED,
    VisitOutcome.CANCELLED,
    VisitOutcome.KEPT,
    VisitOutcome.WAITLISTED,
    VisitOutcome.NONE_FREE,
)


@dataclass(frozen=True, slots=True)
class Book:
    """What can be booked, and how patiently the caller is asked."""

    bookable: Bookable
    timeout: timedelta
    attempts: int


async def run(step: Book, conversation: Conversation) -> Left:
    """Offer free times until one is taken."""
    outcomes = [VisitOutcome(each.name) for each in OUTCOMES]
    return await conversation.visit_calendars(
        CalendarVisit(book_appointment, step.bookable, step.timeout, step.attempts, outcomes)
    )


BOOK = StepType(
    name="book",
    purpose="The caller books an appointment: which kind, where there are several, then free times one after the "
    "other, each held while it is offered. 1 takes it, 2 is a later time, 3 an earlier one, 4 another day, 5 somebody "
    "else where the event type `chooses`, 6 the waitlist, 9 a day by its digits (`2412#`), 0 reception; `*` repeats. "
    "At most five of them are told at once. What is booked is told with its number, digit by digit, once it is. Who "
    "calls from a number with an appointment hears of it first: 1 tells its number, 2 moves it, 3 cancels it, 4 books "
    "another one, 6 is the next of several. Whoever hangs up meanwhile blocks nothing.",
    step=Book,
    fields=(Field("book", EventTypes(), "what can be booked here", attribute="bookable"), *PATIENCE),
    outcomes=OUTCOMES,
    run=run,
    waits=True,
    example="""\
appointment:
  book: everything
  on:
    booked: bye
    moved: bye
    cancelled: bye
    kept: bye
    waitlisted: bye
    none_free: note
    unavailable: note
    no_input: menu
""",
)
