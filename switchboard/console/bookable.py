"""What can be booked: event types, the people and rooms they need, and when something is free."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from switchboard.console.problem import Fault, Problem
from switchboard.console.routes import API, Asked, Route, answered
from switchboard.console.times import FARTHEST, DayOrInstant, beginning, end
from switchboard.domain.api_token import Scope
from switchboard.domain.appointment import Slot
from switchboard.domain.free_slots import SlotSearch
from switchboard.services.book_for_client import Desk


class EventTypeTold(BaseModel):
    """What callers can book."""

    id: str
    names: dict[str, str] = Field(description="By language.")
    minutes: float = Field(description="How long it lasts.")
    needs: list[list[str]] = Field(description="For each resource needed, the ids of those that can be it.")
    per_day: int = Field(description="Bookings on one day, at most; 0: as many as there is room for.")


class EventTypesTold(BaseModel):
    """All of them."""

    items: list[EventTypeTold]


class ResourceTold(BaseModel):
    """Somebody or something that can be booked."""

    id: str
    names: dict[str, str] = Field(description="By language.")
    person: str | None = Field(description="A person's id; null: a room or a thing.")
    capacity: int = Field(description="Appointments at the same time.")


class ResourcesTold(BaseModel):
    """All of them."""

    items: list[ResourceTold]


class SlotTold(BaseModel):
    """A time that is free."""

    starts: datetime
    ends: datetime
    resources: list[str] = Field(description="One for each that the event type needs.")


class SlotsTold(BaseModel):
    """Free times, the earliest first; at each time one, with the resources that are preferred."""

    items: list[SlotTold]


class SlotsQuery(BaseModel):
    """Which times."""

    model_config = ConfigDict(extra="forbid")

    since: DayOrInstant | None = Field(None, description="The earliest beginning; default: now.")
    until: DayOrInstant | None = Field(None, description="The last day, or before when they begin.")
    resource: str = Field("", max_length=100, description="Only with this one, as the first that is needed.")
    limit: int = Field(50, ge=1, le=500, description="How many at most.")


def slot_told(slot: Slot) -> SlotTold:
    """A time, as it is answered."""
    return SlotTold(starts=slot.start, ends=slot.end, resources=list(slot.resources))


async def desk_of(asked: Asked) -> Desk:
    """What bookings are made with, by the live version's rules and the absences there are now."""
    office = asked.office
    organisation = await office.organisation()
    search = SlotSearch.of(organisation, await office.bookings.hours(), await office.store.absences())
    return Desk(office.bookings.appointments, search, office.clock)


def instant_of(text: str | None, zone: ZoneInfo, pointer: str, *, is_end: bool = False) -> datetime | None:
    """A time or a day on the organisation's clocks, of a query. Raises Problem."""
    if text is None:
        return None
    try:
        at = (end if is_end else beginning)(text, zone)
        if not 1970 < at.year < 9000:
            raise ValueError("is too far off")
        return at
    except (ValueError, OverflowError) as error:
        fault = Fault(pointer=pointer, detail=str(error))
        raise Problem(HTTPStatus.BAD_REQUEST, f"{pointer}: {error}", errors=[fault]) from None


async def get_event_types(asked: Asked) -> web.Response:
    rules = (await asked.office.organisation()).appointments
    return answered(
        EventTypesTold(
            items=[
                EventTypeTold(
                    id=each.id,
                    names={str(language): name for language, name in each.names.items()},
                    minutes=each.duration.total_seconds() / 60,
                    needs=[list(need) for need in each.needs],
                    per_day=each.per_day,
                )
                for each in rules.event_types.values()
            ]
        )
    )


async def get_resources(asked: Asked) -> web.Response:
    rules = (await asked.office.organisation()).appointments
    return answered(
        ResourcesTold(
            items=[
                ResourceTold(
                    id=each.id,
                    names={str(language): name for language, name in each.names.items()},
                    person=each.person or None,
                    capacity=each.capacity,
                )
                for each in rules.resources.values()
            ]
        )
    )


async def get_slots(asked: Asked) -> web.Response:
    organisation, query = await asked.office.organisation(), asked.query
    event_type = asked.request.match_info["event_type"]
    if event_type not in organisation.appointments.event_types:
        raise Problem(HTTPStatus.NOT_FOUND, f"no event type has that id: see {API}/event-types")
    zone, now = ZoneInfo(organisation.timezone), asked.office.clock.now()
    since = instant_of(query.since, zone, "since") or now
    until = instant_of(query.until, zone, "until", is_end=True)
    if max(since, until or since) > now + FARTHEST:
        raise Problem(HTTPStatus.BAD_REQUEST, "since or until is more than ten years off")
    desk = await desk_of(asked)
    found = await desk.slots(event_type, since, until, query.resource, query.limit)
    return answered(SlotsTold(items=[slot_told(each) for each in found]))


ROUTES = (
    Route(
        "GET",
        f"{API}/event-types",
        Scope.APPOINTMENTS_READ,
        get_event_types,
        "What callers can book",
        answer=EventTypesTold,
    ),
    Route(
        "GET",
        f"{API}/event-types/{{event_type}}/slots",
        Scope.APPOINTMENTS_READ,
        get_slots,
        "When something is free",
        answer=SlotsTold,
        query=SlotsQuery,
        problems=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        "GET",
        f"{API}/resources",
        Scope.APPOINTMENTS_READ,
        get_resources,
        "People and rooms that can be booked",
        answer=ResourcesTold,
    ),
)
