"""Reading what a request brings: its token, its query, its JSON body. What is wrong is told with what was expected."""

from __future__ import annotations

import asyncio
import hashlib
import re
from http import HTTPStatus
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from switchboard.console.problem import Fault, Problem

LONGEST_BODY = 16 * 1024  # bytes
BODY_WITHIN = 10.0  # seconds
KEY = re.compile(r"[\x21-\x7e]{1,200}")  # of an Idempotency-Key

Model = TypeVar("Model", bound=BaseModel)


async def body_of(request: web.Request, model: type[Model]) -> tuple[Model, bytes]:
    """The body as the model, and as it came."""
    if request.content_type != "application/json" or (request.charset or "utf-8").casefold() != "utf-8":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected a JSON body in UTF-8, with `Content-Type: application/json`"
        )
    try:
        async with asyncio.timeout(BODY_WITHIN):
            raw = await request.read()
    except TimeoutError:
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, f"the body did not come within {BODY_WITHIN:.0f} seconds") from None
    try:
        return model.model_validate_json(raw), raw
    except ValidationError as error:
        faults = faults_of(error, "/")
    if faults[0].pointer == "/" and "JSON" in faults[0].detail:
        raise Problem(HTTPStatus.BAD_REQUEST, "the body is no JSON in UTF-8", errors=faults)
    raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"the body is not as expected: {faults[0].detail}", errors=faults)


def query_of(request: web.Request, model: type[Model]) -> Model:
    """The query as the model. A parameter that is not known, or comes twice, is wrong."""
    twice = [name for name in request.query if len(request.query.getall(name)) > 1]
    try:
        if not twice:
            return model.model_validate_strings(dict(request.query))
        faults = [Fault(pointer=twice[0], detail="is there twice, expected once")]
    except ValidationError as error:
        faults = faults_of(error, "")
    detail = f"the query is not as expected: {faults[0].pointer}: {faults[0].detail}"
    raise Problem(HTTPStatus.BAD_REQUEST, detail, errors=faults)


def key_of(request: web.Request) -> str:
    """The Idempotency-Key; "" where there is none."""
    keys = request.headers.getall("Idempotency-Key", [])
    if not keys:
        return ""
    if len(keys) > 1 or not KEY.fullmatch(keys[0]):
        raise Problem(HTTPStatus.BAD_REQUEST, "Idempotency-Key: expected one, of 1 to 200 visible ASCII characters")
    return keys[0]


def fingerprint(request: web.Request, raw: bytes) -> bytes:
    """By which the same request is known."""
    return hashlib.sha256(b"\0".join((request.method.encode(), request.path.encode(), raw))).digest()


def faults_of(error: ValidationError, root: str) -> list[Fault]:
    """Every value that a model refused."""
    faults = []
    for each in error.errors(include_url=False, include_input=False):
        pointer = root + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in each["loc"])
        faults.append(Fault(pointer=pointer, detail=each["msg"].removeprefix("Value error, ")))
    return faults[:20]
