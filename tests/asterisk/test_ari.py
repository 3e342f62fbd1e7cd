"""The link to ARI: what we ask is what Asterisk offers; it survives cuts, half-open wires and a restarted Asterisk."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from switchboard.asterisk import ari as ari_module
from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari import WANTED_EVENTS, AriAddress, AriLink
from switchboard.asterisk.ari_operations import Operation
from switchboard.errors import AsteriskUnreachable, LegGone
from tests.asterisk_fixture import PrivateAsterisk
from tests.sample_organisation import SampleConfiguration, sample_organisation
from tests.wire import Wire

DEADLINE = 15.0  # seconds


@pytest_asyncio.fixture(scope="module")
async def asterisk() -> AsyncIterator[PrivateAsterisk]:
    async with PrivateAsterisk(SampleConfiguration(sample_organisation())) as asterisk:
        yield asterisk


class Watched:
    """A link, and what it told."""

    def __init__(self, port: int, password: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.ups = 0
        self.downs = 0
        self._changed = asyncio.Event()
        self.link = AriLink(AriAddress(port, password), on_event=self.events.append, on_up=self._up, on_down=self._down)

    async def _up(self) -> None:
        self.ups += 1
        self._changed.set()

    def _down(self) -> None:
        self.downs += 1
        self._changed.set()

    async def until(self, *, ups: int = 0, downs: int = 0) -> None:
        async with asyncio.timeout(DEADLINE):
            while self.ups < ups or self.downs < downs:
                self._changed.clear()
                await self._changed.wait()


@pytest_asyncio.fixture
async def wire(asterisk: PrivateAsterisk) -> AsyncIterator[Wire]:
    async with Wire(asterisk.settings.ari_port) as wire:
        yield wire


@pytest_asyncio.fixture
async def watched(asterisk: PrivateAsterisk, wire: Wire) -> AsyncIterator[Watched]:
    watched = Watched(wire.port, asterisk.secrets.ari)
    await watched.link.start()
    await watched.until(ups=1)
    yield watched
    await watched.link.close()


async def _served_operations(asterisk: PrivateAsterisk) -> dict[tuple[str, str], dict[str, Any]]:
    resources = await asterisk.ari("GET", "/api-docs/resources.json")
    served = {}
    for resource in resources["apis"]:
        path = resource["path"].replace("{format}", "json")
        for api in (await asterisk.ari("GET", path))["apis"]:
            for operation in api["operations"]:
                served[operation["httpMethod"], api["path"].lstrip("/")] = operation
    return served


def _without_names(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


async def test_every_operation_we_use_is_served(asterisk: PrivateAsterisk) -> None:
    served = {(method, _without_names(path)): o for (method, path), o in (await _served_operations(asterisk)).items()}
    problems = []
    for name, operation in operations.ALL.items():
        found = served.get((operation.method, _without_names(operation.path)))
        if found is None:
            problems.append(f"{name}: no {operation.method} {operation.path}")
            continue
        known = {parameter["name"] for parameter in found.get("parameters", [])}
        body = any(parameter["paramType"] == "body" for parameter in found.get("parameters", []))
        unknown = set(operation.parameters) - known
        if unknown and not (body and operation is operations.FILTER_EVENTS):
            problems.append(f"{name}: no parameters {sorted(unknown)}; there are {sorted(known)}")
        missing = {
            parameter["name"]
            for parameter in found.get("parameters", [])
            if parameter.get("required") and parameter["paramType"] == "query"
        } - set(operation.parameters)
        if missing:
            problems.append(f"{name}: parameters {sorted(missing)} are required")
    assert problems == []


async def test_every_event_we_wait_for_exists(asterisk: PrivateAsterisk) -> None:
    models = (await asterisk.ari("GET", "/api-docs/events.json"))["models"]
    assert set(WANTED_EVENTS) - set(models) == set()


async def test_requests_are_answered_in_order_over_the_websocket(watched: Watched) -> None:
    info = watched.link.request(operations.GET_INFO)
    gone = watched.link.request(operations.ANSWER, channelId="nobody/../x")
    assert (await info)["config"]["name"] == "switchboard"
    with pytest.raises(LegGone, match="Channel not found"):
        await gone


async def test_http_answers_the_same(watched: Watched) -> None:
    assert (await watched.link.request_http(operations.GET_INFO))["config"]["name"] == "switchboard"
    with pytest.raises(LegGone):
        await watched.link.request_http(operations.ANSWER, channelId="nobody")


async def test_a_cut_is_told_at_once_and_mended(watched: Watched, wire: Wire) -> None:
    pending = watched.link.request(operations.GET_INFO)
    wire.cut()
    await watched.until(downs=1)
    with pytest.raises(AsteriskUnreachable):
        await pending
    with pytest.raises(AsteriskUnreachable):
        await watched.link.request(operations.GET_INFO)
    wire.mend()
    await watched.until(ups=2)
    assert await watched.link.request(operations.GET_INFO)


async def test_a_half_open_wire_is_noticed(
    asterisk: PrivateAsterisk, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ari_module, "PING_AFTER", 0.2)
    monkeypatch.setattr(ari_module, "PONG_WITHIN", 0.2)
    watched = Watched(wire.port, asterisk.secrets.ari)
    await watched.link.start()
    await watched.until(ups=1)
    wire.freeze()
    await watched.until(downs=1)
    wire.mend()
    await watched.until(ups=2)
    await watched.link.close()


async def test_a_request_has_a_deadline(watched: Watched, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ari_module, "REQUEST_DEADLINE", 0.3)
    wire.freeze()
    with pytest.raises(AsteriskUnreachable, match="did not answer within"):
        await watched.link.request(operations.GET_INFO)
    wire.mend()


async def test_an_event_delivered_twice_counts_once(watched: Watched) -> None:
    event = b'{"type":"ChannelDtmfReceived","digit":"5","timestamp":"2026-11-21T10:00:00.000+0000"}'
    again = event.replace(b"00.000", b"00.500")
    before = len(watched.events)
    for payload in (event, event, again):
        watched.link.received(payload)
    assert len(watched.events) == before + 2


async def test_a_wrong_password_is_not_hammered(
    asterisk: PrivateAsterisk, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(wire.port, "wrong")
    await watched.link.start()
    with pytest.raises(AsteriskUnreachable, match="did not answer within"):
        await watched.link.wait_up(1.0)
    await watched.link.close()
    assert wire.connections <= 8  # 0.1 s, 0.2 s, 0.4 s … apart


def test_the_table_of_operations_is_not_empty() -> None:
    assert all(isinstance(operation, Operation) for operation in operations.ALL.values())
    assert len(operations.ALL) > 20
