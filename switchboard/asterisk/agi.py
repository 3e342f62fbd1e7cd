"""A FastAGI server: questions that an administrator's own dialplan asks (`AGI(agi://127.0.0.1:4573/hours?table=office)`).

It is no part of a call's main path, so its absence costs nothing. Each script name has a handler, given from outside,
that answers with channel variables to set. Besides those, `SWITCHBOARD_AGI` tells how it went: "ok", "unknown" (no
such script), "refused" (wrong parameters) or "failed".

Whoever connects is on this machine, but may be anything: a port scanner, a monitor that connects and closes, a hung
Asterisk. So every phase has a deadline, sizes and connections are limited, and no connection can hold up another.
The protocol: Asterisk sends `agi_name: value` lines and an empty one; we send commands, it answers each by `200 …`
(or `HANGUP` in between, once the caller is gone); closing the connection lets the dialplan go on.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import cast
from urllib.parse import parse_qsl, unquote

import structlog

PHASE_SECONDS = 2.0  # the deadline of each: request, handler, Asterisk's answers
MOST_CONNECTIONS = 200  # more are closed at once; the dialplan goes on with AGISTATUS=FAILURE
MOST_REQUEST_BYTES = 16 * 1024  # Asterisk sends about 1 KB
STATUS = "SWITCHBOARD_AGI"

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")

log = structlog.get_logger()


class AgiRefused(ValueError):
    """A handler can't answer: a parameter is missing or names what we don't have. The message is logged."""


@dataclass(frozen=True, slots=True)
class AgiRequest:
    """What the dialplan asks. All of it is text from outside."""

    script: str  # "hours"
    parameters: Mapping[str, str]  # of the address: {"table": "office"}
    arguments: tuple[str, ...]  # of the AGI application
    caller_number: str  # "" when withheld
    caller_name: str
    dialled: str  # the extension the dialplan stands at
    channel: str
    uniqueid: str


Handler = Callable[[AgiRequest], Awaitable[Mapping[str, str]]]
"""Answers with channel variables, name (capitals) -> value. Raises AgiRefused."""


class AgiServer:
    """Listens on loopback and answers by its handlers."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        """`handlers`: script name -> who answers it."""
        self._handlers = dict(handlers)
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int, host: str = "127.0.0.1") -> None:
        """Listen. Raises OSError if the port is taken."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), host, port)

    @property
    def port(self) -> int:
        """Where it listens (for one started with port 0)."""
        assert self._server is not None, "not started"
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """How many are being answered."""
        return len(self._connections)

    async def close(self) -> None:
        """Stop listening and end what is being answered; nothing if it was never started."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.end()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def admit(self, connection: _Connection) -> bool:
        """Whether there is room for one more."""
        if len(self._connections) >= MOST_CONNECTIONS:
            log.warning("agi_too_many_connections", most=MOST_CONNECTIONS)
            return False
        self._connections.add(connection)
        return True

    def forget(self, connection: _Connection) -> None:
        """It is gone."""
        self._connections.discard(connection)

    async def answer(self, request: AgiRequest) -> list[bytes]:
        """The commands that set the answer's variables, SWITCHBOARD_AGI last."""
        handler = self._handlers.get(request.script)
        if handler is None:
            log.warning("agi_unknown_script", script=request.script, known=sorted(self._handlers))
            return [set_variable(STATUS, "unknown")]
        try:
            async with asyncio.timeout(PHASE_SECONDS):
                variables = await handler(request)
            return [set_variable(name, value) for name, value in {**variables, STATUS: "ok"}.items()]
        except AgiRefused as refusal:
            log.warning("agi_refused", script=request.script, reason=str(refusal))
            return [set_variable(STATUS, "refused")]
        except TimeoutError:
            log.error("agi_handler_late", script=request.script, seconds=PHASE_SECONDS)
        except Exception:  # the root of this request: whatever went wrong, the dialplan must go on
            log.exception("agi_handler_failed", script=request.script)
        return [set_variable(STATUS, "failed")]


class _Phase(Enum):
    REQUEST = auto()
    HANDLER = auto()
    REPLIES = auto()
    CLOSED = auto()


class _Connection(asyncio.Protocol):
    """One question. A state machine over bytes: nothing is awaited, so nothing can be left hanging."""

    def __init__(self, server: AgiServer) -> None:
        self._server = server
        self._phase = _Phase.REQUEST
        self._received = bytearray()
        self._commands: deque[bytes] = deque()  # still to be sent
        self._deadline: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._server.admit(self):
            self._enter(_Phase.REQUEST)
        else:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._phase is _Phase.HANDLER:
            if b"HANGUP" in data:  # the caller is gone: nobody waits for the answer
                self.end()
            return
        self._received += data
        if self._phase is _Phase.REQUEST:
            self._read_request()
        elif self._phase is _Phase.REPLIES:
            self._read_replies()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end()
        self._server.forget(self)

    def end(self) -> None:
        """Close, whatever is going on."""
        self._phase = _Phase.CLOSED
        self._received.clear()
        if self._deadline is not None:
            self._deadline.cancel()
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.close()

    def _enter(self, phase: _Phase) -> None:
        self._phase = phase
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None
        if phase is not _Phase.HANDLER:  # the handler's deadline is its own
            self._deadline = asyncio.get_running_loop().call_later(PHASE_SECONDS, self._too_late)

    def _too_late(self) -> None:
        log.warning("agi_connection_late", phase=self._phase.name.lower())
        self._abort()

    def _abort(self) -> None:
        transport = self._transport
        self.end()
        if transport is not None:
            transport.abort()

    def _read_request(self) -> None:
        end = self._received.find(b"\n\n")
        if len(self._received) > MOST_REQUEST_BYTES or (end < 0 and b"\r\n\r\n" in self._received):
            log.warning("agi_not_a_request", bytes=len(self._received))
            self._abort()
        elif end >= 0:
            request = parse_request(bytes(self._received[:end]))
            has_hung_up = b"HANGUP" in self._received[end:]
            self._received.clear()
            if request is None:
                log.warning("agi_not_a_request", bytes=end)
                self._abort()
                return
            if has_hung_up:
                self.end()
                return
            self._enter(_Phase.HANDLER)
            self._task = asyncio.get_running_loop().create_task(self._answer(request), name=f"agi {request.script}")

    async def _answer(self, request: AgiRequest) -> None:
        commands = await self._server.answer(request)
        self._task = None
        if self._phase is not _Phase.HANDLER or self._transport is None:
            return
        self._commands.extend(commands)
        self._enter(_Phase.REPLIES)
        # One at a time: a second one in the same packet stays unread in Asterisk's buffer until more comes.
        self._transport.write(self._commands.popleft())

    def _read_replies(self) -> None:
        if len(self._received) > MOST_REQUEST_BYTES:
            self._abort()
            return
        *lines, rest = bytes(self._received).split(b"\n")
        self._received[:] = rest
        for line in lines:
            if line.startswith(b"HANGUP"):
                continue  # Asterisk still answers what was asked
            if line[:3] in (b"510", b"511", b"520"):  # invalid; the channel is dead; wrong usage
                log.info("agi_variable_not_set", answer=line.decode("utf-8", "replace")[:80])
            if line[:3].isdigit() and line[3:4] != b"-":
                self._send_next()

    def _send_next(self) -> None:
        if self._commands and self._transport is not None:
            self._transport.write(self._commands.popleft())
        else:
            self.end()


def parse_request(text: bytes) -> AgiRequest | None:
    """The request in Asterisk's `agi_name: value` lines; None if it is not one."""
    fields: dict[str, str] = {}
    for line in text.decode("utf-8", "replace").splitlines():
        name, separator, value = line.partition(": ")
        if not separator and not line.endswith(":"):
            return None
        fields[name.rstrip(":")] = value
    script = fields.get("agi_network_script")
    if script is None:
        return None
    path, _, query = script.partition("?")
    arguments = sorted((key for key in fields if re.fullmatch(r"agi_arg_\d{1,3}", key)), key=lambda key: int(key[8:]))
    return AgiRequest(
        script=unquote(path).strip("/"),
        parameters=dict(parse_qsl(query, max_num_fields=20)) if query.count("&") < 20 else {},
        arguments=tuple(fields[key] for key in arguments),
        caller_number=_known(fields.get("agi_callerid", "")),
        caller_name=_known(fields.get("agi_calleridname", "")),
        dialled=fields.get("agi_extension", ""),
        channel=fields.get("agi_channel", ""),
        uniqueid=fields.get("agi_uniqueid", ""),
    )


def set_variable(name: str, value: str) -> bytes:
    """The command that sets a channel variable. Line breaks and control characters become spaces."""
    if not _VARIABLE.fullmatch(name):
        raise ValueError(f"{name!r} is not a channel variable's name: capitals, digits and _")
    quoted = _CONTROL.sub(" ", value).replace("\\", r"\\").replace('"', r"\"")
    return f'SET VARIABLE {name} "{quoted}"\n'.encode()


def _known(text: str) -> str:
    """Asterisk writes "unknown" where the network told nothing."""
    return "" if text == "unknown" else text
