"""A desk phone that refuses every call with a status of the test's choosing (603, 480, 404 …), or forwards it (302).

The SIP stack of tests/phones.py only knows 486. This one speaks just enough SIP over UDP (RFC 3261, digest of
RFC 7616 with MD5): it registers, rings for a while, refuses, takes the ACK; a CANCEL ends it with 487.

    async with RefusingPhone("100", asterisk.password("100"), asterisk.sip_address, status=603) as phone:
        ...
        await phone.was_rung()
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from typing import Self

DEADLINE = 5.0  # seconds
_PHRASES = {
    302: "Moved Temporarily",
    403: "Forbidden",
    404: "Not Found",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    603: "Decline",
}


class RefusingPhone(asyncio.DatagramProtocol):
    """One phone; use it as `async with`."""

    def __init__(
        self, extension: str, password: str, address: str, *, status: int, ring_seconds: float = 0.2, forward: str = ""
    ) -> None:
        """`forward`: where a 302 sends the call, an extension or number."""
        self.forward = forward
        self.extension = extension
        self.status = status
        self.invitations = 0
        self.shown: list[str] = []  # who calls, as its display would tell
        self._password = password
        self._domain = address
        self._host, _, port = address.partition(":")
        self._server = (self._host, int(port))
        self._ring_seconds = ring_seconds
        self._transport: asyncio.DatagramTransport | None = None
        self._registered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rung = asyncio.Event()
        self._pending: dict[str, asyncio.TimerHandle] = {}
        self._expires, self._is_challenged = 300, False
        self._tag, self._call_id, self._sequence = secrets.token_hex(4), secrets.token_hex(8), 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self._register("")
        await asyncio.wait_for(self._registered, DEADLINE)
        return self

    async def __aexit__(self, *error: object) -> None:
        for timer in self._pending.values():
            timer.cancel()
        assert self._transport is not None
        self._expires, self._is_challenged = 0, False  # or its calls would go on coming here
        self._registered = asyncio.get_running_loop().create_future()
        self._register("")
        await asyncio.wait_for(self._registered, DEADLINE)
        self._transport.close()

    def contact(self) -> str:
        """Where the next 302 sends its call."""
        return f"<sip:{self.forward}@{self._domain}>"

    async def was_rung(self) -> None:
        """Wait until it was called (once more since the last time)."""
        await asyncio.wait_for(self._rung.wait(), DEADLINE)
        self._rung.clear()

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        text = data.decode("utf-8", "replace")
        first = text.partition("\r\n")[0]
        if first.startswith("SIP/2.0 "):
            self._registration_answered(int(first.split()[1]), text)
        elif first.startswith("INVITE "):
            self._invited(text)
        elif first.startswith("CANCEL "):
            self._cancelled(text)
        elif not first.startswith("ACK "):
            self._reply(text, 200, "OK")

    def _register(self, authorization: str) -> None:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        self._sequence += 1
        lines = [
            f"REGISTER sip:{self._domain} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(6)};rport",
            f"From: <sip:{self.extension}@{self._domain}>;tag={self._tag}",
            f"To: <sip:{self.extension}@{self._domain}>",
            f"Call-ID: {self._call_id}",
            f"CSeq: {self._sequence} REGISTER",
            f"Contact: <sip:{self.extension}@{host}:{port}>",
            "Max-Forwards: 70",
            f"Expires: {self._expires}",
            *([authorization] if authorization else []),
            "Content-Length: 0",
        ]
        self._send(lines)

    def _registration_answered(self, status: int, text: str) -> None:
        if self._registered.done():
            return
        if status == 200:
            self._registered.set_result(None)
        elif status == 401 and not self._is_challenged:
            self._is_challenged = True
            challenge = dict(re.findall(r'(\w+)="([^"]*)"', _header(text, "WWW-Authenticate")))
            self._register(self._authorization(challenge))
        elif status >= 300:
            self._registered.set_exception(ConnectionRefusedError(f"REGISTER was answered {status}"))

    def _authorization(self, challenge: dict[str, str]) -> str:
        uri, count, nonce = f"sip:{self._domain}", "00000001", secrets.token_hex(4)
        who = _md5(f"{self.extension}:{challenge['realm']}:{self._password}")
        proof = _md5(f"{who}:{challenge['nonce']}:{count}:{nonce}:auth:{_md5(f'REGISTER:{uri}')}")
        opaque = f', opaque="{challenge["opaque"]}"' if "opaque" in challenge else ""
        return (
            f'Authorization: Digest username="{self.extension}", realm="{challenge["realm"]}", '
            f'nonce="{challenge["nonce"]}", uri="{uri}", response="{proof}", algorithm=MD5, qop=auth, '
            f'nc={count}, cnonce="{nonce}"{opaque}'
        )

    def _invited(self, text: str) -> None:
        call_id = _header(text, "Call-ID")
        if call_id in self._pending:
            return  # sent again
        self.invitations += 1
        self.shown.append(_header(text, "From").partition("<")[0].strip(' "'))
        self._reply(text, 180, "Ringing")
        refuse = asyncio.get_running_loop().call_later(
            self._ring_seconds, self._reply, text, self.status, _PHRASES.get(self.status, "No")
        )
        self._pending[call_id] = refuse
        self._rung.set()

    def _cancelled(self, text: str) -> None:
        self._pending[_header(text, "Call-ID")].cancel()
        self._reply(text, 200, "OK")
        self._reply(text.replace(" CANCEL\r\n", " INVITE\r\n"), 487, "Request Terminated")

    def _reply(self, request: str, status: int, phrase: str) -> None:
        to = _header(request, "To")
        self._send(
            [
                f"SIP/2.0 {status} {phrase}",
                *(f"Via: {via}" for via in re.findall(r"(?mi)^Via: (.*?)\r$", request)),
                f"From: {_header(request, 'From')}",
                f"To: {to}" if ";tag=" in to else f"To: {to};tag={self._tag}",
                f"Call-ID: {_header(request, 'Call-ID')}",
                f"CSeq: {_header(request, 'CSeq')}",
                *([f"Contact: {self.contact()}"] if status == 302 else []),
                "Content-Length: 0",
            ]
        )

    def _send(self, lines: list[str]) -> None:
        assert self._transport is not None
        self._transport.sendto("\r\n".join([*lines, "", ""]).encode(), self._server)


def _header(text: str, name: str) -> str:
    found = re.search(rf"(?mi)^{name}: (.*?)\r$", text)
    return found.group(1) if found else ""


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
