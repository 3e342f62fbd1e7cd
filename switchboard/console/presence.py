"""Presence: what somebody says of themselves, and whether calls are put through to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from switchboard.console.problem import Fault, Problem
from switchboard.console.routes import API, Asked, Route, answered
from switchboard.console.times import FARTHEST, Instant, instant
from switchboard.domain.absence import NotedAbsence
from switchboard.domain.api_token import Scope
from switchboard.domain.organisation import Organisation, Person
from switchboard.domain.presence import Presence, Status, situation


class PresenceTold(BaseModel):
    """What somebody set, and what it comes to with their absences."""

    status: Status = Field(description="What they set, as it counts now.")
    until: datetime | None = Field(description="It ends by itself then; null: until it is set anew.")
    set_at: datetime | None = Field(description="null: never.")
    set_by: str = Field(description="A star code at a phone, an account of the machine, a token of the API.")
    is_there: bool = Field(description="Whether calls are put through, by status and absences.")
    why: str = Field(description="Why not; empty if they are.")


class PresenceSet(BaseModel):
    """What somebody is from now on."""

    model_config = ConfigDict(extra="forbid")

    status: Status
    until: Instant | None = Field(None, description="It ends by itself then, and they are available again.")


def told(
    asked: Asked, organisation: Organisation, person: Person, presence: Presence | None, noted: Sequence[NotedAbsence]
) -> PresenceTold:
    """One person's. Why somebody is absent is for those who may read absences."""
    now, zone = asked.office.clock.now(), ZoneInfo(organisation.timezone)
    absences = [each.absence for each in noted if each.person == person.id]
    if not asked.may(Scope.ABSENCES_READ):
        absences = [replace(each, because="") for each in absences]
        person = replace(person, absences=tuple(replace(each, because="") for each in person.absences))
    found = situation(person, now, zone, presence=presence, absences=absences)
    is_over = presence is None or presence.status_at(now) is not presence.status
    return PresenceTold(
        status=presence.status_at(now) if presence else Status.AVAILABLE,
        until=None if presence is None or is_over else presence.until,
        set_at=presence.set_at if presence else None,
        set_by=presence.by if presence else "",
        is_there=found.is_there,
        why=found.why,
    )


async def person_asked(asked: Asked) -> tuple[Organisation, Person]:
    """Whom the path names."""
    organisation = await asked.office.organisation()
    person = organisation.people.get(asked.request.match_info["person"])
    if person is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"nobody has that id: see {API}/people")
    return organisation, person


async def get_presence(asked: Asked) -> web.Response:
    organisation, person = await person_asked(asked)
    presences = await asked.office.store.presences()
    presence = next((each for each in presences if each.person == person.id), None)
    return answered(told(asked, organisation, person, presence, await asked.office.store.absences()))


async def put_presence(asked: Asked) -> web.Response:
    organisation, person = await person_asked(asked)
    body: PresenceSet = asked.body
    now = asked.office.clock.now()
    presence = Presence(person.id, body.status, now, _until(body, now), asked.who)
    detail = {"status": body.status.value, "until": body.until}
    noted = await asked.office.store.absences()  # first: once it is set, nothing may fail
    kept = await asked.office.store.set_presence(presence, asked.change("presence.set", person.id, **detail))
    return answered(told(asked, organisation, person, kept, noted))


def _until(body: PresenceSet, now: datetime) -> datetime | None:
    if body.until is None:
        return None
    until, wrong = instant(body.until), ""
    if body.status is Status.AVAILABLE:
        wrong = "only busy, do_not_disturb and away end by themselves: leave it out"
    elif not _is_to_come(until, now):
        wrong = "expected a time to come, within ten years"
    if wrong:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"until: {wrong}", errors=[Fault(pointer="/until", detail=wrong)]
        )
    return until.astimezone(now.tzinfo)


def _is_to_come(at: datetime, now: datetime) -> bool:
    """Whether it is to come, and not farther off than anybody means."""
    return now < at <= now + FARTHEST


ROUTES = (
    Route(
        "GET",
        f"{API}/people/{{person}}/presence",
        Scope.PRESENCE_READ,
        get_presence,
        "Whether calls are put through to somebody, and why not",
        answer=PresenceTold,
        problems=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        "PUT",
        f"{API}/people/{{person}}/presence",
        Scope.PRESENCE_WRITE,
        put_presence,
        "Set what somebody is: it counts from the next call on, and survives restarts",
        answer=PresenceTold,
        body=PresenceSet,
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
