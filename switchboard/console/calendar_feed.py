"""GET /calendars/SECRET.ics: somebody's appointments, for their calendar program to subscribe to.

Whoever knows the address may read it: it is as long as a token, kept as its SHA-256, and who guesses is slowed down as
with tokens. An answer that the program has already is not sent again.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web

from switchboard.calendars.appointment_words import told_in_calendar
from switchboard.calendars.icalendar_text import event, feed
from switchboard.console.office import CalendarFeeds, ConsoleOffice
from switchboard.console.problem import Problem
from switchboard.console.wrong_secrets import WrongSecrets
from switchboard.domain.organisation import Organisation

PATH = "/calendars/{secret}.ics"
PAST = timedelta(days=90)  # of which appointments are told
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")

log = structlog.get_logger(__name__)


def digest_of(secret: str) -> bytes:
    """As it is kept."""
    return hashlib.sha256(secret.encode()).digest()


def resources_of(person: str, organisation: Organisation) -> list[str]:
    """What somebody is booked as."""
    return [each.id for each in organisation.appointments.resources.values() if each.person == person]


def add_feed(
    application: web.Application, office: ConsoleOffice, feeds: CalendarFeeds, now: Callable[[], float]
) -> None:
    """Serve it. `now` is the clock by which wrong addresses are counted."""
    wrong = WrongSecrets(now)

    async def serve(request: web.Request) -> web.Response:
        address, secret = request.remote or "", request.match_info["secret"]
        if wait := wrong.wait(address):
            headers = {"Retry-After": str(math.ceil(wait))}
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too many wrong addresses: wait", headers=headers)
        person = await feeds.person(digest_of(secret)) if _SECRET.fullmatch(secret) else None
        organisation = await office.organisation()
        if person is None or person not in organisation.people:
            wrong.note(address)
            log.warning("wrong_calendar_address", address=address)
            raise Problem(HTTPStatus.NOT_FOUND, "no calendar has this address, or not any more")
        return await _calendar(request, person, organisation, feeds, office.clock.now())

    application.router.add_get(PATH, serve)


async def _calendar(
    request: web.Request, person: str, organisation: Organisation, feeds: CalendarFeeds, now: datetime
) -> web.Response:
    zone, resources = ZoneInfo(organisation.timezone), resources_of(person, organisation)
    found = await feeds.appointments(resources, now - PAST)
    mine = resources[0] if resources else ""
    events = [
        event(each, told_in_calendar(each, organisation, mine, with_client=True), zone, changed)
        for each, changed in found
    ]
    text = feed(events, zone, f"{organisation.people[person].name} – {organisation.name}")
    etag = hashlib.sha256(text).hexdigest()[:32]
    headers = {"ETag": f'"{etag}"', "Cache-Control": "private, no-cache"}
    known = request.if_none_match or ()
    if any(each.value in (etag, "*") for each in known):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(body=text, content_type="text/calendar", charset="utf-8", headers=headers)
