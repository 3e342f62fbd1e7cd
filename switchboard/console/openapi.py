"""The API's description, OpenAPI 3.1, made of the routes and their models: it cannot tell what is not so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from switchboard import __version__
from switchboard.console import problem
from switchboard.console.problem import ProblemAnswer
from switchboard.console.routes import Route

_COMPONENT = "#/components/schemas/{model}"
_PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "person": {"schema": {"type": "string", "minLength": 1}, "description": "A person's id."},
    "appointment": {"schema": {"type": "string", "format": "uuid"}, "description": "An appointment's id."},
    "event_type": {"schema": {"type": "string", "minLength": 1}, "description": "An event type's id."},
    "absence": {"schema": {"type": "string", "format": "uuid"}, "description": "An absence's id."},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A text of your own for this request. Within a day the same request with the same key is done once "
    "and answered alike; another one is refused.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}
_EVERY = (HTTPStatus.INTERNAL_SERVER_ERROR,)
_GUARDED = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_WITH_BODY = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


def description(routes: Sequence[Route]) -> dict[str, Any]:
    """The document, as JSON values."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Switchboard",
            "version": __version__,
            "description": "People, presence, absences, appointments. What is wrong is told as RFC 9457 problems.",
        },
        "paths": paths,
        "components": {"schemas": _schemas(routes), "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(route: Route) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, **_PATH_PARAMETERS[name]}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    if route.query is not None:
        for name, schema in route.query.model_json_schema()["properties"].items():
            parameters.append({"name": name, "in": "query", "schema": schema})
    if route.takes_key:
        parameters.append(_KEY)
    operation: dict[str, Any] = {
        "operationId": route.handle.__name__,
        "summary": route.summary,
        "security": [{"token": [route.scope.value]}] if route.scope else [],
        "parameters": parameters,
        "responses": {str(status.value): _response(route, status) for status in _statuses(route)},
    }
    if route.scope:
        operation["description"] = f"The token must allow `{route.scope.value}`."
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(route.body)}},
        }
    return operation


def _statuses(route: Route) -> list[HTTPStatus]:
    guarded = _GUARDED if route.scope else ()
    return sorted({route.status, *route.problems, *_EVERY, *guarded, *(_WITH_BODY if route.body else ())})


def _response(route: Route, status: HTTPStatus) -> dict[str, Any]:
    if status is not route.status:
        more = route.conflict if status is HTTPStatus.CONFLICT else None
        schema = _reference(more or ProblemAnswer)
        return {"description": status.phrase, "content": {problem.MEDIA_TYPE: {"schema": schema}}}
    told: dict[str, Any] = {"description": status.phrase}
    if route.answer is not None:
        told["content"] = {"application/json": {"schema": _reference(route.answer)}}
    return told


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _COMPONENT.format(model=model.__name__)}


def _schemas(routes: Sequence[Route]) -> dict[str, Any]:
    bodies = {route.body for route in routes if route.body}
    answers = {route.answer for route in routes if route.answer} | {ProblemAnswer}
    answers |= {route.conflict for route in routes if route.conflict}
    ordered = sorted(((each, "validation") for each in bodies), key=lambda each: each[0].__name__)
    ordered += sorted(((each, "serialization") for each in answers), key=lambda each: each[0].__name__)
    _, told = models_json_schema(ordered, ref_template=_COMPONENT)  # type: ignore[arg-type]
    schemas: dict[str, Any] = told["$defs"]
    return schemas
