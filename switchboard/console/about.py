"""What the console tells of itself: its health, and the API's description."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from aiohttp import web
from pydantic import BaseModel

from switchboard.console.problem import Problem
from switchboard.console.routes import ANYBODY, Asked, Route, answered
from switchboard.errors import RecordsUnreachable

HEALTH = "/health"


class HealthTold(BaseModel):
    """All that the console stands on answers."""

    status: Literal["ok"]


async def get_health(asked: Asked) -> web.Response:
    try:
        await asked.office.store.check()
    except RecordsUnreachable:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "Postgres does not answer: nothing can be read or set here; calls go on"
        ) from None
    if not await asked.office.is_controller_answering():
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the controller does not lead calls: what is set is kept, and counts once it does; the safety net answers",
        )
    return answered(HealthTold(status="ok"))


ROUTES = (
    Route(
        "GET",
        HEALTH,
        ANYBODY,
        get_health,
        "Whether all is well; 503 tells what is not",
        answer=HealthTold,
        problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
    ),
)
