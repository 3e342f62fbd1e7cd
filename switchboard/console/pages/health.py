"""How every part is."""

from __future__ import annotations

from aiohttp import web

from switchboard.console.pages.page import Page, Visit
from switchboard.domain.account import Permission
from switchboard.errors import RecordsUnreachable


async def show(visit: Visit) -> web.Response:
    try:
        await visit.office.store.check()
        database = ""
    except RecordsUnreachable as error:
        database = str(error)
    told = await visit.office.controller_status()
    problems = {name: text for name, text in (told or {}).items() if name.endswith("_problem") and text}
    return visit.rendered("health.html", database=database, told=told, problems=problems)


PAGES = (Page("GET", "/status", Permission.SEE_HEALTH, show),)
