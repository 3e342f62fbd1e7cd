"""A load of standard calls over SIP and RTP on loopback: `python -m tests.bench.caller`, a process of its own.

One standard call: INVITE, answer, a greeting; a key (RFC 4733) half a second into it, which has to stop it; the next
prompt; the other side hangs up. Greeting and prompt are tones that differ in pitch, so that every packet tells which
of the two it carries. Packets are stamped by the kernel as they arrive: latencies don't include our own event loop.

Prints one JSON object: for each call that went right its latencies in milliseconds, for the others why not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial

import uvloop

KEY = "1"
KEY_AFTER = 0.5  # seconds of greeting
KEY_LENGTH = 5  # packets of 20 ms; Asterisk stretches a key shorter than 80 ms
KEY_ENDS = 3  # the end is sent three times (RFC 4733, 2.5.1.4)
PACKET_SECONDS, PACKET_SAMPLES = 0.02, 160
EVENT_PAYLOAD_TYPE = 101
# How often 20 ms of a tone change sign: 400 Hz 16 times, 1000 Hz 40 times.
PITCH_BETWEEN = 28
SHORTEST_PROMPT = 15  # packets of 25: nobody is sure to hear the last ones
LONGEST_TAIL = 15  # packets of greeting that may still come after the key; nearly 20 would, did it not stop
RESEND_AFTER = (0.5, 1.5, 3.5)  # seconds (RFC 3261's timer A), until
CALL_DEADLINE = 10.0  # seconds
SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it
SIGN_BITS = int.from_bytes(b"\x80" * (PACKET_SAMPLES - 1))


@dataclass(slots=True)
class Outcome:
    """What a load came to. Latencies in milliseconds, one for each call that went right."""

    calls: int = 0
    answer: list[float] = field(default_factory=list)  # INVITE to 200 OK
    key_to_prompt: list[float] = field(default_factory=list)  # the key's end to the next prompt's first packet
    failures: dict[str, int] = field(default_factory=dict)  # how many, by reason


class StampedSocket:
    """A UDP socket on loopback that gives each datagram with the kernel's time of its arrival."""

    def __init__(self, on_datagram: Callable[[bytes, float], None]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self._on_datagram = on_datagram
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._readable)

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def send(self, data: bytes, to: tuple[str, int]) -> float:
        """Send, and say when (seconds since 1970)."""
        at = time.time()
        self._socket.sendto(data, to)
        return at

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _readable(self) -> None:
        while self._socket.fileno() >= 0:
            try:
                data, ancillary, _, _ = self._socket.recvmsg(2048, 64)
            except BlockingIOError:
                return
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            self._on_datagram(data, seconds + nanoseconds / 1e9)


class Load:
    """Makes calls at a rate and waits for the last."""

    def __init__(self, target: tuple[str, int], number: str, *, is_speaking: bool) -> None:
        self.target = target
        self.number = number
        self.is_speaking = is_speaking
        self.outcome = Outcome()
        self.sip = StampedSocket(self._sip_received)
        self._calls: dict[str, BenchCall] = {}

    async def run(self, calls: int, rate: float) -> Outcome:
        """Begin `calls` calls, evenly, `rate` a second; return when all are over."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        done = []
        for index in range(calls):
            await asyncio.sleep(begin + index / rate - loop.time())
            call = BenchCall(self, f"{random.getrandbits(64):016x}")
            self._calls[call.id] = call
            call.begin()
            done.append(call.over)
        self.outcome.calls = calls
        for over in done:
            await over
        self.sip.close()
        return self.outcome

    def forget(self, call: BenchCall) -> None:
        del self._calls[call.id]

    def _sip_received(self, data: bytes, at: float) -> None:
        text = data.decode()
        found = re.search(r"^Call-ID: *(\S+)", text, re.MULTILINE | re.IGNORECASE)
        call = self._calls.get(found[1]) if found else None
        if call is not None:
            call.sip_received(text, at)
        elif text.startswith("BYE "):  # sent again: our answer to the first was slow
            self.sip.send(_response_to(text), self.target)


class BenchCall:
    """One call, from INVITE to the answered BYE."""

    def __init__(self, load: Load, id_: str) -> None:
        self.id = id_
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._load = load
        self._rtp = StampedSocket(self._rtp_received)
        self._rtp_target = ("", 0)
        self._ssrc = random.getrandbits(32)
        self._sequence = random.getrandbits(15)
        self._timestamp = random.getrandbits(31)
        self._invite = self._request("INVITE", _offer(self._rtp.port))
        self._invited_at = self._answered_at = self._key_at = self._prompt_at = 0.0
        self._greeting = self._tail = self._prompt = 0  # packets
        self._timers: list[asyncio.TimerHandle] = []

    def begin(self) -> None:
        """Send the INVITE."""
        self._invited_at = self._load.sip.send(self._invite, self._load.target)
        for delay in RESEND_AFTER:
            self._later(delay, self._invite_again)
        self._later(CALL_DEADLINE, lambda: self._end("no end after 10 s " + self._heard()))

    def sip_received(self, text: str, at: float) -> None:
        """A response, or the other side's BYE."""
        if text.startswith("BYE "):
            self._load.sip.send(_response_to(text), self._load.target)
            self._bye_received()
            return
        status = int(text[8:11])
        if status < 200 or "INVITE" not in _header(text, "CSeq"):
            return
        tag = re.search(r";tag=([^;\s]+)", _header(text, "To"))
        self._load.sip.send(self._request("ACK", to_tag=tag[1] if tag else ""), self._load.target)
        if status >= 300:
            self._end(f"rejected with {status}")
        elif not self._answered_at:
            self._answered_at = at
            media = re.search(r"^m=audio (\d+)", text, re.MULTILINE)
            self._rtp_target = ("127.0.0.1", int(media[1]) if media else 0)
            if self._load.is_speaking:
                self._speak()

    def _invite_again(self) -> None:
        if not self._answered_at:
            self._load.sip.send(self._invite, self._load.target)

    def _rtp_received(self, packet: bytes, at: float) -> None:
        if len(packet) != 12 + PACKET_SAMPLES or packet[1] & 0x7F != 0:
            return
        # The sign is the top bit of a mu-law sample: count where neighbours differ.
        samples = int.from_bytes(packet[12:])
        if ((samples ^ (samples >> 8)) & SIGN_BITS).bit_count() > PITCH_BETWEEN:
            if not self._prompt:
                self._prompt_at = at
            self._prompt += 1
        elif self._key_at:
            self._tail += 1
        else:
            if not self._greeting:
                self._later(KEY_AFTER, self._press)
            self._greeting += 1

    def _press(self) -> None:
        """Send the key: packets of the event, all with the timestamp of its begin."""
        begin = self._timestamp
        for index in range(KEY_LENGTH):
            self._later(index * PACKET_SECONDS, partial(self._send_event, begin, index + 1, is_end=False))
        self._later(KEY_LENGTH * PACKET_SECONDS, lambda: self._release(begin))

    def _release(self, begin: int) -> None:
        self._key_at = self._send_event(begin, KEY_LENGTH, is_end=True)
        for _ in range(KEY_ENDS - 1):
            self._send_event(begin, KEY_LENGTH, is_end=True)

    def _send_event(self, begin: int, packets: int, *, is_end: bool) -> float:
        payload = struct.pack("!BBH", int(KEY), (0x80 if is_end else 0) | 10, packets * PACKET_SAMPLES)
        return self._send_rtp(EVENT_PAYLOAD_TYPE | (0x80 if packets == 1 else 0), begin, payload)

    def _speak(self) -> None:
        """A packet of silence every 20 ms, as a phone sends."""
        if not self.over.done():
            self._send_rtp(0, self._timestamp, b"\xff" * PACKET_SAMPLES)
            self._later(PACKET_SECONDS, self._speak)

    def _send_rtp(self, payload_type: int, timestamp: int, payload: bytes) -> float:
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + PACKET_SAMPLES) & 0xFFFFFFFF
        header = struct.pack("!BBHII", 0x80, payload_type, self._sequence, timestamp, self._ssrc)
        return self._rtp.send(header + payload, self._rtp_target)

    def _bye_received(self) -> None:
        if not self._key_at:
            self._end("hung up before the key " + self._heard())
        elif self._prompt < SHORTEST_PROMPT or self._prompt_at < self._key_at or self._tail > LONGEST_TAIL:
            self._end("heard the wrong thing " + self._heard())
        else:
            self._load.outcome.answer.append((self._answered_at - self._invited_at) * 1e3)
            self._load.outcome.key_to_prompt.append((self._prompt_at - self._key_at) * 1e3)
            self._end(None)

    def _heard(self) -> str:
        return f"(packets of greeting {self._greeting}, after the key {self._tail}, of the prompt {self._prompt})"

    def _end(self, failure: str | None) -> None:
        if self.over.done():
            return
        if failure is not None:
            failures = self._load.outcome.failures
            failures[failure] = failures.get(failure, 0) + 1
        for timer in self._timers:
            timer.cancel()
        self._rtp.close()
        self._load.forget(self)
        self.over.set_result(None)

    def _later(self, delay: float, action: Callable[[], object]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(delay, action))

    def _request(self, method: str, body: str = "", to_tag: str = "") -> bytes:
        host, port = self._load.target
        uri = f"sip:{self._load.number}@{host}:{port}"
        me = f"127.0.0.1:{self._load.sip.port}"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {me};branch=z9hG4bK{self.id}{'a' if to_tag else 'i'};rport",
            "Max-Forwards: 70",
            f"From: <sip:bench@127.0.0.1>;tag={self.id}",
            f"To: <{uri}>" + (f";tag={to_tag}" if to_tag else ""),
            f"Call-ID: {self.id}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:bench@{me}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def _offer(port: int) -> str:
    lines = [
        "v=0",
        "o=bench 1 1 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m=audio {port} RTP/AVP 0 {EVENT_PAYLOAD_TYPE}",
        "a=rtpmap:0 PCMU/8000",
        f"a=rtpmap:{EVENT_PAYLOAD_TYPE} telephone-event/8000",
        f"a=fmtp:{EVENT_PAYLOAD_TYPE} 0-16",
        "a=ptime:20",
        "a=sendrecv",
    ]
    return "\r\n".join(lines) + "\r\n"


def _header(text: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r?$", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def _response_to(text: str) -> bytes:
    """200 OK to a request."""
    kept = [line for line in text.split("\r\n") if re.match(r"(via|from|to|call-id|cseq):", line, re.IGNORECASE)]
    return ("\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0"]) + "\r\n\r\n").encode()


def main() -> None:
    """Read the arguments, make the calls, print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="SIP port on loopback to call")
    parser.add_argument("--number", required=True, help="number to dial")
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="calls begun a second")
    parser.add_argument("--speaking", action="store_true", help="send audio as a phone does, not only the key")
    given = parser.parse_args()

    async def load() -> Outcome:
        return await Load(("127.0.0.1", given.port), given.number, is_speaking=given.speaking).run(
            given.calls, given.rate
        )

    print(json.dumps(asdict(uvloop.run(load()))))


if __name__ == "__main__":
    main()
