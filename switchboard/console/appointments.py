"""Appointments: which there are, and every change of one, told with who and why."""

from __future__ import annotations

import asyncio
from datetime import datetime
from http import HTTPStatus
from uuid import UUID
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

from aiohttp import web

from switchboard.console.appointment_bodies import (
    AppointmentsQuery,
    AppointmentsTold,
    AppointmentTold,
    EventTold,
    NotFreeTold,
    ToBook,
    ToChange,
    ToMove,
    client_of,
    refused,
    told,
)
from switchboard.console.bookable import desk_of, instant_of, slot_told
from switchboard.console.paging import cursor_of, place_in
from switchboard.console.problem import Problem
from switchboard.console.routes import API, Asked, Route, answered, json_answer
from switchboard.console.times import FARTHEST, instant
from switchboard.domain.api_token import Scope
from switchboard.domain.appointment import Appointment, ChangedBy
from switchboard.domain.appointment_history import Wanted
from switchboard.services.book_for_client import NotFree

PATH = f"{API}/appointments"

_booking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by the key of a request: one at a time


async def get_appointments(asked: Asked) -> web.Response:
    organisation, query = await asked.office.organisation(), asked.query
    zone, now = ZoneInfo(organisation.timezone), asked.office.clock.now()
    wanted = Wanted(
        instant_of(query.since, zone, "since") or now,
        instant_of(query.until, zone, "until", is_end=True) or now + FARTHEST,
        query.resource,
        query.number,
        query.event_type,
        query.reference,
        query.cancelled,
    )
    after = _place(query.cursor) if query.cursor else None
    found = list(await asked.office.bookings.records.listed(wanted, query.limit + 1, after))
    shown = found[: query.limit]
    is_more = len(found) > len(shown)
    following = cursor_of(f"{shown[-1].slot.start.isoformat()} {shown[-1].id}") if is_more else None
    return answered(AppointmentsTold(items=[told(each) for each in shown], next_cursor=following))


async def get_appointment(asked: Asked) -> web.Response:
    found = await _named(asked)
    history = [
        EventTold(at=each.at, what=each.what, who=each.who, why=each.why, starts=each.slot.start, ends=each.slot.end)
        for each in await asked.office.bookings.records.history(found.id)
    ]
    return answered(told(found, history))


async def post_appointment(asked: Asked) -> web.Response:
    if not asked.key or asked.token is None:
        return await _book(asked, "")
    key = f"api/{asked.token.id}/{asked.key}"
    async with _booking.setdefault(key, asyncio.Lock()):
        before = await asked.office.store.answer_of(asked.token.id, asked.key)
        if before is None:
            return await _book(asked, key)
    request, answer = before
    if request != asked.fingerprint:
        raise refused("", "this Idempotency-Key came with another request: send each request with a new one")
    headers = {"Idempotency-Replayed": "true", "Location": f"{PATH}/{answer['id']}"}
    return json_answer(answer, HTTPStatus.CREATED, headers)


async def _book(asked: Asked, key: str) -> web.Response:
    body: ToBook = asked.body
    organisation, bookings = await asked.office.organisation(), asked.office.bookings
    if body.event_type not in organisation.appointments.event_types:
        raise refused("/event_type", f"no event type has that id: see {API}/event-types")
    start, client = _start(body.starts, asked), client_of(body, organisation)
    by = ChangedBy(asked.who, " ".join(body.why.split()), key=key)
    booked: Appointment | NotFree | None = await bookings.records.made_by(key) if key else None
    if booked is None:
        booked = await (await desk_of(asked)).book(body.event_type, start, body.resource, client, by)
    appointment = _had(booked)
    answer = told(appointment).model_dump(mode="json")
    change = asked.change("appointment.booked", str(appointment.id), starts=answer["starts"])
    await asked.office.store.note(change, key=asked.key, request=asked.fingerprint, answer=answer)
    return json_answer(answer, HTTPStatus.CREATED, {"Location": f"{PATH}/{appointment.id}"})


async def post_move(asked: Asked) -> web.Response:
    body: ToMove = asked.body
    found, organisation = await _standing(asked), await asked.office.organisation()
    if found.event_type not in organisation.appointments.event_types:
        raise Problem(HTTPStatus.CONFLICT, "what it is can be booked no more: cancel it", members={"alternatives": []})
    by = ChangedBy(asked.who, " ".join(body.why.split()))
    desk = await desk_of(asked)
    moved = _had(await desk.move(found, _start(body.starts, asked), body.resource, by))
    return await _changed(asked, "appointment.moved", moved)


async def post_cancel(asked: Asked) -> web.Response:
    found = await _named(asked)
    by = ChangedBy(asked.who, " ".join(asked.body.why.split()))
    cancelled = await asked.office.bookings.appointments.cancel(found.id, by)
    return await _changed(asked, "appointment.cancelled", cancelled or found)


async def post_confirm(asked: Asked) -> web.Response:
    found = await _standing(asked)
    by = ChangedBy(asked.who, " ".join(asked.body.why.split()))
    confirmed = await asked.office.bookings.appointments.confirm(found.id, by)
    if confirmed is None:
        raise _stands_no_more()
    return await _changed(asked, "appointment.confirmed", confirmed)


async def _changed(asked: Asked, what: str, appointment: Appointment) -> web.Response:
    answer = told(appointment)
    starts = appointment.slot.start.isoformat()
    await asked.office.store.note(asked.change(what, str(appointment.id), starts=starts))
    return answered(answer)


async def _named(asked: Asked) -> Appointment:
    """Which the path names."""
    try:
        identifier = UUID(asked.request.match_info["appointment"])
    except ValueError:
        identifier = None
    found = await asked.office.bookings.records.get(identifier) if identifier else None
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"no appointment has that id: see {PATH}")
    return found


async def _standing(asked: Asked) -> Appointment:
    """The same, if it has not been cancelled."""
    found = await _named(asked)
    if not found.state.is_promised:
        raise _stands_no_more()
    return found


def _stands_no_more() -> Problem:
    return Problem(HTTPStatus.CONFLICT, "it was cancelled: book another one", members={"alternatives": []})


def _had(found: Appointment | NotFree) -> Appointment:
    if isinstance(found, NotFree):
        free = [slot_told(each).model_dump(mode="json") for each in found.alternatives]
        raise Problem(HTTPStatus.CONFLICT, "that time is not free; `alternatives` are", members={"alternatives": free})
    return found


def _start(text: str, asked: Asked) -> datetime:
    start = instant(text)
    if abs(start - asked.office.clock.now()) > FARTHEST:
        raise refused("/starts", "is more than ten years off")
    return start


def _place(cursor: str) -> tuple[datetime, UUID]:
    starts, _, identifier = place_in(cursor).partition(" ")
    try:
        return instant(starts), UUID(identifier)
    except ValueError:
        raise Problem(HTTPStatus.BAD_REQUEST, "cursor: is no cursor of ours: send `next_cursor`") from None


_READ, _WRITE = Scope.APPOINTMENTS_READ, Scope.APPOINTMENTS_WRITE
_ONE = f"{PATH}/{{appointment}}"
_MISSING, _CONFLICT = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT

ROUTES = (
    Route(
        "GET",
        PATH,
        _READ,
        get_appointments,
        "Appointments that are not over, or of any time",
        answer=AppointmentsTold,
        query=AppointmentsQuery,
    ),
    Route(
        "GET",
        _ONE,
        _READ,
        get_appointment,
        "One appointment, and who did what to it",
        answer=AppointmentTold,
        problems=(_MISSING,),
    ),
    Route(
        "POST",
        PATH,
        _WRITE,
        post_appointment,
        "Book an appointment for a client",
        answer=AppointmentTold,
        status=HTTPStatus.CREATED,
        body=ToBook,
        takes_key=True,
        problems=(_CONFLICT,),
        conflict=NotFreeTold,
    ),
    Route(
        "POST",
        f"{_ONE}/move",
        _WRITE,
        post_move,
        "Move one to another time, or to somebody else",
        answer=AppointmentTold,
        body=ToMove,
        problems=(_MISSING, _CONFLICT),
        conflict=NotFreeTold,
    ),
    Route(
        "POST",
        f"{_ONE}/cancel",
        _WRITE,
        post_cancel,
        "Cancel one: its time is free at once",
        answer=AppointmentTold,
        body=ToChange,
        problems=(_MISSING,),
    ),
    Route(
        "POST",
        f"{_ONE}/confirm",
        _WRITE,
        post_confirm,
        "Note that the client will come",
        answer=AppointmentTold,
        body=ToChange,
        problems=(_MISSING, _CONFLICT),
        conflict=NotFreeTold,
    ),
)
