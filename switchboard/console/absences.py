"""Absences: when people are not at work, beside what people.yaml says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from switchboard.console.presence import person_asked
from switchboard.console.problem import Fault, Problem
from switchboard.console.routes import API, Asked, Route, answered, json_answer
from switchboard.console.times import FARTHEST, DayOrInstant, beginning, end
from switchboard.domain.absence import Absence, NotedAbsence
from switchboard.domain.api_token import Scope
from switchboard.domain.organisation import Person

LONGEST_REASON = 500  # characters


class AbsenceTold(BaseModel):
    """One absence."""

    id: UUID | None = Field(description="null: it stands in people.yaml, and is changed there.")
    begins: datetime
    ends: datetime = Field(description="The first instant after it.")
    because: str
    noted_by: str = Field(description="Who noted it; empty where it stands in people.yaml.")


class AbsencesTold(BaseModel):
    """Somebody's absences that are not over for long, the earliest first."""

    items: list[AbsenceTold]


class AbsenceToNote(BaseModel):
    """An absence to be noted."""

    model_config = ConfigDict(extra="forbid")

    begins: DayOrInstant = Field(description="A day on the organisation's clocks, or a time.")
    ends: DayOrInstant = Field(description="The last day, or the time of coming back.")
    because: str = Field("", max_length=LONGEST_REASON, description="The reason, in one line.")


def told(person: Person, noted: Sequence[NotedAbsence]) -> list[AbsenceTold]:
    """One person's, those of people.yaml too."""
    every = [_told(each) for each in noted if each.person == person.id]
    for each in person.absences:
        every.append(AbsenceTold(id=None, begins=each.begins, ends=each.ends, because=each.because, noted_by=""))
    return sorted(every, key=lambda each: each.begins)


async def get_absences(asked: Asked) -> web.Response:
    _, person = await person_asked(asked)
    return answered(AbsencesTold(items=told(person, await asked.office.store.absences())))


async def post_absence(asked: Asked) -> web.Response:
    organisation, person = await person_asked(asked)
    absence = _absence(asked.body, ZoneInfo(organisation.timezone), asked.office.clock.now())
    noted = NotedAbsence(uuid4(), person.id, absence, asked.who)
    answer: Mapping[str, Any] = _told(noted).model_dump(mode="json")
    detail = {name: answer[name] for name in ("id", "begins", "ends")}  # the reason may be taken back: not here
    before = await asked.office.store.add_absence(
        noted,
        asked.change("absence.added", person.id, **detail),
        key=asked.key,
        request=asked.fingerprint,
        answer=answer,
    )
    headers = {}
    if before is not None:
        request, answer = before
        if request != asked.fingerprint:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "this Idempotency-Key came with another request: send each request with a new one",
            )
        headers["Idempotency-Replayed"] = "true"
    headers["Location"] = f"{API}/people/{person.id}/absences/{answer['id']}"
    return json_answer(answer, HTTPStatus.CREATED, headers)


async def delete_absence(asked: Asked) -> web.Response:
    _, person = await person_asked(asked)
    identifier = _uuid(asked.request.match_info["absence"])
    change = asked.change("absence.removed", person.id, id=str(identifier))
    if identifier is None or not await asked.office.store.remove_absence(identifier, person.id, change):
        path = f"{API}/people/{person.id}/absences"
        raise Problem(HTTPStatus.NOT_FOUND, f"no absence has that id: see {path}")
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _told(noted: NotedAbsence) -> AbsenceTold:
    each = noted.absence
    return AbsenceTold(
        id=UUID(int=noted.id.int), begins=each.begins, ends=each.ends, because=each.because, noted_by=noted.by
    )


def _absence(body: AbsenceToNote, zone: ZoneInfo, now: datetime) -> Absence:
    """Raises Problem."""
    faults = []
    times: list[datetime] = []
    for name, read in (("begins", beginning), ("ends", end)):
        try:
            at = read(getattr(body, name), zone).astimezone(UTC)
            if abs(at - now) > FARTHEST:
                raise ValueError("is more than ten years off")
            times.append(at)
        except (ValueError, OverflowError) as error:
            faults.append(Fault(pointer=f"/{name}", detail=str(error)))
    reason = " ".join(body.because.split())
    if not reason.isprintable():
        faults.append(Fault(pointer="/because", detail="expected printable characters"))
    if not faults and times[1] <= max(times[0], now):
        wrong = "expected a time after `begins`" if times[1] <= times[0] else "is over, expected a time to come"
        faults.append(Fault(pointer="/ends", detail=wrong))
    if faults:
        detail = f"{faults[0].pointer[1:]}: {faults[0].detail}"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=faults)
    return Absence(times[0], times[1], reason)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


ROUTES = (
    Route(
        "GET",
        f"{API}/people/{{person}}/absences",
        Scope.ABSENCES_READ,
        get_absences,
        "When somebody is not at work",
        answer=AbsencesTold,
        problems=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        "POST",
        f"{API}/people/{{person}}/absences",
        Scope.ABSENCES_WRITE,
        post_absence,
        "Note an absence: calls go to the deputy meanwhile, and it ends by itself",
        answer=AbsenceTold,
        status=HTTPStatus.CREATED,
        body=AbsenceToNote,
        takes_key=True,
        problems=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        "DELETE",
        f"{API}/people/{{person}}/absences/{{absence}}",
        Scope.ABSENCES_WRITE,
        delete_absence,
        "Take back an absence that was noted",
        status=HTTPStatus.NO_CONTENT,
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
