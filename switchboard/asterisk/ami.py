"""The link to Asterisk's manager interface: panoramisk, guarded where it is weak.

AMI is used for what must not wait behind a playback: the lease on a call, and its position. Two connections
carry it, so that one that hangs costs no call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import panoramisk
import structlog
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from switchboard.errors import AsteriskError, AsteriskUnreachable

ACTION_DEADLINE = 2.0  # seconds
PING_INTERVAL = 3.0  # seconds
CONNECTIONS = 2
ANSWERS = ("Val",)  # headers of what comes after an answer that is asked for
LONGEST_LINE = 1000  # bytes; Asterisk drops a longer line of an action (manager.c, struct mansession)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AmiAddress:
    """Where AMI listens and as whom we log in."""

    port: int
    secret: str
    user: str = "switchboard"
    host: str = "127.0.0.1"


class _ByteFramedProtocol(AMIProtocol):  # type: ignore[misc]
    """panoramisk decodes each read by itself and drops a character split across two; we join whole messages first."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        self._unread += data
        end = self._unread.rfind(b"\r\n\r\n")
        if end < 0:
            return
        whole, self._unread = self._unread[: end + 4], self._unread[end + 4 :]
        super().data_received(whole)


class AmiLink:
    """One supervised AMI connection."""

    def __init__(self, address: AmiAddress) -> None:
        self._manager = panoramisk.Manager(
            host=address.host,
            port=address.port,
            username=address.user,
            secret=address.secret,
            events="off",
            reconnect_timeout=1,
            # Our own ping has a deadline; panoramisk's has none.
            ping_delay=3600,
            ping_interval=3600,
            protocol_factory=_ByteFramedProtocol,
        )
        # panoramisk sends again, after a reconnect, what was not answered before it: a lease renewed late would
        # outlive the call's bridge. Nothing is kept for later.
        self._manager.awaiting_actions = deque(maxlen=0)
        self._guard: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Logged in, and the last ping was answered."""
        return bool(self._manager.authenticated and self._manager._connected)

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        self._manager.loop = asyncio.get_running_loop()
        self._manager.connect()
        self._guard = asyncio.create_task(self._ping_with_deadline(), name="ami-guard")

    async def close(self) -> None:
        """Log off for good."""
        if self._guard is not None:
            self._guard.cancel()
            await asyncio.gather(self._guard, return_exceptions=True)
        protocol = self._manager.protocol
        if protocol is not None:
            protocol.closed = True  # or panoramisk would connect again
            protocol.transport.abort()

    def send(self, action: Mapping[str, str]) -> None:
        """Send without waiting for the answer. The caller looks at `is_up` first."""
        self._action(action)

    async def ask(self, action: Mapping[str, str]) -> Message:
        """Send and return the answer; AsteriskUnreachable after ACTION_DEADLINE, AsteriskError if refused."""
        try:
            async with asyncio.timeout(ACTION_DEADLINE):
                answer = await self._action(action)
        except TimeoutError:
            raise AsteriskUnreachable(f"AMI did not answer {action['Action']} within {ACTION_DEADLINE:g} s") from None
        if isinstance(answer, list):  # what was asked for comes after it
            answer, *told = answer
            answer.update({name: value for each in told for name, value in each.items() if name in ANSWERS})
        if answer.response == "Error":
            raise AsteriskError(f"AMI refused {action['Action']}: {answer.message}")
        return answer

    def _action(self, action: Mapping[str, str]) -> asyncio.Future[Any]:
        for name, value in action.items():
            if "\r" in value or "\n" in value or len(name) + len(value.encode()) + 2 > LONGEST_LINE:
                raise ValueError(f"{name} cannot travel in an AMI action: a line break, or over {LONGEST_LINE} bytes")
        if self._manager.protocol is None:
            raise AsteriskUnreachable("AMI is not connected")
        future: asyncio.Future[Any] = self._manager.send_action(dict(action))
        return future

    async def _ping_with_deadline(self) -> None:
        """panoramisk does not notice a half-open connection: cut it, so that it connects again."""
        while True:
            await asyncio.sleep(PING_INTERVAL)
            if not self.is_up:
                continue
            try:
                await self.ask({"Action": "Ping"})
            except AsteriskError as error:
                log.warning("ami_lost", error=str(error))
                self._manager.authenticated = False
                self._manager.protocol.transport.abort()


class AmiLinks:
    """Several connections as one: whichever works is used."""

    def __init__(self, address: AmiAddress) -> None:
        self._links = [AmiLink(address) for _ in range(CONNECTIONS)]

    @property
    def is_up(self) -> bool:
        """At least one connection works."""
        return any(link.is_up for link in self._links)

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        for link in self._links:
            await link.start()

    async def close(self) -> None:
        """Log off."""
        for link in self._links:
            await link.close()

    def set_variable(self, channel: str, name: str, value: str) -> bool:
        """Set a channel variable or function at once, without waiting; False if no connection works."""
        link = self._working()
        if link is None:
            return False
        link.send({"Action": "Setvar", "Channel": channel, "Variable": name, "Value": value})
        return True

    def notify(self, account: str, variables: str) -> bool:
        """Send a desk phone a SIP NOTIFY of these headers and lines, without waiting; False if no connection works."""
        link = self._working()
        if link is None:
            return False
        link.send({"Action": "PJSIPNotify", "Endpoint": account, "Variable": variables})
        return True

    async def global_value(self, name: str) -> str:
        """A global variable, or what a function says that needs no channel; "" where it has nothing to say.

        Raises AsteriskError if Asterisk refuses or does not answer in time.
        """
        link = self._working()
        if link is None:
            raise AsteriskUnreachable("AMI is not connected")
        answer = await link.ask({"Action": "Getvar", "Variable": name})
        return str(answer.get("Value", ""))

    async def get(self, family: str, key: str) -> str:
        """What Asterisk's database has; "" if nothing. Raises AsteriskError as `global_value`."""
        answer = await self._database({"Action": "DBGet", "Family": family, "Key": key})
        return str(answer.get("Val", "")) if answer is not None else ""

    async def remove(self, family: str, key: str) -> bool:
        """Remove it from Asterisk's database; False if it was not there. Raises AsteriskError as `global_value`."""
        return await self._database({"Action": "DBDel", "Family": family, "Key": key}) is not None

    async def put(self, family: str, key: str, value: str) -> None:
        """Write it into Asterisk's database. Raises AsteriskError as `global_value`."""
        await self._database({"Action": "DBPut", "Family": family, "Key": key, "Val": value})

    async def _database(self, action: Mapping[str, str]) -> Message | None:
        """The answer; None if there is no such entry."""
        link = self._working()
        if link is None:
            raise AsteriskUnreachable("AMI is not connected")
        try:
            return await link.ask(action)
        except AsteriskError as error:
            if "not found" in str(error) or "does not exist" in str(error):
                return None
            raise

    def _working(self) -> AmiLink | None:
        return next((link for link in self._links if link.is_up), None)
