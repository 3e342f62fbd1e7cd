"""Appointments by the API."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from switchboard.domain.api_token import Scope
from tests.console.conftest import Api, Serve, token_for

PATH = "/api/v1/appointments"
SLOTS = "/api/v1/event-types/meeting/slots"
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.fixture(autouse=True)
def on_a_monday(api: Api) -> None:
    api.clock.at = datetime.fromisoformat("2030-06-03T09:00:00+00:00")


async def free(api: Api, **query: Any) -> list[dict[str, Any]]:
    answer = await api("GET", SLOTS, params=query)
    assert answer.status == 200, answer.json
    items: list[dict[str, Any]] = answer.json["items"]
    return items


async def booked(api: Api, starts: str, **more: Any) -> dict[str, Any]:
    body = {"event_type": "meeting", "starts": starts, "name": "Anna", "why": "called in"} | more
    answer = await api("POST", PATH, json=body)
    assert answer.status == 201, answer.json
    told: dict[str, Any] = answer.json
    return told


async def test_what_can_be_booked_with_whom_and_when(api: Api) -> None:
    (tasting, meeting) = (await api("GET", "/api/v1/event-types")).json["items"]
    assert (tasting["id"], tasting["minutes"], tasting["needs"]) == ("tasting", 45, [["chef"], ["tasting_room"]])
    resources = {each["id"]: each for each in (await api("GET", "/api/v1/resources")).json["items"]}
    assert {each for need in meeting["needs"] for each in need} < set(resources)
    slots = await free(api, since="2030-06-04", until="2030-06-04", limit="3")
    assert [each["starts"][:10] for each in slots] == ["2030-06-04"] * 3
    assert await free(api, since="2030-06-08", until="2030-06-09") == []  # a weekend
    assert (await api("GET", "/api/v1/event-types/nothing/slots")).status == 404
    assert (await api("GET", SLOTS, params={"since": "soon"})).status == 400
    whom = slots[0]["resources"][0]
    assert {each["resources"][0] for each in await free(api, resource=whom, limit="9")} == {whom}


async def test_booked_moved_confirmed_and_cancelled_each_with_who_and_why(api: Api) -> None:
    (slot,) = await free(api, limit="1")
    other = (await free(api, limit="5", resource=slot["resources"][0]))[4]
    made = await booked(
        api, slot["starts"], number="5550 1234", email="anna@example.net", language="et", note="a friend"
    )
    assert (made["number"], made["language"], made["state"]) == ("+37255501234", "et", "booked")
    assert (made["starts"], made["resources"]) == (slot["starts"], slot["resources"])
    one = f"{PATH}/{made['id']}"
    assert (await api("POST", f"{one}/confirm", json={"why": "said so"})).json["state"] == "confirmed"
    moved = await api("POST", f"{one}/move", json={"starts": other["starts"], "why": "a train"})
    assert (moved.status, moved.json["starts"], moved.json["revision"]) == (200, other["starts"], 1)
    for _ in range(2):
        cancelled = await api("POST", f"{one}/cancel", json={"why": "ill"})
        assert (cancelled.status, cancelled.json["state"], cancelled.json["revision"]) == (200, "cancelled", 2)
    history = (await api("GET", one)).json["history"]
    assert [(each["what"], each["why"]) for each in history] == [
        ("booked", "called in"), ("confirmed", "said so"), ("moved", "a train"), ("cancelled", "ill"),
    ]  # fmt: skip
    assert {each["who"].split(" test")[0] for each in history} == {"API token"}
    log = await api.rows("select what, subject from audit_log where what like 'appointment%' order by id limit 4")
    assert [each["what"].partition(".")[2] for each in log] == ["booked", "confirmed", "moved", "cancelled"]
    assert {each["subject"] for each in log} == {made["id"]}
    for change in ("move", "confirm"):
        body = {"why": "again"} | ({"starts": slot["starts"]} if change == "move" else {})
        assert (await api("POST", f"{one}/{change}", json=body)).status == 409


async def test_a_time_that_is_taken_is_answered_with_others(api: Api) -> None:
    (slot,) = await free(api, limit="1")
    whom = slot["resources"][0]
    await booked(api, slot["starts"], resource=whom)
    body = {"event_type": "meeting", "starts": slot["starts"], "name": "Bob", "why": "x", "resource": whom}
    taken = await api("POST", PATH, json=body)
    assert taken.status == 409
    assert taken.headers["Content-Type"].startswith("application/problem+json")
    assert [each["resources"] for each in taken.json["alternatives"]] == [[whom]] * 3
    other = await booked(api, taken.json["alternatives"][0]["starts"], resource=whom)
    moved = await api("POST", f"{PATH}/{other['id']}/move", json={"starts": slot["starts"], "why": "x"})
    assert (moved.status, len(moved.json["alternatives"])) == (409, 3)


async def test_the_same_request_with_the_same_key_is_done_once(api: Api) -> None:
    (slot,) = await free(api, limit="1")
    body = {"event_type": "meeting", "starts": slot["starts"], "name": "Anna", "why": "called in"}
    key = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(*(api("POST", PATH, json=body, headers=key) for _ in range(4)))
    assert [each.status for each in answers] == [201] * 4
    assert len({each.json["id"] for each in answers}) == len({each.headers["Location"] for each in answers}) == 1
    assert len((await api("GET", PATH)).json["items"]) == 1
    assert len(await api.rows("select from audit_log where what = 'appointment.booked'")) == 1
    await api.rows("delete from api_answers")  # as if it had been killed before it could keep the answer
    again = await api("POST", PATH, json=body, headers=key)
    assert (again.status, again.json["id"]) == (201, answers[0].json["id"])
    other = await api("POST", PATH, json=body | {"name": "Bob"}, headers=key)
    assert (other.status, "another request" in other.json["detail"]) == (422, True)


async def test_listed_in_pages_and_by_what_they_are(api: Api) -> None:
    slots = await free(api, limit="6")
    made = [await booked(api, each["starts"], number=f"555012{number}0") for number, each in enumerate(slots)]
    found, cursor = [], ""
    while True:
        page = (await api("GET", PATH, params={"limit": "2"} | ({"cursor": cursor} if cursor else {}))).json
        found += [each["id"] for each in page["items"]]
        assert len(page["items"]) <= 2
        if (cursor := page["next_cursor"]) is None:
            break
    assert found == [each["id"] for each in made]
    await api("POST", f"{PATH}/{found[0]}/cancel", json={"why": "ill"})
    for query, expected in (
        ({}, found[1:]),
        ({"cancelled": "true"}, found),
        ({"number": made[2]["number"]}, [found[2]]),
        ({"reference": made[3]["reference"]}, [found[3]]),
        ({"event_type": "tasting"}, []),
        ({"resource": "nobody"}, []),
        ({"since": made[5]["starts"]}, [found[5]]),
        ({"until": made[2]["starts"]}, [found[1]]),
        ({"since": "2030-01-01", "until": "2030-01-02"}, []),
    ):
        answer = await api("GET", PATH, params=query)
        assert [each["id"] for each in answer.json["items"]] == expected, query
    api.clock.at += timedelta(days=400)
    assert (await api("GET", PATH)).json["items"] == []
    for wrong in ({"cursor": "x"}, {"number": "5550"}, {"limit": "0"}, {"until": "2030"}, {"nothing": "1"}):
        assert (await api("GET", PATH, params=wrong)).status == 400


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"event_type": "nothing"}, "/event_type"),
        ({"starts": "2030-06-04"}, "/starts"),
        ({"starts": "2099-06-04T10:00:00Z"}, "/starts"),
        ({"number": "12"}, "/number"),
        ({"name": ""}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"email": "anna"}, "/email"),
        ({"language": "xx"}, "/language"),
        ({"why": ""}, "/why"),
        ({"why": " "}, "/why"),
        ({"else": 1}, "/else"),
    ],
)
async def test_what_is_wrong_is_told(api: Api, wrong: dict[str, Any], pointer: str) -> None:
    body = {"event_type": "meeting", "starts": "2030-06-04T10:00:00Z", "name": "Anna", "why": "called in"} | wrong
    answer = await api("POST", PATH, json=body)
    assert answer.status == 422
    assert [each["pointer"] for each in answer.json["errors"]] == [pointer]


async def test_only_what_the_token_allows(api: Api) -> None:
    reads = await token_for(api.store, frozenset({Scope.APPOINTMENTS_READ}))
    writes = await token_for(api.store, frozenset({Scope.APPOINTMENTS_WRITE}))
    body = {"event_type": "meeting", "starts": "2030-06-04T10:00:00Z", "name": "Anna", "why": "called in"}
    assert (await api("GET", PATH, token=reads)).status == 200
    assert (await api("POST", PATH, json=body, token=reads)).status == 403
    assert (await api("GET", PATH, token=writes)).status == 403
    for one in (f"{PATH}/{uuid4()}", f"{PATH}/x"):
        assert (await api("GET", one)).status == 404
        assert (await api("POST", f"{one}/cancel", json={"why": "x"})).status == 404


async def test_without_postgres_nothing_is_promised(api: Api, serve: Serve) -> None:
    away = await serve(NOWHERE)
    away.clock.at = api.clock.at
    answer = await away("GET", PATH, token=api.token)
    assert answer.status == 503
