"""The link to Asterisk's REST interface: one websocket for events and requests, HTTP for the slow ones.

Source: Asterisk's "ARI" and "REST over WebSocket" documentation; measured facts in the operator's guide,
asterisk-config/README.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson
import picows
import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari_operations import Operation
from switchboard.errors import AsteriskError, AsteriskUnreachable, LegGone

APPLICATION = "switchboard"
REQUEST_DEADLINE = 5.0  # seconds until a request counts as unanswered
SWEEP_INTERVAL = 0.5  # seconds between looks for unanswered requests
PING_AFTER = 2.0  # seconds of silence until Asterisk is pinged
PONG_WITHIN = 2.0  # seconds until a missed pong means that the link is half-open
FIRST_BACKOFF, LAST_BACKOFF = 0.1, 3.0  # seconds between attempts to connect
HTTP_CONNECTIONS = 32  # Asterisk's HTTP server has a listen backlog of 10
SEEN_EVENTS = 64  # how many past events a duplicate is looked for in

#: Events we act on; Asterisk is told to send no others.
WANTED_EVENTS = (
    "ApplicationReplaced",
    "BridgeAttendedTransfer",
    "BridgeBlindTransfer",
    "CallBroadcast",
    "ChannelDestroyed",
    "ChannelDtmfReceived",
    "ChannelEnteredBridge",
    "ChannelHangupRequest",
    "DeviceStateChanged",
    "Dial",
    "PlaybackFinished",
    "RecordingFailed",
    "RecordingFinished",
    "RESTResponse",  # the filter takes answers to requests for events, too
    "StasisEnd",
    "StasisStart",
)

Event = dict[str, Any]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AriAddress:
    """Where ARI listens and as whom we speak to it."""

    port: int
    password: str
    user: str = APPLICATION
    host: str = "127.0.0.1"

    @property
    def authorization(self) -> str:
        """The Authorization header (RFC 7617)."""
        return "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()


class AriLink:
    """A supervised link: connects, notices a dead or half-open peer, reconnects with backoff.

    `on_event` gets each event once, in order, and must not block. `on_up` is awaited after each connect, when requests
    can be made again, and has to rebuild what was missed: Asterisk replays nothing. `on_down` is called at each loss.
    """

    def __init__(
        self,
        address: AriAddress,
        *,
        on_event: Callable[[Event], None],
        on_up: Callable[[], Awaitable[None]],
        on_down: Callable[[], None],
    ) -> None:
        self._address = address
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._transport: picows.WSTransport | None = None
        self._pending: dict[str, tuple[asyncio.Future[Any], float]] = {}
        self._numbers = itertools.count(1)
        self._seen: deque[bytes] = deque(maxlen=SEEN_EVENTS)
        self._http: aiohttp.ClientSession | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._rebuilt = asyncio.Event()  # up, and on_up has finished

    @property
    def is_up(self) -> bool:
        """Requests can be made."""
        return self._up.is_set()

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        self._http = aiohttp.ClientSession(
            f"http://{self._address.host}:{self._address.port}",
            headers={"Authorization": self._address.authorization},
            connector=aiohttp.TCPConnector(limit=HTTP_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=2 * REQUEST_DEADLINE),
            json_serialize=lambda value: orjson.dumps(value).decode(),
        )
        self._supervisor = asyncio.create_task(self._supervise(), name="ari-link")

    async def close(self) -> None:
        """Drop the link for good. Calls stay in Asterisk, under their lease."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    async def wait_up(self, timeout: float) -> None:
        """Return when the link is up and what was missed is rebuilt; AsteriskUnreachable after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._rebuilt.wait()
        except TimeoutError:
            raise AsteriskUnreachable(
                f"ARI on {self._address.host}:{self._address.port} did not answer within {timeout:g} s"
            ) from None

    def request(self, operation: Operation, /, **values: Any) -> asyncio.Future[Any]:
        """Make a request over the websocket; the future gives the decoded body.

        It fails with LegGone (404, 409 and their kin), AsteriskError, or AsteriskUnreachable after REQUEST_DEADLINE.
        Requests are served one at a time, in order, so a caller need not await one before making the next.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        if self._transport is None:
            future.set_exception(AsteriskUnreachable("the link to Asterisk is down"))
            return future
        number = str(next(self._numbers))
        message: Event = {"type": "RESTRequest", "request_id": number, "method": operation.method}
        message["uri"], body = _address_and_body(operation, values)
        if body:
            message["content_type"] = "application/json"
            message["message_body"] = orjson.dumps(body).decode()
        self._pending[number] = (future, loop.time())
        self._transport.send(picows.WSMsgType.TEXT, orjson.dumps(message))
        return future

    async def request_http(self, operation: Operation, /, **values: Any) -> Any:
        """The same over HTTP, for what may be slow or large, so that it does not hold up the websocket."""
        assert self._http is not None, "start() comes first"
        uri, body = _address_and_body(operation, values)
        try:
            async with self._http.request(operation.method, f"/ari/{uri}", json=body or None) as response:
                text = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise AsteriskUnreachable(f"{operation.method} {uri}: {error or 'no answer in time'}") from error
        failure = _failure(response.status, uri, text.decode(errors="replace"))
        if failure is not None:
            raise failure
        return orjson.loads(text) if text else None

    async def _supervise(self) -> None:
        backoff = FIRST_BACKOFF
        while True:
            try:
                await self._connect_and_serve()
                backoff = FIRST_BACKOFF
            except (OSError, picows.WSError, AsteriskError, LegGone, TimeoutError) as error:
                log.warning("ari_connect_failed", error=str(error) or type(error).__name__, again_in=round(backoff, 1))
            await asyncio.sleep(backoff * random.uniform(0.7, 1.3))  # noqa: S311
            backoff = min(backoff * 2, LAST_BACKOFF)

    async def _connect_and_serve(self) -> None:
        query = urlencode({"app": APPLICATION, "subscribeAll": "false"})
        async with asyncio.timeout(REQUEST_DEADLINE):
            transport, _ = await picows.ws_connect(
                lambda: _Listener(self),
                f"ws://{self._address.host}:{self._address.port}/ari/events?{query}",
                extra_headers={"Authorization": self._address.authorization},
                enable_auto_ping=True,
                auto_ping_idle_timeout=PING_AFTER,
                auto_ping_reply_timeout=PONG_WITHIN,
                proxy=None,
            )
        self._transport = transport
        sweeper = asyncio.create_task(self._sweep(), name="ari-deadlines")
        watcher = asyncio.create_task(self._watch(transport), name="ari-watch")
        try:
            await self.request(
                operations.FILTER_EVENTS,
                applicationName=APPLICATION,
                allowed=[{"type": name} for name in WANTED_EVENTS],
            )
            self._up.set()
            log.info("ari_connected", port=self._address.port)
            await self._on_up()
            if self.is_up:
                self._rebuilt.set()
            await transport.wait_disconnected()
        finally:
            self._lost()
            transport.disconnect(graceful=False)
            sweeper.cancel()
            watcher.cancel()

    async def _watch(self, transport: picows.WSTransport) -> None:
        """Fail what is asked as soon as the connection is gone, even while we are still setting it up.

        picows gives a connection that was closed before the handshake out as connected.
        """
        await transport.wait_disconnected()
        self._lost()

    def _lost(self) -> None:
        was_up = self.is_up
        self._up.clear()
        self._rebuilt.clear()
        self._transport = None
        pending, self._pending = self._pending, {}
        for future, _ in pending.values():
            if not future.done():
                future.set_exception(AsteriskUnreachable("the link to Asterisk was lost"))
                future.exception()  # a request nobody awaits is no warning
        if was_up:
            log.warning("ari_lost", unanswered=len(pending))
            self._on_down()

    async def _sweep(self) -> None:
        """Fail requests past their deadline: one timer for all, because nearly every request is answered in time."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_INTERVAL)
            overdue = loop.time() - REQUEST_DEADLINE
            for number, (future, since) in list(self._pending.items()):
                if since > overdue:
                    break
                del self._pending[number]
                if not future.done():
                    future.set_exception(AsteriskUnreachable(f"ARI did not answer within {REQUEST_DEADLINE:g} s"))
                    future.exception()

    def received(self, payload: bytes) -> None:
        """One message from Asterisk: an answer to a request, or an event."""
        message: Event = orjson.loads(payload)
        if message["type"] == "RESTResponse":
            self._answered(message)
            return
        # Overlapping subscriptions deliver an event twice, to the byte.
        print_ = hashlib.blake2b(payload, digest_size=8).digest()
        if print_ in self._seen:
            return
        self._seen.append(print_)
        self._on_event(message)

    def _answered(self, message: Event) -> None:
        future, _ = self._pending.pop(message["request_id"], (None, 0.0))
        if future is None or future.done():
            return
        body = message.get("message_body", "")
        failure = _failure(message["status_code"], message.get("uri", ""), body)
        if failure is not None:
            future.set_exception(failure)
            future.exception()
        else:
            future.set_result(orjson.loads(body) if body else None)


class _Listener(picows.WSListener):
    """Joins fragments and hands whole messages over."""

    def __init__(self, link: AriLink) -> None:
        super().__init__()
        self._link = link
        self._fragments = b""

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type in (picows.WSMsgType.TEXT, picows.WSMsgType.CONTINUATION):
            payload = frame.get_payload_as_bytes()
            if not frame.fin:
                self._fragments += payload
                return
            if self._fragments:
                payload, self._fragments = self._fragments + payload, b""
            try:
                self._link.received(payload)
            except (orjson.JSONDecodeError, KeyError) as error:
                log.error("ari_message_not_understood", error=str(error))
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            transport.disconnect()


def _address_and_body(operation: Operation, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Where a request goes and what it carries. Values are quoted: nothing in an id can name another resource."""
    uri = operation.path
    body = {}
    for name, value in values.items():
        field = "{" + name + "}"
        if field in uri:
            uri = uri.replace(field, quote(str(value), safe=""))
        elif value is not None:
            body[name] = value
    if body and operation.method in ("GET", "DELETE"):
        return f"{uri}?{urlencode(body)}", {}
    return uri, body


def _failure(status: int, uri: str, body: str) -> AsteriskError | LegGone | None:
    if status < 300:
        return None
    # 404: destroyed; 409: no longer in Stasis; 412: not in the right state; 400, 422: bridge operations for the same.
    if status in (404, 409, 412, 422) or (status == 400 and uri.startswith("bridges/")):
        return LegGone(f"{uri}: {status} {body[:200]}")
    return AsteriskError(f"{uri}: {status} {body[:200]}")
