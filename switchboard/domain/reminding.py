"""Reminders of appointments: which are to be given, by which way, when, and how often a call is tried.

    state      what happens                                next state
    ---------  ------------------------------------------  ----------------------------------------------------
    (none)     the appointment is booked or moved          waiting
    waiting    its time has come: mail, a short text       done       (to be sent by the outbox from then on)
               its time has come: a call                   dialling   (one attempt more)
               the appointment changed, or its last time   dropped
    dialling   somebody, or a machine, picked up           answered
               nobody did, or we broke off                 waiting after a pause; given_up after the last attempt
    answered   the call is over, or we broke off           done

Each state is noted before what follows is done, so that nobody is told the same twice after a restart.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from switchboard.domain.appointment import Appointment, AppointmentState, EventType, ReminderWay
from switchboard.domain.decent_hours import DecentHours

ATTEMPTS = 3  # of a call
PAUSE = timedelta(minutes=20)  # between them
LATEST = timedelta(minutes=20)  # before the beginning: who is on the way is not called
INTERRUPTED = "interrupted"


class ReminderState(StrEnum):
    """How far it has come."""

    WAITING = "waiting"
    DIALLING = "dialling"
    ANSWERED = "answered"
    DONE = "done"
    GIVEN_UP = "given_up"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Reminder:
    """One, of one appointment at one time. Times are UTC."""

    appointment: UUID
    start: datetime  # of the appointment: moved, it is another reminder
    before: timedelta
    way: ReminderWay
    at: datetime  # the next attempt, at the earliest
    latest: datetime  # no attempt begins later
    state: ReminderState = ReminderState.WAITING
    attempts: int = 0
    last: str = ""  # how the last attempt came out

    @property
    def key(self) -> str:
        """What it is called, once and for all."""
        minutes = int(self.before / timedelta(minutes=1))
        return f"reminder:{self.appointment}:{self.start:%Y%m%dT%H%M%S}:{minutes}:{self.way}"


def reminders_of(
    appointment: Appointment, event_type: EventType, since: datetime, ways: Collection[ReminderWay], decent: DecentHours
) -> list[Reminder]:
    """All that an appointment gets. `since`: when it was booked, or moved to where it is; what would have been due by
    then is left out, as is a call at which nobody has a decent hour any more."""
    if not appointment.state.is_promised:
        return []
    start, booker, found = appointment.slot.start, appointment.booker, []
    for before in event_type.reminders:
        due, latest = start - before, start - min(LATEST, before)
        if due <= since:
            continue
        for way in ways:
            at: datetime | None = due
            if way is ReminderWay.MAIL:
                at = due if booker.email else None
            elif not booker.number or (way is ReminderWay.CALL and appointment.state is AppointmentState.CONFIRMED):
                at = None
            else:  # a text wakes people, too
                at = decent.nearest(due, latest, booker.number)
            if at is not None and at > since:
                found.append(Reminder(appointment.id, start, before, way, at, latest))
    return found


def begin_attempt(reminder: Reminder) -> Reminder:
    """The number is dialled from here on."""
    return replace(reminder, state=ReminderState.DIALLING, attempts=reminder.attempts + 1)


def attempt_failed(reminder: Reminder, why: str, decent: DecentHours, number: str, now: datetime) -> Reminder:
    """Nobody picked up: later again, if there is another attempt and a decent time for it."""
    again = now + PAUSE
    while again <= reminder.latest and not decent.are_at(again, number):
        again += PAUSE
    if reminder.attempts >= ATTEMPTS or again > reminder.latest:
        return replace(reminder, state=ReminderState.GIVEN_UP, last=why)
    return replace(reminder, state=ReminderState.WAITING, last=why, at=again)


def close(reminder: Reminder, state: ReminderState, why: str) -> Reminder:
    """It is over."""
    return replace(reminder, state=state, last=why)
