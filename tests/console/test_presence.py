"""Presence by the API: what it means, that it is kept and told of, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from switchboard.domain.api_token import Scope
from switchboard.domain.presence import Presence, Status
from switchboard.postgres.presence import PostgresPresence
from tests.console.conftest import Api, token_for

PATH = "/api/v1/people/jaan/presence"
FAR = "2035-01-01T12:00:00+02:00"


async def test_somebody_is_set_and_seen(api: Api) -> None:
    before = await api("GET", PATH)
    assert (before.status, before.json["status"], before.json["set_at"]) == (200, "available", None)
    until = (api.clock.now() + timedelta(hours=2)).isoformat()
    put = await api("PUT", PATH, json={"status": "away", "until": until})
    assert (put.status, put.json["status"], put.json["is_there"]) == (200, "away", False)
    assert put.json["why"].startswith("away until ")
    assert put.json["set_by"].startswith("API token test ")
    assert datetime.fromisoformat(put.json["until"]) == datetime.fromisoformat(until)
    assert (await api("GET", PATH)).json == put.json
    api.clock.at += timedelta(hours=3)
    after = (await api("GET", PATH)).json
    assert (after["status"], after["until"], after["is_there"]) == ("available", None, True)


async def test_it_is_where_calls_and_commands_look(api: Api) -> None:
    await api("PUT", PATH, json={"status": "do_not_disturb"})
    async with PostgresPresence(api.dsn) as table:
        (kept,) = await table.all()
    assert (kept.person, kept.status, kept.until) == ("jaan", Status.DO_NOT_DISTURB, None)


async def test_a_clock_that_is_ahead_does_not_win(api: Api) -> None:
    ahead = datetime.now(UTC) + timedelta(days=1)
    async with PostgresPresence(api.dsn) as table:
        await table.set(Presence("jaan", Status.AWAY, ahead, None, "star code at 102"))
    put = await api("PUT", PATH, json={"status": "busy"})
    assert put.json["status"] == "busy"
    assert datetime.fromisoformat(put.json["set_at"]) == ahead + timedelta(microseconds=1)


async def test_who_set_it_is_in_the_audit_log(api: Api) -> None:
    await api("PUT", PATH, json={"status": "busy"})
    (row,) = await api.rows("select * from audit_log where what = 'presence.set'")
    assert row["who"].startswith("API token test ")
    assert (row["subject"], row["address"]) == ("jaan", "127.0.0.1")
    assert row["detail"] == '{"until": null, "status": "busy"}'
    assert row["token_id"] is not None


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ({"status": "asleep"}, "/status", "'available', 'busy', 'do_not_disturb' or 'away'"),
        ({}, "/status", "Field required"),
        ({"status": "away", "untill": FAR}, "/untill", "Extra inputs are not permitted"),
        ({"status": "away", "until": "15:00"}, "/until", "a time with its zone, such as"),
        ({"status": "away", "until": "2035-01-01T12:00:00"}, "/until", "a time with its zone, such as"),
        ({"status": "away", "until": "2035-13-01T12:00:00Z"}, "/until", "there is no such time"),
        ({"status": "away", "until": 1893456000}, "/until", "valid string"),
        ({"status": "away", "until": "2020-01-01T12:00:00Z"}, "/until", "a time to come"),
        ({"status": "away", "until": "9999-12-31T23:59:59-12:00"}, "/until", "a time to come, within ten years"),
        ({"status": "available", "until": FAR}, "/until", "leave it out"),
        (["away"], "/", "should be an object"),
    ],
)
async def test_what_is_wrong_is_told_with_what_was_expected(api: Api, body: Any, pointer: str, said: str) -> None:
    api.clock.at = datetime(2030, 1, 1, tzinfo=UTC)
    refused = await api("PUT", PATH, json=body)
    assert (refused.status, refused.headers["Content-Type"]) == (422, "application/problem+json")
    assert refused.json["errors"][0]["pointer"] == pointer
    assert said in refused.json["errors"][0]["detail"]
    assert not await api.rows("select from presence")


async def test_nobody_of_that_id(api: Api) -> None:
    for method, sent in (("GET", {}), ("PUT", {"json": {"status": "away"}})):
        missing = await api(method, "/api/v1/people/nobody/presence", **sent)
        assert (missing.status, missing.json["detail"]) == (404, "nobody has that id: see /api/v1/people")


async def test_why_somebody_is_absent_is_for_those_who_may_read_absences(api: Api) -> None:
    begins, ends = (f"{api.clock.now() + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (-1, 1))
    body = {"begins": begins, "ends": ends, "because": "doctor"}
    assert (await api("POST", "/api/v1/people/jaan/absences", json=body)).status == 201
    assert "(doctor)" in (await api("GET", PATH)).json["why"]
    fewer = await token_for(api.store, frozenset({Scope.PRESENCE_READ, Scope.PEOPLE_READ}))
    told = await api("GET", PATH, token=fewer)
    assert not told.json["is_there"]
    assert b"doctor" not in told.raw
    assert b"doctor" not in (await api("GET", "/api/v1/people", token=fewer)).raw
