"""One call as a phone sees it: what the person does, what they hear. tests/phones.py makes them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import baresip
import numpy as np

from tests import hearing
from tests.hearing import RATE, Audio, Heard

if TYPE_CHECKING:
    from tests.phones import Phone

DEADLINE = 10.0  # seconds; the default of every wait
_FRAME = 0.02  # seconds of audio in one packet
_GAP = 0.1  # seconds without packets from which we hear silence
_PCM = 32767


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended, as this phone saw it."""

    status: int | None  # SIP status of a call that never was; None for a hangup
    reason: str


class PhoneCall:
    """One call, seen from a phone. Made by Phone.dial and Phone.rung."""

    def __init__(self, call: baresip.Call, phone: Phone) -> None:
        self.phone = phone
        self.peer: str = call.peer or ""
        self.began = time.monotonic()
        self._call = call
        self._events: list[baresip.Event] = []
        self._ending: Ending | None = None
        self._changed = asyncio.Event()
        self._heard: list[Audio] = []
        self._heard_samples = 0
        self._hearing_since: float | None = None
        self._last_pcm = 0.0
        self._to_say = np.zeros(0, np.float32)
        self._loop_say = False
        call.on(self._on_event)
        self._pump = asyncio.create_task(self._pump_audio(), name=f"audio of {phone.user}")

    # -- state

    @property
    def is_established(self) -> bool:
        return self._call.state is baresip.CallState.ESTABLISHED

    @property
    def is_ended(self) -> bool:
        return self._ending is not None

    @property
    def is_ringing(self) -> bool:
        """Outgoing: the far end said 180 or 183."""
        return bool({baresip.Event.CALL_RINGING, baresip.Event.CALL_PROGRESS} & set(self._events))

    async def established(self, timeout: float = DEADLINE) -> Self:
        """Wait until the call is answered; AssertionError if it ends instead."""
        await self._until(lambda: self.is_established or self.is_ended, timeout, "answered")
        assert not self.is_ended, f"{self.phone.user}: the call ended unanswered: {self._ending}"
        return self

    async def ringing(self, timeout: float = DEADLINE) -> None:
        """Wait until the far end rings."""
        await self._until(lambda: self.is_ringing or self.is_ended, timeout, "ringing")
        assert self.is_ringing, f"{self.phone.user}: ended before it rang: {self._ending}"

    async def ended(self, timeout: float = DEADLINE) -> Ending:
        """Wait until the call is over; never hangs up by itself."""
        await self._until(lambda: self.is_ended, timeout, "ended")
        assert self._ending is not None
        return self._ending

    # -- what a person does

    async def answer(self) -> Self:
        await self._call.answer()
        return await self.established()

    async def busy(self) -> None:
        """Refuse with 486 Busy Here."""
        await self._call.reject()

    async def hang_up(self) -> None:
        """End the call and wait until it has; nothing if it is gone already."""
        with contextlib.suppress(baresip.StaleHandleError):
            await self._call.hangup()
        await self.ended()

    async def press(self, keys: str) -> None:
        """Press keys, one after the other (RFC 4733 telephone events)."""
        await self._call.send_dtmf(keys)

    async def hold(self) -> None:
        await self._call.hold()

    async def resume(self) -> None:
        await self._call.resume()

    async def transfer(self, to: str, timeout: float = DEADLINE) -> None:
        """Blind transfer to a number (or a whole `sip:` address), by the phone's own button (REFER)."""
        uri = to if to.startswith("sip:") else f"sip:{to}@{self.phone.address}"
        await self._call.transfer(uri, timeout=timeout)

    async def transfer_to(self, consultation: PhoneCall, timeout: float = DEADLINE) -> None:
        """Attended transfer: whom this call is with talks to whom the consultation is with (REFER with Replaces)."""
        await self._call.attended_transfer(consultation._call, timeout=timeout)

    def say(self, what: Audio | Path, *, again: bool = False) -> None:
        """Say this from now on (instead of what was being said), `again` and again if asked."""
        self._to_say = hearing.read_wav(what) if isinstance(what, Path) else what
        self._loop_say = again

    def be_quiet(self) -> None:
        self._to_say, self._loop_say = np.zeros(0, np.float32), False

    # -- what was heard

    @property
    def heard(self) -> Audio:
        """Everything heard so far."""
        return np.concatenate(self._heard) if self._heard else np.zeros(0, np.float32)

    @property
    def now(self) -> float:
        """Seconds heard so far: an `after` for what is to be heard from now on."""
        return self._heard_samples / RATE

    def has_heard(self, recording: Path, *, after: float = 0.0) -> Heard | None:
        """Where the recording was heard, or None."""
        return hearing.find(recording, self.heard, after=after)

    async def hears(self, recording: Path, *, after: float = 0.0, timeout: float = DEADLINE) -> Heard:
        """Wait until the recording begins (a second of it was heard)."""
        found: Heard | None = None

        def heard() -> bool:
            nonlocal found
            found = self.has_heard(recording, after=after)
            return found is not None

        await self._until(heard, timeout, f"hearing {recording.name}", every=0.1)
        assert found is not None
        return found

    async def hears_whole(self, recording: Path, *, after: float = 0.0, timeout: float = 2 * DEADLINE) -> Heard:
        """Wait until the recording was heard to its end."""
        found: Heard | None = None

        def heard() -> bool:
            nonlocal found
            found = self.has_heard(recording, after=after)
            return found is not None and found.is_whole

        await self._until(heard, timeout, f"hearing all of {recording.name}", every=0.2)
        assert found is not None
        return found

    async def hears_tone(self, frequency: float, *, after: float | None = None, timeout: float = DEADLINE) -> None:
        """Wait until a tone is heard `after` (default: from now)."""
        begin = int((self.now if after is None else after) * RATE)
        await self._until(
            lambda: hearing.has_tone(self.heard[begin:], frequency), timeout, f"hearing {frequency} Hz", every=0.1
        )

    async def hears_something(self, *, after: float | None = None, timeout: float = DEADLINE) -> None:
        """Wait until the line is not silent."""
        begin = int((self.now if after is None else after) * RATE)
        await self._until(lambda: hearing.loud_share(self.heard[begin:]) > 0, timeout, "hearing something", every=0.1)

    async def listen(self, seconds: float) -> Audio:
        """What is heard in the next `seconds` of the call."""
        begin = self._heard_samples
        wanted = begin + int(seconds * RATE)
        await self._until(lambda: self._heard_samples >= wanted, seconds + DEADLINE, f"listening {seconds} s")
        return self.heard[begin:wanted]

    # -- inside

    async def _until(self, condition: Callable[[], bool], timeout: float, what: str, every: float = 0.0) -> None:
        deadline, looked = time.monotonic() + timeout, 0.0
        while True:
            now = time.monotonic()
            if now - looked >= every or self.is_ended or now >= deadline:
                looked = now
                if condition():
                    return
                if now >= deadline or (self.is_ended and every):
                    raise TimeoutError(f"{self.phone.user} did not get to: {what}, within {timeout} s; {self}")
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), min(max(deadline - now, 0.001), 0.5))

    def __repr__(self) -> str:
        names = " ".join(event.name.removeprefix("CALL_") for event in self._events)
        loud = hearing.loud_share(self.heard)
        return f"<call of {self.phone.user}: {names or 'new'}, {self._ending}, heard {self.now:.1f} s, {loud:.0%} loud>"

    def _on_event(self, event: baresip.StackEvent) -> None:
        self._events.append(event.event)
        if event.event is baresip.Event.CALL_CLOSED:
            head, _, tail = (event.text or "").partition(" ")
            has_status = len(head) == 3 and head.isdigit()
            self._ending = Ending(int(head), tail) if has_status else Ending(None, event.text or "")
            self._pump.cancel()
        self._changed.set()

    async def _pump_audio(self) -> None:
        tick = time.monotonic()
        while True:
            with contextlib.suppress(baresip.AudioNotActive, baresip.AudioRestarted):
                self._exchange()
                self._changed.set()
            tick = max(tick + _FRAME, time.monotonic() - 0.2)
            await asyncio.sleep(max(0.0, tick - time.monotonic()))

    def _exchange(self) -> None:
        info = self._call.audio.info()
        if info.rx_ready:
            self._listen_to(self._call.audio.read(info.rx_capacity), info.rx_sample_rate * info.rx_channels)
        if info.tx_ready and len(self._to_say):
            per_frame = int(info.tx_sample_rate * _FRAME)
            while info.tx_buffered < 2 * 2 * per_frame and len(self._to_say):
                written = self._call.audio.write(self._frame(info.tx_sample_rate // RATE))
                if not written:
                    break
                info = self._call.audio.info()

    def _frame(self, factor: int) -> bytes:
        size = int(RATE * _FRAME)
        frame, rest = self._to_say[:size], self._to_say[size:]
        self._to_say = np.concatenate((rest, frame)) if self._loop_say else rest
        return (np.repeat(frame, factor) * _PCM).astype("<i2").tobytes()

    def _listen_to(self, pcm: bytes, rate: int) -> None:
        now = time.monotonic()
        if self._hearing_since is None:
            if not pcm:
                return
            self._hearing_since = now
        missing = int((now - self._hearing_since - _GAP) * RATE) - self._heard_samples
        if not pcm and missing > 0 and now - self._last_pcm > _GAP:  # not in the middle of late audio
            self._add(np.zeros(missing, np.float32))
        elif pcm:
            self._last_pcm = now
            step = max(1, rate // RATE)
            samples = np.frombuffer(pcm, "<i2")
            self._add(
                (samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1) / 32768).astype(np.float32)
            )

    def _add(self, audio: Audio) -> None:
        self._heard.append(audio)
        self._heard_samples += len(audio)
