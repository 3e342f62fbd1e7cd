"""What a route is: where it is, what a token must allow, what it takes and answers. The application serves nothing
else, and the API's description is made of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel

from switchboard.console.office import ConsoleOffice
from switchboard.domain.api_token import ApiToken, Scope
from switchboard.domain.audit import Change

API = "/api/v1"
ANYBODY = None  # a route's scope where no token is asked for


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be answered: its token allows it, its parts were read and understood."""

    request: web.Request
    office: ConsoleOffice
    token: ApiToken | None  # None only where the route's scope is ANYBODY
    body: Any = None  # the route's model of it
    query: Any = None  # the same
    key: str = ""  # Idempotency-Key
    fingerprint: bytes = b""  # SHA-256 of method, path and body

    @property
    def who(self) -> str:
        """Who asks, for the record."""
        return f"API token {self.token.name}" if self.token else "anybody"

    def may(self, scope: Scope) -> bool:
        """Whether the token allows that, too."""
        return self.token is not None and scope in self.token.scopes

    def change(self, what: str, subject: str, **detail: Any) -> Change:
        """The line of the audit log."""
        token = self.token.id if self.token else None
        return Change(self.who, what, subject, detail, token, self.request.remote or "")


@dataclass(frozen=True, slots=True)
class Route:
    """One operation."""

    method: str
    path: str  # "/api/v1/people/{person}/presence"
    scope: Scope | None  # ANYBODY, or what a token must allow
    handle: Callable[[Asked], Awaitable[web.Response]]
    summary: str  # for the description
    answer: type[BaseModel] | None = None  # None: no body
    status: HTTPStatus = HTTPStatus.OK
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    takes_key: bool = False  # an Idempotency-Key
    problems: tuple[HTTPStatus, ...] = ()  # beside those that every route of its kind has
    conflict: type[BaseModel] | None = None  # the problem that 409 tells, where it tells more than others


def answered(model: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """A model as JSON."""
    return json_answer(model.model_dump(mode="json"), status)


def json_answer(value: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> web.Response:
    """JSON values as an answer."""
    return web.Response(body=orjson.dumps(value), status=status.value, content_type="application/json", headers=headers)
