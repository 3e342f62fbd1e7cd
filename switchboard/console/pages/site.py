"""The site: every page behind what it needs, every form behind its token, every failure told on a page."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web
from aiohttp_session import Session, get_session

from switchboard.console.pages import accounts, audit_log, calls, health, history, people, sign_in
from switchboard.console.pages.page import STATIC, Page, Visit, Who, asset, led_to, page_answer, render
from switchboard.console.pages.sessions import account_of, ensure_csrf, is_in_force
from switchboard.console.site_office import SiteOffice
from switchboard.domain.account import Account
from switchboard.errors import ConfigurationError, RecordsUnreachable

PAGES: tuple[Page, ...] = (
    *sign_in.PAGES,
    *calls.PAGES,
    *history.PAGES,
    *people.PAGES,
    *health.PAGES,
    *audit_log.PAGES,
    *accounts.PAGES,
)
MOST_FIELDS, LONGEST_FIELD = 50, 10_000  # of a form; characters

log = structlog.get_logger(__name__)

_TOLD = {
    HTTPStatus.FORBIDDEN: "Your role does not allow this.",
    HTTPStatus.NOT_FOUND: "Nothing is here.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This page takes no such request.",
}


def add_pages(application: web.Application, office: SiteOffice) -> None:
    """Serve the pages and the files they need."""
    for page in PAGES:
        application.router.add_route(page.method, page.path, _served(page, office))
    for file in STATIC.iterdir():
        application.router.add_get(asset(file.name), _file(file.name))


def is_of_a_page(request: web.Request) -> bool:
    """Whether an answer is for a person's eyes."""
    return not request.path.startswith(("/api/", "/calendars/")) and request.path != "/health"


def problem_page(status: HTTPStatus, told: str = "", *, retry: int = 0) -> web.Response:
    """What went wrong, as a page. After `retry` seconds the browser asks again by itself."""
    told = told or _TOLD.get(status, status.phrase)
    answer = page_answer(render("problem.html", status=status, told=told, retry=retry), status)
    if retry:
        answer.headers["Retry-After"] = str(retry)
    return answer


def _served(page: Page, office: SiteOffice) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        session = await get_session(request)
        form = await _form(request, session) if page.method == "POST" else {}
        account = await _account(session, office, is_own_wish=request.headers.get("X-By-Itself") is None)
        if page.needs is Who.ANYBODY:
            ensure_csrf(session)
        elif account is None:
            back = f"?to={quote(request.path_qs, safe='')}" if page.method == "GET" and request.path != "/" else ""
            return led_to(f"/sign-in{back}")
        elif account.must_change and page.needs is not Who.SIGNED_IN:
            return led_to("/password")
        elif not isinstance(page.needs, Who) and not account.may(page.needs):
            log.warning("page_refused", account=account.name, path=request.path, needs=page.needs.value)
            return problem_page(HTTPStatus.FORBIDDEN)
        return await page.handle(Visit(request, office, session, account, form))

    return serve


async def _account(session: Session, office: SiteOffice, *, is_own_wish: bool) -> Account | None:
    identifier = account_of(session, office.clock.now(), is_own_wish=is_own_wish)
    account = await office.accounts.account(identifier) if identifier else None
    return account if account and is_in_force(session, account) else None


async def _form(request: web.Request, session: Session) -> dict[str, str]:
    """The fields of a form of ours. Raises HTTPForbidden for one that another site sent."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden
    sent = await request.post()
    form = {name: value for name, value in sent.items() if isinstance(value, str)}
    if len(sent) > MOST_FIELDS or any(len(value) > LONGEST_FIELD for value in form.values()):
        raise web.HTTPBadRequest
    known = session.get("csrf")
    if not (isinstance(known, str) and hmac.compare_digest(known.encode(), form.pop("csrf", "").encode())):
        raise web.HTTPForbidden
    return form


def _file(name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(_: web.Request) -> web.StreamResponse:
        # Its address changes with what is in it: it need never be asked for again.
        return web.FileResponse(STATIC / name, headers={"Cache-Control": "public, max-age=31536000, immutable"})

    return serve


def told_of(error: Exception) -> str:
    """What a page says of what is away just now."""
    if isinstance(error, RecordsUnreachable):
        return "The database does not answer. Telephones and menus go on; this page comes back by itself."
    if isinstance(error, ConfigurationError):
        return "Nothing is live yet, or it cannot be read. This page comes back by itself."
    return "A mistake of ours; the console's log says where."
