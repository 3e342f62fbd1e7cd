"""Everybody who works here: extension, department, whether calls are put through; and setting that for them."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from aiohttp import web

from switchboard.console.pages.page import Page, Visit, led_to
from switchboard.console.problem import Problem
from switchboard.domain.account import Permission
from switchboard.domain.presence import Presence, Status, situation

FOR = {"": None, "30m": timedelta(minutes=30), "1h": timedelta(hours=1), "4h": timedelta(hours=4)}


async def show(visit: Visit) -> web.Response:
    office, organisation = visit.office, await visit.office.organisation()
    now, zone = office.clock.now(), ZoneInfo(organisation.timezone)
    set_by = {each.person: each for each in await office.store.presences()}
    noted = await office.store.absences()
    shown = []
    for person in sorted(organisation.people.values(), key=lambda each: each.name.casefold()):
        presence = set_by.get(person.id)
        absences = [each.absence for each in noted if each.person == person.id]
        found = situation(person, now, zone, presence=presence, absences=absences)
        department = organisation.departments.get(person.department)
        names = department.names if department else {}
        shown.append(
            {
                "person": person,
                "department": names.get(organisation.default_language, person.department),
                "status": presence.status_at(now) if presence else Status.AVAILABLE,
                "until": presence.until if presence and presence.status_at(now) is presence.status else None,
                "is_there": found.is_there,
                "why": found.why,
            }
        )
    return visit.rendered("people.html", people=shown, statuses=list(Status), lengths=list(FOR), zone=zone)


async def set_presence(visit: Visit) -> web.Response:
    organisation = await visit.office.organisation()
    person = organisation.people.get(visit.request.match_info["person"])
    if person is None:
        raise Problem(HTTPStatus.NOT_FOUND, "Nobody of that id works here.")
    try:
        status, lasts = Status(visit.form.get("status", "")), FOR[visit.form.get("for", "")]
    except (ValueError, KeyError):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "Choose a status and how long it lasts from the lists."
        ) from None
    now = visit.office.clock.now()
    until = now + lasts if lasts and status is not Status.AVAILABLE else None
    presence = Presence(person.id, status, now, until, f"account {visit.me.name}")
    change = visit.change("presence.set", person.id, status=status.value, until=until)
    await visit.office.store.set_presence(presence, change)
    return led_to(f"/people#{person.id}")


PAGES = (
    Page("GET", "/people", Permission.SEE_PEOPLE, show),
    Page("POST", "/people/{person}/presence", Permission.SET_PRESENCE, set_presence),
)
