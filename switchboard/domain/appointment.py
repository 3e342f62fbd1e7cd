"""Appointments: what can be booked, with whom, and what was.

Terms as in iCalendar (RFC 5545) and Cal.com: an event type is what callers book ("a visit to the showroom"), a
resource is a person or a room that it needs, a slot is a time at which it could be. A hold keeps a slot while a caller
makes up their mind and falls away by itself; a booking stands until it is cancelled or has been. Instants are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from switchboard.domain.absence import Absence
from switchboard.domain.language import Language


class AppointmentState(StrEnum):
    """How far it has come."""

    HELD = "held"  # a caller hears of it just now
    BOOKED = "booked"
    CONFIRMED = "confirmed"  # the client said, reminded of it, that they will come
    CANCELLED = "cancelled"

    @property
    def is_promised(self) -> bool:
        """Whether a client counts on it."""
        return self in (AppointmentState.BOOKED, AppointmentState.CONFIRMED)


class ReminderWay(StrEnum):
    """By which way somebody is reminded."""

    CALL = "call"
    MAIL = "mail"
    SMS = "sms"  # by a webhook that sends texts


@dataclass(frozen=True, slots=True)
class CalendarElsewhere:
    """A calendar on a CalDAV server, kept in step with ours. Its password is never in the YAML."""

    url: str
    username: str
    with_client: bool = True  # clients' names are shown there


@dataclass(frozen=True, slots=True)
class Resource:
    """Somebody or something that can be booked."""

    id: str  # a word: "chef"
    names: Mapping[Language, str]
    hours: str  # an hours table's id: when it can be booked
    person: str = ""  # a Person's id, whose absences count; empty: a room or a thing
    capacity: int = 1  # appointments at the same time
    absences: tuple[Absence, ...] = ()
    calendar: CalendarElsewhere | None = None


@dataclass(frozen=True, slots=True)
class EventType:
    """What callers can book."""

    id: str  # a word: "tasting"
    names: Mapping[Language, str]  # as it is said: "a tasting with our chef"
    duration: timedelta
    needs: tuple[tuple[str, ...], ...]  # for each resource needed: the ids of those that can be it, the preferred first
    before: timedelta = timedelta()  # buffers, in which its resources are not free either
    after: timedelta = timedelta()
    notice: timedelta = timedelta()  # between booking and beginning, at least
    interval: timedelta = timedelta(minutes=30)  # slots begin at its multiples, counted from local midnight
    per_day: int = 0  # bookings on one local day, at most; 0: as many as there is room for
    horizon: timedelta = timedelta(days=60)  # how far ahead it can be booked
    chooses: bool = False  # whether the caller may ask for another of those the first need names
    department: str = ""  # a Department's id: who is called where a caller needs a human; empty: reception
    reminders: tuple[timedelta, ...] = ()  # before the beginning, longest first


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which an event type could be, and with what. `resources` has one id for each need, in their order."""

    start: datetime
    end: datetime
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Busy:
    """A resource is taken in [start, end), buffers included. Of capacity, one."""

    resource: str
    start: datetime
    end: datetime
    event_type: str = ""  # empty: something outside, from the resource's own calendar; that takes all its capacity
    begins: datetime | None = None  # of an appointment, without its buffer: for the day it counts for
    appointment: UUID | None = None  # whose hold or booking; it has one for each resource. None: something outside


@dataclass(frozen=True, slots=True)
class Booker:
    """Whom an appointment is for."""

    number: str  # E.164; "" if withheld
    name: str = ""
    language: Language | None = None  # None: the organisation's default
    email: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ChangedBy:
    """Who changes an appointment, and why: every change tells."""

    who: str  # "caller +3725551234", "mari", "calendar of mari", "switchboard"
    why: str = ""
    call_id: UUID | None = None
    key: str = ""  # says again which request this is ("call/flow.step/1"): asked twice, it is done once


@dataclass(frozen=True, slots=True)
class Appointment:
    """One that is held or booked, or was."""

    id: UUID
    reference: str  # six digits; none other still to come has it
    event_type: str
    slot: Slot
    state: AppointmentState
    booker: Booker
    revision: int = 0  # iCalendar's SEQUENCE: one more each time it is moved or cancelled
    held_until: datetime | None = None  # of a hold
    moves: UUID | None = None  # a hold that another appointment is to be moved to: which


@dataclass(frozen=True, slots=True)
class AppointmentRules:
    """All that ivr/appointments.yaml says."""

    event_types: Mapping[str, EventType] = field(default_factory=dict)
    resources: Mapping[str, Resource] = field(default_factory=dict)
    hold: timedelta = timedelta(minutes=3)  # how long a slot is kept for a caller who decides
    decent_hours: str = ""  # an hours table's id: when people may be called (reminders, waitlist); empty: 09:00-20:00
    waitlist: bool = True
    remind_by: tuple[ReminderWay, ...] = tuple(ReminderWay)
    call_role: str = ""  # an OutboundRole's id, for our calls; "" where the organisation has no roles
