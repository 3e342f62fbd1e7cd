"""A caller who writes his SIP requests by hand (RFC 3261 over UDP): any bytes as name, any user as number, no audio.

async with SipCaller(office.asterisk.sip_address, user="37255512345", display='"${SHELL(x)}"') as caller:
    status = await caller.dial("6001000")        # final status; acknowledged
    await caller.hang_up()
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from typing import Self

DEADLINE = 8.0  # seconds


class SipCaller(asyncio.DatagramProtocol):
    """One call at a time."""

    def __init__(self, address: str, *, user: str, display: str = "", headers: Sequence[str] = ()) -> None:
        """`user` and `display` go into the From header as they are: quoting and escaping are the test's; so do
        `headers` of the INVITE, whole lines."""
        self._headers = headers
        self._host, _, port = address.partition(":")
        self._server = (self._host, int(port))
        self._from = f"{display} <sip:{user}@{address}>;tag={secrets.token_hex(4)}"
        self._call_id = secrets.token_hex(8)
        self._transport: asyncio.DatagramTransport | None = None
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._target, self._to = "", ""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._transport is not None
        self._transport.close()

    async def dial(self, number: str) -> int:
        """Call; the final status."""
        self._target = f"sip:{number}@{self._host}:{self._server[1]}"
        self._to = f"<{self._target}>"
        branch = self._request("INVITE", 1, body=self._offer())
        final = await self._final()
        status = int(final.split(" ", 2)[1])
        self._to = _header(final, "To")
        if contact := re.search(r"(?mi)^Contact: <([^>]+)>", final):
            self._target = contact.group(1)
        self._request("ACK", 1, branch=None if status < 300 else branch)
        return status

    async def hang_up(self) -> None:
        """BYE, answered."""
        self._request("BYE", 2)
        await self._final("BYE")

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        text = data.decode("utf-8", "surrogateescape")
        if text.startswith("SIP/2.0 "):
            self._answers.put_nowait(text)
        elif text.startswith("BYE "):
            self._send(["SIP/2.0 200 OK", *_copied(text), "Content-Length: 0"])

    async def _final(self, method: str = "INVITE") -> str:
        async with asyncio.timeout(DEADLINE):
            while True:
                answer = await self._answers.get()
                if not answer.startswith("SIP/2.0 1") and _header(answer, "CSeq").endswith(method):
                    return answer

    def _request(self, method: str, sequence: int, *, branch: str | None = None, body: str = "") -> str:
        host, port = self._local
        branch = branch or f"z9hG4bK{secrets.token_hex(6)}"
        self._send(
            [
                f"{method} {self._target} SIP/2.0",
                f"Via: SIP/2.0/UDP {host}:{port};branch={branch};rport",
                f"From: {self._from}",
                f"To: {self._to}",
                f"Call-ID: {self._call_id}",
                f"CSeq: {sequence} {method}",
                f"Contact: <sip:caller@{host}:{port}>",
                "Max-Forwards: 70",
                *(self._headers if method == "INVITE" else ()),
                *(["Content-Type: application/sdp"] if body else []),
                f"Content-Length: {len(body)}",
            ],
            body,
        )
        return branch

    def _offer(self) -> str:
        host, port = self._local
        lines = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP 8", ""]
        return "\r\n".join(lines)  # audio comes to this very socket, and is not listened to

    @property
    def _local(self) -> tuple[str, int]:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def _send(self, lines: list[str], body: str = "") -> None:
        assert self._transport is not None
        message = "\r\n".join([*lines, "", body])
        self._transport.sendto(message.encode("utf-8", "surrogateescape"), self._server)


def _copied(request: str) -> list[str]:
    vias = [f"Via: {via}" for via in re.findall(r"(?mi)^Via: (.*?)\r$", request)]
    return [*vias, *(f"{name}: {_header(request, name)}" for name in ("From", "To", "Call-ID", "CSeq"))]


def _header(text: str, name: str) -> str:
    found = re.search(rf"(?mi)^{name}: (.*?)\r$", text)
    return found.group(1) if found else ""
