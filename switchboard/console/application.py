"""The application: every route behind what its token must allow, every failure told as a problem, and the headers of
every answer. A route that is not declared (routes.py) is not served; one without a scope does not exist by mistake,
for `scope` has no default. The pages (pages/site.py) are beside them, and answered in the same frame."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import aiohttp_session
import structlog
from aiohttp import web

from switchboard.console import about, absences, appointments, bookable, people, presence
from switchboard.console.calendar_feed import add_feed
from switchboard.console.office import ConsoleOffice
from switchboard.console.openapi import description
from switchboard.console.pages.sessions import cookie_storage
from switchboard.console.pages.site import add_pages, is_of_a_page, problem_page, told_of
from switchboard.console.problem import Problem
from switchboard.console.reading import LONGEST_BODY, body_of, fingerprint, key_of, query_of
from switchboard.console.routes import ANYBODY, API, Asked, Route, json_answer
from switchboard.console.site_office import SiteOffice
from switchboard.console.wrong_secrets import WrongSecrets
from switchboard.domain.api_token import ApiToken, digest, is_token
from switchboard.errors import ConfigurationError, RecordsUnreachable

ROUTES: tuple[Route, ...] = (
    *about.ROUTES,
    *people.ROUTES,
    *presence.ROUTES,
    *absences.ROUTES,
    *bookable.ROUTES,
    *appointments.ROUTES,
)
DESCRIPTION = f"{API}/openapi.json"
KNOWN_TOKENS = 1_000  # digests of tokens that were right: they pass from an address that sends wrong ones, too
RETRY = 2  # seconds that a client is asked to wait for Postgres

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "switchboard",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PAGES_OWN = ("Cache-Control", "Content-Security-Policy", "Referrer-Policy")  # a page sets these itself
OVER_TLS = {"Strict-Transport-Security": "max-age=31536000"}

log = structlog.get_logger(__name__)


def make_application(office: ConsoleOffice, *, now: Callable[[], float] = time.monotonic) -> web.Application:
    """What is served: the API, and of a SiteOffice the pages. `now` is the clock by which wrong tokens are counted."""
    has_pages = isinstance(office, SiteOffice)
    application = web.Application(
        middlewares=[_pages_told if has_pages else _problems_told], client_max_size=LONGEST_BODY
    )
    application.on_response_prepare.append(_add_headers)
    if isinstance(office, SiteOffice):
        aiohttp_session.setup(application, cookie_storage(office.session_key, over_tls=office.over_tls))
        add_pages(application, office)
    if office.feeds is not None:
        add_feed(application, office, office.feeds, now)
    guard = _Guard(office, now)
    for route in (*ROUTES, _described()):
        application.router.add_route(route.method, route.path, _served(route, office, guard))
    return application


def _described() -> Route:
    async def get_description(asked: Asked) -> web.Response:
        return json_answer(told)

    told = description(ROUTES)
    return Route("GET", DESCRIPTION, ANYBODY, get_description, "This description")


def _served(
    route: Route, office: ConsoleOffice, guard: _Guard
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        token = await guard.token_of(request, route)
        query = query_of(request, route.query) if route.query else None
        if route.query is None and request.query:
            raise Problem(HTTPStatus.BAD_REQUEST, "expected no query")
        key = key_of(request) if route.takes_key else ""
        body, raw = await body_of(request, route.body) if route.body else (None, b"")
        return await route.handle(Asked(request, office, token, body, query, key, fingerprint(request, raw)))

    return serve


class _Guard:
    """Lets those through whose token allows it."""

    def __init__(self, office: ConsoleOffice, now: Callable[[], float]) -> None:
        self._office = office
        self._wrong = WrongSecrets(now)
        self._known: dict[bytes, None] = {}  # digests, those that were right last at the end

    async def token_of(self, request: web.Request, route: Route) -> ApiToken | None:
        """The token, which allows it. Raises Problem, and RecordsUnreachable."""
        if route.scope is ANYBODY:
            return None
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind.casefold() != "bearer":
            raise _unauthorised("expected `Authorization: Bearer TOKEN`; `switchboard tokens create` makes one")
        found = await self._find(text.strip(), request.remote or "")
        if route.scope not in found.scopes:
            raise Problem(
                HTTPStatus.FORBIDDEN,
                f"this token does not allow {route.scope}",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{route.scope}"'},
            )
        return found

    async def _find(self, text: str, address: str) -> ApiToken:
        found = None
        if is_token(text):
            key = digest(text)
            if key not in self._known:
                self._check_rate(address)
            found = await self._office.store.token(key)
            self._known.pop(key, None)
            if found is not None and found.is_in_force(self._office.clock.now()):
                self._known[key] = None
                if len(self._known) > KNOWN_TOKENS:
                    del self._known[next(iter(self._known))]
                return found
        self._check_rate(address)
        self._wrong.note(address)
        log.warning("wrong_token", address=address, token=found.name if found else "unknown")
        raise _unauthorised("this token is unknown, expired or revoked")

    def _check_rate(self, address: str) -> None:
        if wait := self._wrong.wait(address):
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many wrong tokens from this address: wait",
                headers={"Retry-After": str(math.ceil(wait))},
            )


def _unauthorised(detail: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": 'Bearer realm="switchboard"'})


@web.middleware
async def _problems_told(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return problem.answer()
    except (RecordsUnreachable, ConfigurationError) as error:
        log.warning("console_unavailable", path=request.path, error=str(error))
        what = "Postgres does not answer" if isinstance(error, RecordsUnreachable) else "nothing is live, or readable"
        done = (
            "" if request.method == "GET" else ", what was asked may be done or not (the same Idempotency-Key is safe)"
        )
        detail = f"{what}{done}; calls go on; try again"
        headers = {"Retry-After": str(RETRY)}
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=headers).answer()
    except web.HTTPException as error:
        return _of_aiohttp(error).answer()
    except Exception:  # a request's root
        log.exception("console_request_broke", method=request.method, path=request.path)
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a mistake of ours; the console's log says where").answer()


@web.middleware
async def _pages_told(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Problems as pages where people look, as JSON where programs do."""
    if not is_of_a_page(request):
        return await _problems_told(request, handler)
    try:
        return await handler(request)
    except Problem as problem:
        return problem_page(problem.status, problem.detail)
    except (RecordsUnreachable, ConfigurationError) as error:
        log.warning("console_unavailable", path=request.path, error=str(error))
        return problem_page(HTTPStatus.SERVICE_UNAVAILABLE, told_of(error), retry=RETRY)
    except web.HTTPException as error:
        return problem_page(HTTPStatus(error.status))
    except Exception as error:  # a request's root
        log.exception("console_request_broke", method=request.method, path=request.path)
        return problem_page(HTTPStatus.INTERNAL_SERVER_ERROR, told_of(error))


def _of_aiohttp(error: web.HTTPException) -> Problem:
    status = HTTPStatus(error.status)
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return Problem(status, f"expected one of {allowed}", headers={"Allow": allowed})
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem(status, f"expected a body of at most {LONGEST_BODY} bytes")
    if isinstance(error, web.HTTPNotFound):
        return Problem(status, f"nothing is here; {DESCRIPTION} tells what there is")
    return Problem(status, status.phrase)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in (HEADERS | (OVER_TLS if request.secure else {})).items():
        if name not in PAGES_OWN or name not in response.headers:
            response.headers[name] = value
