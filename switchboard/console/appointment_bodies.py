"""Appointments as the API takes and tells them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from switchboard.console.bookable import SlotTold
from switchboard.console.problem import Fault, Problem, ProblemAnswer
from switchboard.console.times import DayOrInstant, Instant
from switchboard.domain.appointment import Appointment, AppointmentState, Booker
from switchboard.domain.language import Language
from switchboard.domain.organisation import Organisation
from switchboard.domain.phone_numbers import e164

_ADDRESS = re.compile(r"[^\s@<>\"',;:]{1,64}@[^\s@<>\"',;:]{1,250}")


def _one_line(text: str) -> str:
    if text and (not text.isprintable() or not text.strip()):
        raise ValueError("expected printable characters, in one line")
    return text


Line = Annotated[str, AfterValidator(_one_line)]


class EventTold(BaseModel):
    """Something that was done to an appointment."""

    at: datetime
    what: str = Field(description="booked, moved, cancelled, confirmed or erased.")
    who: str
    why: str
    starts: datetime = Field(description="Where it was from then on.")
    ends: datetime


class AppointmentTold(BaseModel):
    """One appointment."""

    id: UUID
    reference: str = Field(description="Six digits, which the client was told.")
    event_type: str
    starts: datetime
    ends: datetime
    resources: list[str] = Field(description="One for each that the event type needs.")
    state: AppointmentState
    number: str = Field(description="The client's, in E.164; empty: withheld, or forgotten.")
    name: str
    language: str | None = Field(description="null: the organisation's.")
    email: str
    note: str
    revision: int = Field(description="One more each time it is moved or cancelled.")
    history: list[EventTold] | None = Field(description="null in lists, and after a change.")


class AppointmentsTold(BaseModel):
    """A page of appointments, the earliest first."""

    items: list[AppointmentTold]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null: this is the last.")


class AppointmentsQuery(BaseModel):
    """Which appointments."""

    model_config = ConfigDict(extra="forbid")

    since: DayOrInstant | None = Field(None, description="Of which something is not over then; default: now.")
    until: DayOrInstant | None = Field(None, description="The last day, or before when they begin.")
    resource: str = Field("", max_length=100, pattern=r"^[!-~]*$", description="Only with this one.")
    number: str = Field("", pattern=r"^(\+[1-9][0-9]{6,14})?$", description="Only of this number, in E.164.")
    event_type: str = Field("", max_length=100, pattern=r"^[!-~]*$", description="Only of this kind.")
    reference: str = Field("", pattern=r"^([0-9]{6})?$", description="Only with this reference.")
    cancelled: bool = Field(False, description="Those that were cancelled, too.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    cursor: str = Field("", max_length=200, description="`next_cursor` of the page before; without one, the first.")


class ToChange(BaseModel):
    """Why something is done."""

    model_config = ConfigDict(extra="forbid")

    why: Line = Field(min_length=1, max_length=500, description="The reason, for the record.")


class ToMove(ToChange):
    """Where to."""

    starts: Instant = Field(description="When it is to begin.")
    resource: str = Field("", max_length=100, description="With whom; empty: as it is, or with anyone.")


class ToBook(ToMove):
    """What is booked, and for whom."""

    event_type: str = Field(min_length=1, max_length=100, description="An event type's id.")
    number: str = Field("", max_length=30, description="The client's telephone number, as it is written anywhere.")
    name: Line = Field("", max_length=300)
    language: str | None = Field(None, max_length=10, description="One of the organisation's; null: its first.")
    email: str = Field("", max_length=320)
    note: Line = Field("", max_length=1000, description="What whoever it is with should know.")


class NotFreeTold(ProblemAnswer):
    """It cannot be done at that time."""

    alternatives: list[SlotTold] = Field(description="Times that are free.")


def told(appointment: Appointment, history: Sequence[EventTold] | None = None) -> AppointmentTold:
    """As it is answered."""
    slot, booker = appointment.slot, appointment.booker
    return AppointmentTold(
        id=appointment.id,
        reference=appointment.reference,
        event_type=appointment.event_type,
        starts=slot.start,
        ends=slot.end,
        resources=list(slot.resources),
        state=appointment.state,
        number=booker.number,
        name=booker.name,
        language=str(booker.language) if booker.language else None,
        email=booker.email,
        note=booker.note,
        revision=appointment.revision,
        history=list(history) if history is not None else None,
    )


def client_of(body: ToBook, organisation: Organisation) -> Booker:
    """Whom it is for. Raises Problem."""
    number = e164(body.number, organisation.country) if body.number.strip() else ""
    if body.number.strip() and not number:
        raise refused("/number", "is no telephone number")
    name = " ".join(body.name.split())
    if not number and not name:
        raise refused("/name", "expected a name or a number: whom is it for?")
    if body.email and not _ADDRESS.fullmatch(body.email):
        raise refused("/email", "is no address of mail")
    if body.language and Language(body.language) not in organisation.languages:
        raise refused("/language", f"expected one of {', '.join(organisation.languages)}")
    language = Language(body.language) if body.language else None
    return Booker(number, name, language, body.email, " ".join(body.note.split()))


def refused(pointer: str, detail: str) -> Problem:
    """A value that is wrong; with no pointer, the request."""
    errors = [Fault(pointer=pointer, detail=detail)] if pointer else []
    told_ = f"{pointer[1:]}: {detail}" if pointer else detail
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, told_, errors=errors)
