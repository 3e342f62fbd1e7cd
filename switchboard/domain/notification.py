"""What is sent because of a message: to whom, under which name, how often it is tried, when it is given up."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from switchboard.domain.appointment import Appointment, AppointmentState
from switchboard.domain.language import Language
from switchboard.domain.organisation import Department, Organisation, Person
from switchboard.domain.webhook import Matter

RETRY_FIRST = timedelta(seconds=30)
RETRY_LONGEST = timedelta(hours=4)
GIVEN_UP_AFTER = timedelta(days=5)  # RFC 5321, 4.5.4.1: a sender tries for four to five days at least
LONGEST_ADDRESS = 254  # characters: RFC 5321, 4.5.3.1.3

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL})*")


class Way(StrEnum):
    """By which way something is sent: `kind` of the table outbox."""

    EMAIL = "email"
    WEBHOOK = "webhook"


class Occasion(StrEnum):
    """Why something is sent."""

    SAVED = "saved"  # a message was left
    ESCALATED = "escalated"  # nobody took it in time
    MAILBOX_LOCKED = "mailbox_locked"  # wrong PINs: no message belongs to it
    MAILBOXES_GUESSED_AT = "mailboxes_guessed_at"  # several, this one among them

    APPOINTMENT_BOOKED = "appointment_booked"  # these belong to an appointment
    APPOINTMENT_MOVED = "appointment_moved"
    APPOINTMENT_CANCELLED = "appointment_cancelled"
    APPOINTMENT_REMINDER = "appointment_reminder"
    APPOINTMENT_PUT_BACK = "appointment_put_back"  # a change in its person's calendar was not followed


class Outcome(StrEnum):
    """How it came out. The first four are for good."""

    SENT = "sent"  # the other side took it
    REFUSED = "refused"  # it never will
    GIVEN_UP = "given_up"  # tried for as long as we try
    NOBODY = "nobody"  # nobody is to be told this way
    LATER = "later"  # not now


IN_VAIN = (Outcome.REFUSED, Outcome.GIVEN_UP)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one attempt."""

    outcome: Outcome
    told: str = ""  # by the other side, or why it was not reached; one line


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to send: a row of the outbox. Without `to` it is still to be said who gets it."""

    id: int
    way: Way
    key: str  # the same at each attempt
    occasion: str
    message_id: UUID | None
    attempts: int  # this one counted
    created_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def appointment_id(self) -> UUID | None:
        """The appointment it is about."""
        told = self.payload.get("appointment")
        return UUID(str(told)) if told else None

    @property
    def matter(self) -> Matter:
        """What systems must want to hear of to be told."""
        if self.occasion == Occasion.APPOINTMENT_REMINDER:
            return Matter.SMS
        return Matter.APPOINTMENTS if self.appointment_id else Matter.MESSAGES

    @property
    def to(self) -> str:
        """The address, or the webhook's id."""
        return str(self.payload.get("receiver") or "")

    def addressed(self, to: str) -> tuple[str, str]:
        """(key, `to`) of the same for one receiver."""
        return f"{self.key}:{to}"[:160] + f":{_short(to)}", to


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets a mail."""

    address: str
    language: Language
    name: str = ""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One recording of a message."""

    part: str  # a domain.message.Part
    content: bytes
    media_type: str
    seconds: float


@dataclass(frozen=True, slots=True)
class LeftMessage:
    """A message as it is told to those who were not there. Texts of callers are nothing but text."""

    id: UUID
    kind: str
    at: datetime
    seconds: float
    caller_number: str = ""
    caller_name: str = ""
    client_name: str = ""
    client_code: str = ""
    person: str = ""  # ids
    department: str = ""
    owner: str = ""
    language: str = ""
    urgent: bool = False
    call_back: str = ""
    deadline: datetime | None = None
    transcript: str = ""
    transcript_confidence: float | None = None
    transcript_by: str = ""
    sound: tuple[Spoken, ...] = ()


About: TypeAlias = LeftMessage | Appointment | None  # what a notice is about


def is_mail_address(text: str) -> bool:
    """An address as mail servers take it: no display name, no quotes, no control characters."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def is_outdated(notice: Notice, appointment: Appointment) -> bool:
    """Has it changed since, so that another notice tells how it is, or nothing is to be told any more?"""
    if notice.occasion == Occasion.APPOINTMENT_CANCELLED:
        return appointment.state is not AppointmentState.CANCELLED
    return not appointment.state.is_promised or appointment.revision != notice.payload.get("revision")


def appointment_receivers(notice: Notice, appointment: Appointment, organisation: Organisation) -> tuple[Receiver, ...]:
    """Who gets a mail about an appointment: who booked it, and the people here who have it and no calendar elsewhere
    in which they see it. A reminder is for the first alone; that a change was not followed, for the person whose
    calendar it is."""
    booker, default = appointment.booker, organisation.default_language
    resources = organisation.appointments.resources
    here = [resources[each] for each in appointment.slot.resources if each in resources]
    if notice.occasion == Occasion.APPOINTMENT_PUT_BACK:
        here = [each for each in here if each.id == notice.payload.get("resource")]
    elif notice.occasion == Occasion.APPOINTMENT_REMINDER:
        here = []
    else:
        here = [each for each in here if each.calendar is None]
    people = [found for each in here for found in _of_person(organisation.people.get(each.person), organisation)]
    if notice.occasion == Occasion.APPOINTMENT_PUT_BACK or not is_mail_address(booker.email):
        return tuple(people)
    return (Receiver(booker.email, booker.language or default, booker.name), *people)


def receivers(notice: Notice, message: LeftMessage | None, organisation: Organisation) -> tuple[Receiver, ...]:
    """Who gets a mail: the person meant, else the department's box, else its head; of an escalation the head always.

    A message for nobody in particular (the safety net's) is for those who have the reception's phone.
    """
    if message is None:
        person = organisation.people.get(str(notice.payload.get("person") or ""))
        return _of_person(person, organisation)
    if message.person in organisation.people:
        person = organisation.people[message.person]
        if notice.occasion != Occasion.ESCALATED:
            return _of_person(person, organisation) or _of_department(person.department, organisation)
        return _of_head(organisation.departments.get(person.department), organisation)
    departments = [message.department] if message.department else _reception(organisation)
    for department in departments:
        if notice.occasion == Occasion.ESCALATED:
            found = _of_head(organisation.departments.get(department), organisation)
        else:
            found = _of_department(department, organisation)
        if found:
            return found
    return ()


def when_again(notice: Notice, now: datetime, spread: float = 1.0) -> datetime | None:
    """When to try again; None if it is given up. `spread` (0.5 to 1.5) keeps attempts of many apart."""
    if now - notice.created_at >= GIVEN_UP_AFTER:
        return None
    doubled: timedelta = RETRY_FIRST * (1 << min(max(notice.attempts - 1, 0), 12))
    return now + min(doubled, RETRY_LONGEST) * spread


def mail_id(key: str, domain: str) -> str:
    """The Message-ID of a mail: the same at each attempt, so that who gets it twice can tell."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _reception(organisation: Organisation) -> list[str]:
    return list(organisation.departments_of_phone(organisation.reception))


def _of_person(person: Person | None, organisation: Organisation) -> tuple[Receiver, ...]:
    if person is None or not person.email:
        return ()
    return (Receiver(person.email, person.language or organisation.default_language, person.name),)


def _of_department(department: str, organisation: Organisation) -> tuple[Receiver, ...]:
    found = organisation.departments.get(department)
    if found is None or not found.email:
        return _of_head(found, organisation)
    language = organisation.default_language
    return (Receiver(found.email, language, found.names.get(language, "")),)


def _of_head(department: Department | None, organisation: Organisation) -> tuple[Receiver, ...]:
    return _of_person(organisation.people.get(department.head), organisation) if department else ()
