"""What the steps `book`, `rebook` and `cancel_booking` have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from switchboard.domain.booking_visit import VisitOutcome
from switchboard.flows.appointment_kinds import Bookable
from switchboard.flows.expressions.types import Value
from switchboard.flows.kinds import Count, Duration
from switchboard.flows.schema import RECEPTION_STEP, Field, Outcome
from switchboard.ports import Call
from switchboard.services.appointment_visit import AppointmentRequest, Visited
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

NOTED_AS = "_appointment"  # among a call's variables; none that is declared is called so
_OPEN = "open"

Deal = Callable[[Call, AppointmentRequest, Office, CallRecorder], Awaitable[Visited]]


@dataclass(frozen=True, slots=True)
class CalendarVisit:
    """What a caller may do, and how patiently they are asked."""

    deal: Deal
    bookable: Bookable
    timeout: timedelta
    attempts: int
    outcomes: Collection[VisitOutcome]  # that it can have


PATIENCE = (
    Field("timeout", Duration(timedelta(seconds=30)), "how long a key is waited for", timedelta(seconds=7)),
    Field("attempts", Count(1, 10), "how often each question is asked", 3),
)

_MEANINGS = {
    VisitOutcome.BOOKED: Outcome(VisitOutcome.BOOKED, "an appointment is booked, and its number was told"),
    VisitOutcome.MOVED: Outcome(VisitOutcome.MOVED, "an appointment was moved, and the caller told so"),
    VisitOutcome.CANCELLED: Outcome(VisitOutcome.CANCELLED, "an appointment was cancelled, and the caller told so"),
    VisitOutcome.KEPT: Outcome(VisitOutcome.KEPT, "the caller heard of an appointment of theirs, and left it as it is"),
    VisitOutcome.WAITLISTED: Outcome(
        VisitOutcome.WAITLISTED, "nothing suited: the caller is called as soon as a time becomes free"
    ),
    VisitOutcome.NONE_FREE: Outcome(VisitOutcome.NONE_FREE, "nothing is free, or nothing suited; the caller knows"),
    VisitOutcome.NOT_FOUND: Outcome(
        VisitOutcome.NOT_FOUND, "no appointment fits what was typed, and the caller was told so", default=RECEPTION_STEP
    ),
    VisitOutcome.UNAVAILABLE: Outcome(
        VisitOutcome.UNAVAILABLE, "the calendars cannot be had now, and the caller was told so: nothing is promised"
    ),
    VisitOutcome.NO_INPUT: Outcome(VisitOutcome.NO_INPUT, "the caller chose nothing"),
    VisitOutcome.RECEPTION: Outcome(VisitOutcome.RECEPTION, "0 was pressed", default=RECEPTION_STEP),
}


def outcomes_of(*outcomes: VisitOutcome) -> tuple[Outcome, ...]:
    """With their meanings; the last three are everybody's."""
    last = (VisitOutcome.UNAVAILABLE, VisitOutcome.NO_INPUT, VisitOutcome.RECEPTION)
    return tuple(_MEANINGS[each] for each in (*outcomes, *last))


@dataclass(frozen=True, slots=True)
class Begun:
    """A visit that has begun."""

    number: int  # of this call
    in_hand: UUID | None  # see AppointmentRequest


@contextmanager
def counted_visit(variables: MutableMapping[str, Value | None], remember: Callable[[], None]) -> Iterator[Begun]:
    """Number a call's visits; one that an earlier controller began is gone on with.

    Noted is the number, with `open` while the caller is at it, or the hold that is about to become a booking.
    """
    number, _, rest = str(next((variables[name] for name in variables if name == NOTED_AS), 0)).partition(" ")
    begun = Begun(int(number) + (not rest), UUID(rest) if rest not in ("", _OPEN) else None)
    variables[NOTED_AS] = f"{begun.number} {rest or _OPEN}"
    remember()
    try:
        yield begun
    finally:
        variables[NOTED_AS] = str(begun.number)


def note_hold(variables: MutableMapping[str, Value | None], visit: Begun, hold: UUID) -> None:
    """A booking is about to be made of this hold."""
    variables[NOTED_AS] = f"{visit.number} {hold}"
