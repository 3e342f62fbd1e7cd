"""Who changed what."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from switchboard.console.pages.page import Page, Visit
from switchboard.console.problem import Problem
from switchboard.domain.account import Permission

PAGE = 100  # lines


async def show(visit: Visit) -> web.Response:
    before = visit.request.query.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Problem(HTTPStatus.BAD_REQUEST, "This address does not lead to older lines: go back to the audit log.")
    lines = await visit.office.accounts.audit_log(int(before) if before else None, PAGE + 1)
    older = lines[PAGE - 1]["id"] if len(lines) > PAGE else ""
    return visit.rendered("audit_log.html", lines=lines[:PAGE], older=older, zone=await visit.zone())


PAGES = (Page("GET", "/audit", Permission.SEE_AUDIT_LOG, show),)
