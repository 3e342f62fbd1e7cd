"""SIP written by hand (RFC 3261 over UDP): any bytes anywhere, many calls at once from one socket, no audio.

async with RawSip(asterisk.sip_address) as stranger:
    answer = await stranger.invite("6001000", user="37255512345")     # acknowledged if it is final
    refused = await answer.call.request("REFER", {"Refer-To": "<sip:95551234@line>"})
    await answer.call.hang_up()

async with TrunkSpy() as spy:              # what stands at the other end of a trunk: notes each request, takes none
    spy.address, spy.seen
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

DEADLINE = 10.0  # seconds
_MAGIC = "z9hG4bK"


@dataclass(frozen=True)
class Answer:
    """A final response; status 0: none came, the request was dropped."""

    status: int
    text: str
    call: RawCall


@dataclass
class RawCall:
    """One dialog, from the caller's side."""

    sip: RawSip
    call_id: str
    sender: str  # the From header's value
    recipient: str  # the To header's value; with the tag once answered
    target: str
    sequence: int = 1

    @property
    def tags(self) -> str:
        """For a Replaces header of somebody else."""
        ours, theirs = (re.search(r";tag=([^;>\s]+)", each) for each in (self.sender, self.recipient))
        return f"{self.call_id};to-tag={theirs[1] if theirs else ''};from-tag={ours[1] if ours else ''}"

    async def request(
        self, method: str, headers: Mapping[str, str] | None = None, body: str = "", timeout: float = DEADLINE
    ) -> Answer:
        """A request within the dialog; its final response."""
        self.sequence += 1
        return await self.sip.send(self, method, headers or {}, body, timeout)

    async def hang_up(self) -> None:
        await self.request("BYE")


class RawSip(asyncio.DatagramProtocol):
    """One socket. `host` is where it sends from: the addresses of 127.0.0.0/8 are all this machine's."""

    def __init__(self, server: str, host: str = "127.0.0.1") -> None:
        self.server = server
        self._peer = (server.partition(":")[0], int(server.partition(":")[2]))
        self._host = host
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[tuple[str, str], asyncio.Future[str]] = {}

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self._host, 0))
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._transport is not None
        self._transport.close()

    @property
    def address(self) -> str:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    def new_call(self, uri: str, user: str, sender: str = "", recipient: str = "") -> RawCall:
        """A dialog to be; `uri` is a whole one, or what stands before the @ (written as it is)."""
        target = uri if uri.startswith(("sip:", "sips:", "tel:")) else f"sip:{uri}@{self.server}"
        sender = (sender or f"<sip:{user}@{self.server}>") + f";tag={secrets.token_hex(4)}"
        return RawCall(self, secrets.token_hex(8), sender, recipient or f"<{target}>", target)

    async def invite(
        self,
        uri: str,
        *,
        user: str = "37255500099",
        password: str = "",
        headers: Mapping[str, str] | None = None,
        sender: str = "",
        recipient: str = "",
        timeout: float = DEADLINE,
    ) -> Answer:
        """Call, with the password if asked for one; the final answer, acknowledged."""
        call = self.new_call(uri, user, sender, recipient)
        headers = dict(headers or {})
        answer = await self.send(call, "INVITE", headers, self.offer(), timeout)
        if answer.status == 401 and password:
            call.sequence += 1
            call.recipient = recipient or f"<{call.target}>"  # without the tag of the refusal
            proof = authorization(answer.text, "INVITE", call.target, user, password)
            answer = await self.send(call, "INVITE", headers | {"Authorization": proof}, self.offer(), timeout)
        return answer

    async def send(
        self, call: RawCall, method: str, headers: Mapping[str, str], body: str = "", timeout: float = DEADLINE
    ) -> Answer:
        """Any request; the final response to it."""
        branch = _MAGIC + secrets.token_hex(6)
        sequence = f"{call.sequence} {method}"
        final = self._waiting[call.call_id, sequence] = asyncio.get_running_loop().create_future()
        self._write(call, method, branch, headers, body)
        try:
            text = await asyncio.wait_for(final, timeout)
        except TimeoutError:
            return Answer(0, "", call)
        finally:
            del self._waiting[call.call_id, sequence]
        status = int(text.split(" ", 2)[1])
        if method == "INVITE":
            call.recipient = header(text, "To")
            if status < 300 and (contact := re.search(r"(?mi)^Contact: <([^>]+)>", text)):
                call.target = contact[1]
            self._write(call, "ACK", branch if status >= 300 else _MAGIC + secrets.token_hex(6), {}, "")
        return Answer(status, text, call)

    def offer(self) -> str:
        """Audio to this very socket, where nobody listens."""
        host, _, port = self.address.partition(":")
        return audio(host, port)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        text = data.decode("utf-8", "surrogateescape")
        if text.startswith("SIP/2.0 "):
            waiting = self._waiting.get((header(text, "Call-ID"), header(text, "CSeq")))
            if waiting is not None and not waiting.done() and not text.startswith("SIP/2.0 1"):
                waiting.set_result(text)
        elif re.match(r"(BYE|NOTIFY|OPTIONS|INFO|UPDATE|CANCEL) ", text) and self._transport is not None:
            self._transport.sendto(response(text, "200 OK"), addr)

    def _write(self, call: RawCall, method: str, branch: str, headers: Mapping[str, str], body: str) -> None:
        assert self._transport is not None
        own = {
            "Via": f"SIP/2.0/UDP {self.address};branch={branch};rport",
            "From": call.sender,
            "To": call.recipient,
            "Call-ID": call.call_id,
            "CSeq": f"{call.sequence} {method}",
            "Contact": f"<sip:caller@{self.address}>",
            "Max-Forwards": "70",
        }
        own |= {"Content-Type": "application/sdp"} if body else {}
        own |= {**headers, "Content-Length": str(len(body))}
        lines = [f"{method} {call.target} SIP/2.0", *(f"{name}: {value}" for name, value in own.items()), "", body]
        self._transport.sendto("\r\n".join(lines).encode("utf-8", "surrogateescape"), self._peer)


class TrunkSpy(asyncio.DatagramProtocol):
    """The provider's end of a trunk: alive (OPTIONS), and knows who was asked for. Busy, unless it `accepts` calls."""

    def __init__(self, *, accepts: bool = False) -> None:
        self.accepts = accepts
        self.seen: list[str] = []  # first line of each request other than OPTIONS and ACK, oldest first
        self.texts: list[str] = []  # the same, whole
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._transport is not None
        self._transport.close()

    @property
    def address(self) -> str:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    @property
    def dialled(self) -> list[str]:
        """The numbers asked for, oldest first."""
        return [found[1] for line in self.seen if (found := re.match(r"INVITE sip:([^@]*)@", line))]

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        text = data.decode("utf-8", "replace")
        method = text.partition(" ")[0]
        assert self._transport is not None
        if method not in ("OPTIONS", "ACK") and not method.startswith("SIP/"):
            self.seen.append(text.partition("\r\n")[0])
            self.texts.append(text)
        if method == "INVITE" and self.accepts:
            self._transport.sendto(response(text, "200 OK", self.address, self._answer()), addr)
        elif method not in ("ACK", "SIP/2.0"):
            self._transport.sendto(response(text, "486 Busy Here" if method == "INVITE" else "200 OK"), addr)

    def _answer(self) -> str:
        host, _, port = self.address.partition(":")
        return audio(host, port)


def audio(host: str, port: str) -> str:
    """A session description: audio to this address."""
    lines = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP 8 101"]
    return "\r\n".join([*lines, "a=rtpmap:101 telephone-event/8000", ""])


def response(request: str, status: str, contact: str = "", body: str = "") -> bytes:
    """The least response to a request; with a session description if it is answered at `contact`."""
    vias = [f"Via: {via}" for via in re.findall(r"(?mi)^Via: (.*?)\r$", request)]
    to = header(request, "To")
    copied = [f"{name}: {header(request, name)}" for name in ("From", "Call-ID", "CSeq")]
    tagged = to if ";tag=" in to else f"{to};tag={secrets.token_hex(4)}"
    answered = [f"Contact: <sip:{contact}>", "Content-Type: application/sdp"] if contact else []
    lines = [f"SIP/2.0 {status}", *vias, f"To: {tagged}", *copied, *answered, f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines).encode()


def header(text: str, name: str) -> str:
    """A header's value, "" if there is none."""
    found = re.search(rf"(?mi)^{name}: (.*?)\r$", text)
    return found[1] if found else ""


def authorization(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The proof of a password (RFC 7616, MD5) that a 401 asks for."""
    asked = dict(re.findall(r'(\w+)="([^"]*)"', header(challenge, "WWW-Authenticate")))
    count, own = "00000001", secrets.token_hex(4)
    who = _md5(f"{user}:{asked['realm']}:{password}")
    proof = _md5(f"{who}:{asked['nonce']}:{count}:{own}:auth:{_md5(f'{method}:{uri}')}")
    opaque = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
    return (
        f'Digest username="{user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", '
        f'response="{proof}", algorithm=MD5, qop=auth, nc={count}, cnonce="{own}"{opaque}'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
