"""The calls that go on, live: a server-sent event brings the list anew whenever something has changed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from switchboard.console.pages.page import Page, Visit, render
from switchboard.console.pages.sessions import account_of, is_in_force
from switchboard.domain.account import Permission
from switchboard.domain.call_now import CallNow, Place
from switchboard.errors import RecordsUnreachable

LOOK = 10.0  # seconds between looks whether the session still holds
RETRY = 1.0  # seconds, while that cannot be known

HEADINGS = {
    Place.RINGING: "Ringing",
    Place.QUEUED: "Waiting in a queue",
    Place.PARKED: "Parked",
    Place.HELD: "On hold",
    Place.MENU: "With the switchboard",
    Place.TALKING: "Talking",
}


async def show(visit: Visit) -> web.Response:
    return visit.rendered("calls.html", list=await _list(visit, await visit.office.live_calls.read()))


async def stream(visit: Visit) -> web.StreamResponse:
    """Unnamed events are the list as HTML; `away` says that nothing can be read, `over` that the session is over."""
    live = visit.office.live_calls
    async with sse_response(visit.request) as events:
        with contextlib.suppress(ConnectionResetError):  # whoever looked has left
            async with live.watching():
                await _follow(visit, events)
    return events


async def _follow(visit: Visit, events: EventSourceResponse) -> None:
    """Until the session is over."""
    live = visit.office.live_calls
    while True:
        try:
            if not await _is_in_force(visit):
                await events.send("sign in again", event="over")
                return
            await live.changed(LOOK)
            if live.calls is not None:
                await events.send(await _list(visit, live.calls))
                continue
        except RecordsUnreachable:
            await asyncio.sleep(RETRY)
        await events.send("the database does not answer", event="away")


async def _is_in_force(visit: Visit) -> bool:
    """Whether the session still holds: a page that stays open all night does not see tomorrow's calls."""
    identifier = account_of(visit.session, visit.office.clock.now(), is_own_wish=False)
    account = await visit.office.accounts.account(identifier) if identifier else None
    return account is not None and is_in_force(visit.session, account) and account.may(Permission.SEE_CALLS)


async def _list(visit: Visit, calls: Sequence[CallNow]) -> str:
    places = [(place, heading, [call for call in calls if call.place is place]) for place, heading in HEADINGS.items()]
    organisation = await visit.office.organisation()
    lines = {number: each.name for number, each in organisation.numbers.items()}
    return render("calls_list.html", places=places, zone=await visit.zone(), lines=lines)


PAGES = (
    Page("GET", "/", Permission.SEE_CALLS, show),
    Page("GET", "/calls/stream", Permission.SEE_CALLS, stream),
)
