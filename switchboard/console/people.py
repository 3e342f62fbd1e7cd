"""People and departments: who works here, at which extension, and whether they are there."""

from __future__ import annotations

from aiohttp import web
from pydantic import BaseModel, Field

from switchboard.console import absences, presence
from switchboard.console.absences import AbsenceTold
from switchboard.console.paging import PageQuery, page
from switchboard.console.presence import PresenceTold
from switchboard.console.routes import API, Asked, Route, answered
from switchboard.domain.api_token import Scope

_NEXT = "Send it as `cursor` for the next page; null: this is the last."


class PersonTold(BaseModel):
    """Somebody who works here."""

    id: str
    name: str
    department: str = Field(description="A department's id.")
    extension: str | None = Field(description="Of the desk phone; null: none.")
    presence: PresenceTold | None = Field(description="null: the token lacks presence:read.")
    absences: list[AbsenceTold] | None = Field(description="null: the token lacks absences:read.")


class PeopleTold(BaseModel):
    """A page of people, by id."""

    items: list[PersonTold]
    next_cursor: str | None = Field(description=_NEXT)


class DepartmentTold(BaseModel):
    """A part of the organisation that callers ask for."""

    id: str
    names: dict[str, str] = Field(description="By language.")
    head: str = Field(description="A person's id.")
    deputies: list[str] = Field(description="Persons' ids: who stand in for the head, in order.")
    members: list[str] = Field(description="Persons' ids: everybody who belongs to it.")
    extension: str | None = Field(description="Of the department's own phone, else its head's; null: neither.")


class DepartmentsTold(BaseModel):
    """A page of departments, by id."""

    items: list[DepartmentTold]
    next_cursor: str | None = Field(description=_NEXT)


async def get_people(asked: Asked) -> web.Response:
    organisation = await asked.office.organisation()
    people, following = page(organisation.people.values(), lambda each: each.id, asked.query)
    sees_presence, sees_absences = asked.may(Scope.PRESENCE_READ), asked.may(Scope.ABSENCES_READ)
    set_by = {each.person: each for each in await asked.office.store.presences()} if sees_presence else {}
    noted = await asked.office.store.absences() if sees_presence or sees_absences else ()
    items = []
    for person in people:
        set_last = set_by.get(person.id)
        items.append(
            PersonTold(
                id=person.id,
                name=person.name,
                department=person.department,
                extension=person.phone.extension if person.phone else None,
                presence=presence.told(asked, organisation, person, set_last, noted) if sees_presence else None,
                absences=absences.told(person, noted) if sees_absences else None,
            )
        )
    return answered(PeopleTold(items=items, next_cursor=following))


async def get_departments(asked: Asked) -> web.Response:
    organisation = await asked.office.organisation()
    departments, following = page(organisation.departments.values(), lambda each: each.id, asked.query)
    items = []
    for department in departments:
        phone = organisation.phone_of_department(department.id)
        items.append(
            DepartmentTold(
                id=department.id,
                names={str(language): name for language, name in department.names.items()},
                head=department.head,
                deputies=list(department.deputies),
                members=[person.id for person in organisation.members_of(department.id)],
                extension=phone.extension if phone else None,
            )
        )
    return answered(DepartmentsTold(items=items, next_cursor=following))


ROUTES = (
    Route(
        "GET",
        f"{API}/people",
        Scope.PEOPLE_READ,
        get_people,
        "Everybody who works here",
        answer=PeopleTold,
        query=PageQuery,
    ),
    Route(
        "GET",
        f"{API}/departments",
        Scope.PEOPLE_READ,
        get_departments,
        "Every department",
        answer=DepartmentsTold,
        query=PageQuery,
    ),
)
