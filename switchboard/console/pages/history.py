"""The record: calls that were, and the story of each."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from aiohttp import web

from switchboard.console.pages.page import Page, Visit
from switchboard.console.problem import Problem
from switchboard.domain.account import Permission
from switchboard.domain.call_story import story

PAGE = 50  # calls
LONGEST_SEARCH = 100  # characters


async def show(visit: Visit) -> web.Response:
    query = visit.request.query
    search = query.get("search", "").strip()[:LONGEST_SEARCH]
    rows = await visit.office.calls.history(_cursor(query.get("before", "")), search, PAGE + 1)
    shown = rows[:PAGE]
    older = f"{shown[-1]['started_at'].timestamp():.6f}_{shown[-1]['id'].hex}" if len(rows) > PAGE else ""
    return visit.rendered("history.html", calls=shown, search=search, older=older, zone=await visit.zone())


async def show_call(visit: Visit) -> web.Response:
    try:
        identifier = UUID(visit.request.match_info["call"])
    except ValueError:
        raise Problem(HTTPStatus.NOT_FOUND, "No call has this id.") from None
    call = await visit.office.calls.call(identifier)
    if call is None:
        raise Problem(HTTPStatus.NOT_FOUND, "No call has this id. It may have been erased.")
    return visit.rendered("call.html", call=call.row, lines=story(call.events), zone=await visit.zone())


def _cursor(text: str) -> tuple[datetime, UUID] | None:
    if not text:
        return None
    at, _, identifier = text.partition("_")
    try:
        return datetime.fromtimestamp(float(at), UTC), UUID(identifier)
    except (ValueError, OverflowError, OSError):
        raise Problem(
            HTTPStatus.BAD_REQUEST, "This address does not lead to older calls: go back to History."
        ) from None


PAGES = (
    Page("GET", "/history", Permission.SEE_CALLS, show),
    Page("GET", "/history/{call}", Permission.SEE_CALLS, show_call),
)
