"""Absences by the API, and requests that are sent twice."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.console.conftest import Api, token_for

PATH = "/api/v1/people/jaan/absences"


@pytest.fixture(autouse=True)
def in_june(api: Api) -> None:
    api.clock.at = datetime(2030, 6, 3, 9, tzinfo=UTC)


async def test_days_are_the_organisations_and_the_last_one_counts(api: Api) -> None:
    added = await api("POST", PATH, json={"begins": "2030-07-01", "ends": "2030-07-14", "because": " summer  holiday "})
    assert added.status == 201
    assert datetime.fromisoformat(added.json["begins"]) == datetime(2030, 6, 30, 21, tzinfo=UTC)
    assert datetime.fromisoformat(added.json["ends"]) == datetime(2030, 7, 14, 21, tzinfo=UTC)
    assert added.json["because"] == "summer holiday"
    assert added.headers["Location"] == f"{PATH}/{added.json['id']}"
    assert (await api("GET", PATH)).json == {"items": [added.json]}
    api.clock.at = datetime(2030, 7, 14, 20, 59, tzinfo=UTC)
    assert not (await api("GET", "/api/v1/people/jaan/presence")).json["is_there"]
    api.clock.at += timedelta(minutes=1)
    assert (await api("GET", "/api/v1/people/jaan/presence")).json["is_there"]


async def test_it_is_taken_back_by_its_person_and_id(api: Api) -> None:
    added = await api("POST", PATH, json={"begins": "2030-07-01T13:00:00Z", "ends": "2030-07-01T15:00:00Z"})
    of_another = added.headers["Location"].replace("jaan", "mari")
    assert (await api("DELETE", of_another)).status == 404
    gone = await api("DELETE", added.headers["Location"])
    assert (gone.status, gone.raw) == (204, b"")
    assert (await api("DELETE", added.headers["Location"])).status == 404
    assert (await api("GET", PATH)).json == {"items": []}
    told = await api.rows("select what, subject from audit_log where what like 'absence%' order by id")
    assert told == [{"what": f"absence.{each}", "subject": "jaan"} for each in ("added", "removed")]
    assert (await api("DELETE", f"{PATH}/no-uuid")).status == 404


async def test_those_of_people_yaml_are_told_without_an_id(api: Api) -> None:
    (holiday,) = (await api("GET", "/api/v1/people/mari/absences")).json["items"]
    assert (holiday["id"], holiday["because"]) == (None, "summer holiday")


async def test_the_same_request_with_the_same_key_is_done_once(api: Api) -> None:
    body = {"begins": "2030-07-01", "ends": "2030-07-02"}
    key = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(*(api("POST", PATH, json=body, headers=key) for _ in range(5)))
    assert [each.status for each in answers] == [201] * 5
    assert len({each.json["id"] for each in answers}) == 1
    assert len({each.headers["Location"] for each in answers}) == 1
    assert sorted(each.headers.get("Idempotency-Replayed", "") for each in answers) == ["", *["true"] * 4]
    assert len((await api("GET", PATH)).json["items"]) == 1
    assert len(await api.rows("select from audit_log where what = 'absence.added'")) == 1


async def test_a_key_belongs_to_one_request_of_one_token(api: Api) -> None:
    key = {"Idempotency-Key": "monday"}
    assert (await api("POST", PATH, json={"begins": "2030-07-01", "ends": "2030-07-02"}, headers=key)).status == 201
    other = {"begins": "2030-08-01", "ends": "2030-08-02"}
    refused = await api("POST", PATH, json=other, headers=key)
    assert (refused.status, "another request" in refused.json["detail"]) == (422, True)
    token = await token_for(api.store)
    assert (await api("POST", PATH, json=other, headers=key, token=token)).status == 201
    for wrong in ("", "a b", "x" * 201):
        assert (await api("POST", PATH, json=other, headers={"Idempotency-Key": wrong})).status == 400


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ({"begins": "2030-07-01"}, "/ends", "Field required"),
        ({"begins": "1.7.2030", "ends": "2030-07-02"}, "/begins", "a day such as 2026-12-21"),
        ({"begins": "2030-07-01", "ends": "2030-06-31"}, "/ends", "there is no such day"),
        ({"begins": "2030-07-02", "ends": "2030-07-01"}, "/ends", "a time after `begins`"),
        ({"begins": "2030-05-01", "ends": "2030-05-02"}, "/ends", "is over"),
        ({"begins": "0001-01-01", "ends": "2030-07-02"}, "/begins", "ten years"),
        ({"begins": "2030-07-01", "ends": "9999-12-31"}, "/ends", "ten years"),
        ({"begins": "2030-07-01", "ends": "2030-07-02", "because": "x" * 501}, "/because", "at most 500"),
        ({"begins": "2030-07-01", "ends": "2030-07-02", "because": "a\x00b"}, "/because", "printable"),
    ],
)
async def test_what_is_wrong_is_told(api: Api, body: Any, pointer: str, said: str) -> None:
    refused = await api("POST", PATH, json=body)
    assert refused.status == 422, refused.raw
    assert refused.json["errors"][0]["pointer"] == pointer
    assert said in refused.json["errors"][0]["detail"]
    assert not await api.rows("select from absences")
