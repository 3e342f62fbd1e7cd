"""Who may do what: every route with every scope, tokens that are wrong, and what every answer carries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from switchboard.console.application import DESCRIPTION, HEADERS, ROUTES
from switchboard.console.routes import Route
from switchboard.console.wrong_secrets import ALLOWED, WITHIN
from switchboard.domain.api_token import Scope, new_token
from switchboard.domain.audit import Change
from switchboard.domain.organisation import Organisation
from tests.console.conftest import Api, Serve, token_for

GUARDED = [route for route in ROUTES if route.scope is not None]
PUBLIC = {("GET", "/health"), ("GET", DESCRIPTION)}
PRESENCE = "/api/v1/people/jaan/presence"


def called(route: Route) -> tuple[str, str, dict[str, Any]]:
    """A request that the route understands."""
    bodies: dict[tuple[str, str], dict[str, str]] = {
        ("PUT", "presence"): {"status": "busy"},
        ("POST", "absences"): {"begins": "2031-07-01", "ends": "2031-07-02"},
        ("POST", "appointments"): {"event_type": "meeting", "starts": "2031-07-01T10:00:00Z", "name": "A", "why": "x"},
        ("POST", "move"): {"starts": "2031-07-01T10:00:00Z", "why": "x"},
        ("POST", "cancel"): {"why": "x"},
        ("POST", "confirm"): {"why": "x"},
    }
    path = route.path.format(person="jaan", absence=uuid4(), appointment=uuid4(), event_type="meeting")
    body = bodies.get((route.method, path.rpartition("/")[2]))
    return route.method, path, {"json": body} if body else {}


@pytest.mark.parametrize("scope", [None, *Scope])
@pytest.mark.parametrize("route", GUARDED, ids=lambda route: f"{route.method} {route.path}")
async def test_a_route_serves_its_own_scope_and_no_other(api: Api, route: Route, scope: Scope | None) -> None:
    method, path, sent = called(route)
    token = await token_for(api.store, frozenset({scope})) if scope else ""
    answer = await api(method, path, token=token, **sent)
    if scope is route.scope:
        assert answer.status in (200, 201, 404, 409), answer.raw  # nothing has that id, or is free beyond the horizon
        return
    assert answer.status == (403 if scope else 401), answer.raw
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert not await api.rows("select from presence union all select from absences union all select from appointments")


async def test_what_the_application_serves_is_declared(api: Api) -> None:
    described = (await api("GET", DESCRIPTION, token="")).json["paths"]
    served = {(method.upper(), path) for path, methods in described.items() for method in methods}
    assert served == {(route.method, route.path) for route in ROUTES}
    assert {(route.method, route.path) for route in ROUTES if route.scope is None} < PUBLIC
    for method, path in PUBLIC:
        assert (await api(method, path, token="")).status == 200


async def test_tokens_that_are_over_allow_nothing(api: Api) -> None:
    tomorrow = api.clock.now() + timedelta(days=1)
    token = await token_for(api.store, expires_at=tomorrow)
    assert (await api("GET", PRESENCE, token=token)).status == 200
    api.clock.at = tomorrow
    assert (await api("GET", PRESENCE, token=token)).status == 401
    (row,) = await api.rows("select name from api_tokens where expires_at is null")
    assert (await api("GET", PRESENCE)).status == 200
    assert await api.store.revoke_token(row["name"], Change("a test", "token.revoked", row["name"]))
    assert (await api("GET", PRESENCE)).status == 401


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer x", "Basic eDp5", f"Bearer {'x' * 5000}", "Bearer \u00e4"])
async def test_what_is_no_token_is_refused(api: Api, sent: str) -> None:
    refused = await api("GET", PRESENCE, token="", headers={"Authorization": sent})
    assert (refused.status, refused.json["status"]) == (401, 401)


async def test_only_a_digest_is_kept(api: Api) -> None:
    (row,) = await api.rows("select api_tokens::text as told, length(digest) as bytes from api_tokens")
    assert row["bytes"] == 32
    assert api.token not in row["told"] and api.token.removeprefix("switchboard_") not in row["told"]


async def test_many_wrong_tokens_make_an_address_wait_but_not_those_who_were_right(api: Api) -> None:
    assert (await api("GET", PRESENCE)).status == 200
    unseen = await token_for(api.store)
    for _ in range(ALLOWED):
        assert (await api("GET", PRESENCE, token=new_token())).status == 401
    refused = await api("GET", PRESENCE, token=new_token())
    assert (refused.status, refused.headers["Retry-After"]) == (429, f"{WITHIN:.0f}")
    assert (await api("GET", PRESENCE, token=unseen)).status == 429
    assert (await api("GET", PRESENCE)).status == 200
    api.monotonic += WITHIN
    assert (await api("GET", PRESENCE, token=unseen)).status == 200
    assert (await api("GET", PRESENCE, token=new_token())).status == 401


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "said"),
    [
        ("GET", "/", {}, 404, "nothing is here"),
        ("GET", "/api/v1/people/../../health/x", {}, 404, "nothing is here"),
        ("POST", PRESENCE, {"json": {}}, 405, "expected one of GET, PUT"),
        ("OPTIONS", PRESENCE, {"headers": {"Origin": "https://evil.example"}}, 405, "expected one of GET, PUT"),
        ("GET", f"{PRESENCE}?a=1", {}, 400, "expected no query"),
        ("GET", "/api/v1/people?limit=0", {}, 400, "limit: Input should be greater than or equal to 1"),
        ("GET", "/api/v1/people?limit=1&limit=2", {}, 400, "limit: is there twice"),
        ("GET", "/api/v1/people?cursor=%00", {}, 400, "cursor: is no cursor of ours"),
        ("GET", "/api/v1/people?page=2", {}, 400, "page: Extra inputs are not permitted"),
        ("PUT", PRESENCE, {"data": b"{}"}, 415, "`Content-Type: application/json`"),
        ("PUT", PRESENCE, {"data": b"{", "headers": {"Content-Type": "application/json"}}, 400, "no JSON"),
        ("PUT", PRESENCE, {"data": b"\xff", "headers": {"Content-Type": "application/json"}}, 400, "no JSON"),
        ("PUT", PRESENCE, {"data": b'"\\ud800"', "headers": {"Content-Type": "application/json"}}, 400, "no JSON"),
        (
            "PUT",
            PRESENCE,
            {"data": b"{}", "headers": {"Content-Type": "application/json; charset=utf-16"}},
            415,
            "UTF-8",
        ),
        ("PUT", PRESENCE, {"json": {"status": "x" * 20_000}}, 413, "at most 16384 bytes"),
    ],
)
async def test_what_is_not_understood_is_told_as_a_problem(
    api: Api, method: str, path: str, sent: dict[str, Any], status: int, said: str
) -> None:
    refused = await api(method, path, **sent)
    assert (refused.status, refused.headers["Content-Type"]) == (status, "application/problem+json"), refused.raw
    assert refused.json["status"] == status and said in refused.json["detail"], refused.json


async def test_every_answer_is_for_nobody_else_and_for_no_page(api: Api) -> None:
    for path, token in ((PRESENCE, None), (PRESENCE, ""), ("/nothing", ""), ("/health", "")):
        headers = (await api("GET", path, token=token, headers={"Origin": "https://evil.example"})).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
        assert not [name for name in headers if name.startswith("Access-Control-")]


async def test_people_come_in_pages(api: Api, organisation: Organisation) -> None:
    seen, cursor = [], ""
    while cursor is not None:
        told = (await api("GET", f"/api/v1/people?limit=2&cursor={cursor}")).json
        assert len(told["items"]) <= 2
        seen += [person["id"] for person in told["items"]]
        cursor = told["next_cursor"]
    assert seen == sorted(organisation.people) and len(seen) > 4
    everybody = {person["id"]: person for person in (await api("GET", "/api/v1/people")).json["items"]}
    assert (everybody["jaan"]["name"], everybody["jaan"]["extension"]) == ("Jaan Sepp", "102")
    assert everybody["liis"]["extension"] is None
    fewer = await token_for(api.store, frozenset({Scope.PEOPLE_READ}))
    person = (await api("GET", "/api/v1/people", token=fewer)).json["items"][0]
    assert (person["presence"], person["absences"]) == (None, None)


async def test_departments(api: Api, organisation: Organisation) -> None:
    told = {each["id"]: each for each in (await api("GET", "/api/v1/departments")).json["items"]}
    sales = told["sales"]
    assert list(told) == sorted(organisation.departments)
    assert (sales["head"], sales["deputies"]) == ("mari", ["jaan"])
    assert sales["members"] == [person.id for person in organisation.people.values() if person.department == "sales"]
    assert (sales["extension"], sales["names"]["et"]) == ("101", "Müük")


async def test_without_postgres_a_problem_is_told_and_health_says_which(serve: Serve) -> None:
    api = await serve("postgresql://switchboard:x@127.0.0.1:9/nowhere")
    for path, said in ((PRESENCE, "Postgres does not answer"), ("/health", "Postgres does not answer")):
        refused = await api("GET", path, token=new_token())
        assert (refused.status, said in refused.json["detail"]) == (503, True)
        assert "127.0.0.1" not in refused.json["detail"]


async def test_without_the_controller_presence_is_kept_and_health_says_so(api: Api) -> None:
    api.is_controller_answering = False
    assert (await api("PUT", PRESENCE, json={"status": "away"})).status == 200
    ill = await api("GET", "/health", token="")
    assert (ill.status, ill.json["detail"].startswith("the controller does not lead calls")) == (503, True)
