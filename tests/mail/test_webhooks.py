"""Other systems are told of messages: signed, once, only where the configuration says, and never elsewhere."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from switchboard.domain.notification import Way
from switchboard.postgres.outbox import PostgresOutbox
from switchboard.remote.webhooks import HttpWebhooks, secret_variable
from switchboard.services.pass_on_messages import PassingOn, Senders
from switchboard.testing.manual_clock import ManualClock
from tests.mail.messages import history, left, office, outbox, told

KEY = bytes(range(32))
ENVIRONMENT = {secret_variable("crm"): "whsec_" + base64.b64encode(KEY).decode()}


@dataclass
class Receiver:
    """A system that is told; it verifies as the specification says."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    elsewhere: int = 0

    async def hear(self, request: web.Request) -> web.Response:
        body = await request.read()
        identifier, timestamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        assert abs(datetime.now(UTC).timestamp() - int(timestamp)) < 7 * 86400
        signed = f"{identifier}.{timestamp}.".encode() + body
        expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        assert request.headers["webhook-signature"] == f"v1,{expected}"
        self.ids.append(identifier)
        self.told.append(orjson.loads(body))
        status = self.answers.pop(0) if self.answers else 204
        return web.Response(status=status, headers={"Location": "/elsewhere"} if 300 <= status < 400 else {})

    async def hear_elsewhere(self, request: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/messages", receiver.hear)
    application.router.add_route("*", "/elsewhere", receiver.hear_elsewhere)
    async with TestServer(application) as server:
        receiver.url = str(server.make_url("/messages"))
        yield receiver


@asynccontextmanager
async def telling(
    dsn: str, url: str, environment: dict[str, str] = ENVIRONMENT, deadline: float = 15
) -> AsyncIterator[tuple[PassingOn, PostgresOutbox, ManualClock, HttpWebhooks]]:
    clock = ManualClock(datetime.now(UTC) + timedelta(seconds=5))
    webhooks = HttpWebhooks("https://console.example.net", environment, deadline=deadline)
    senders = Senders(None, webhooks, lambda: office(webhooks=told(url)), clock)
    async with PostgresOutbox(dsn) as store:
        yield PassingOn(Way.WEBHOOK, lambda: PostgresOutbox(dsn), senders), store, clock, webhooks
    await webhooks.close()


async def all_told(task: PassingOn, store: PostgresOutbox) -> None:
    while await task.once(store):
        pass


async def test_a_system_is_told_once(dsn: str, receiver: Receiver) -> None:
    message_id = await left(dsn, kinds=("webhook",), transcript="Tere", transcript_by="machine", urgent=True)
    async with telling(dsn, receiver.url) as (task, store, _, _):
        await all_told(task, store)
        await all_told(task, store)
    (said,) = receiver.told
    assert said["type"] == "message.saved"
    assert said["data"]["id"] == str(message_id)
    assert said["data"]["caller"] == {"number": "+37255501234", "name": "Juku"}
    assert said["data"]["transcript"] == {"text": "Tere", "by": "machine", "confidence": None}
    assert said["data"]["url"] == f"https://console.example.net/messages/{message_id}"
    assert said["data"]["urgent"] is True
    ((what, detail),) = await history(dsn, message_id)
    assert (what, detail["by"], detail["to"]) == ("sent", "webhook", "crm")


async def test_a_no_is_tried_again_under_the_same_id_and_redirects_are_no_yes(dsn: str, receiver: Receiver) -> None:
    await left(dsn, kinds=("webhook",))
    receiver.answers += [500, 302, 307, 200]
    async with telling(dsn, receiver.url) as (task, store, clock, webhooks):
        for _ in range(4):
            await all_told(task, store)
            clock.pass_time(timedelta(hours=5))
        assert webhooks.problem is None
    assert len(receiver.ids) == 4
    assert len(set(receiver.ids)) == 1
    assert receiver.elsewhere == 0
    assert [(row["outcome"], row["attempts"]) for row in await outbox(dsn)] == [("sent", 4)]


async def test_who_is_gone_is_told_no_more(dsn: str, receiver: Receiver) -> None:
    message_id = await left(dsn, kinds=("webhook",))
    receiver.answers += [410]
    async with telling(dsn, receiver.url) as (task, store, clock, _):
        for _ in range(2):
            await all_told(task, store)
            clock.pass_time(timedelta(hours=5))
    assert len(receiver.ids) == 1
    assert [what for what, _ in await history(dsn, message_id)] == ["undelivered"]


async def test_without_its_secret_nothing_goes_out(dsn: str, receiver: Receiver) -> None:
    await left(dsn, kinds=("webhook",))
    async with telling(dsn, receiver.url, {secret_variable("crm"): "c2hvcnQ="}) as (task, store, _, webhooks):
        await all_told(task, store)
        assert webhooks.problem == "crm: the secret in SWITCHBOARD_WEBHOOK_CRM_SECRET is 5 bytes, not 24 to 64"
    assert receiver.ids == []
    assert [row["done_at"] for row in await outbox(dsn)] == [None]


async def test_who_never_answers_holds_up_nobody(dsn: str) -> None:
    await left(dsn, kinds=("webhook",))

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, telling(dsn, url, deadline=0.2) as (task, store, _, webhooks):
        await all_told(task, store)
        assert webhooks.problem == "crm: no answer in 0.2 s"
