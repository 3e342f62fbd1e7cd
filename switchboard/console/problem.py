"""What went wrong, told as RFC 9457 wants it: `application/problem+json`, with what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One value that is wrong."""

    pointer: str = Field(description="Where it stands: a JSON pointer into the body, or the name of a parameter.")
    detail: str = Field(description="What is wrong with it, and what was expected.")


class ProblemAnswer(BaseModel):
    """An RFC 9457 problem."""

    type: str = Field(description="`about:blank`: the status tells which kind it is.")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do, in a line.")
    errors: list[Fault] = Field(description="Every value that is wrong; empty where it is no value.")


class Problem(Exception):
    """Raised anywhere below the application, answered by it."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """`members` of a problem that tells more (RFC 9457, 3.2), as JSON values."""
        super().__init__(detail)
        self.members = members or {}
        self.status, self.detail, self.errors, self.headers = status, detail, errors, headers or {}

    def answer(self) -> web.Response:
        """The response that tells it."""
        told: dict[str, Any] = ProblemAnswer(
            type="about:blank",
            title=self.status.phrase,
            status=self.status.value,
            detail=self.detail,
            errors=list(self.errors),
        ).model_dump() | dict(self.members)
        response = web.Response(
            body=orjson.dumps(told), status=self.status.value, content_type=MEDIA_TYPE, headers=self.headers
        )
        if self.status in (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT):
            response.force_close()  # the rest of what was sent is not read
        return response
