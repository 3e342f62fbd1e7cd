"""Real SIP phones for tests: register, dial, answer, press keys, talk and listen.

One process has one SIP stack (a limit of the library), so tests take phones from the session fixture `phones`:

    async def test_a_call(phones, asterisk):
        reception = await phones.register("100", asterisk.password("100"), asterisk.sip_address)
        caller = await phones.outside("+37255512345", asterisk.sip_address)      # not registered, no password
        call = await caller.dial("6001000")
        await call.established()
        await call.hears(greeting_wav)                 # which recording, by cross-correlation
        await call.press("1")
        rung = await reception.rung()                  # the next incoming call; rings until told otherwise
        await rung.answer()
        rung.say(tone(440, 2)); await call.hears_tone(440)
        await call.hang_up()
        await rung.ended()

A phone rings on an incoming call until the test answers or refuses it, or set `phone.habit` beforehand (Habit.ANSWER,
BUSY). It refuses with 486; for other statuses (603 declined, 480 …) see tests/refusing_phone.py.

All waiting is by event with a deadline, and a TimeoutError says what was awaited and what was heard instead. Every
20 ms the call's audio pump writes what is to be said and reads what was heard into `call.heard` (tests/hearing.py),
from the first early media on; gaps without packets are filled with silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Self

import baresip
import numpy as np

from tests import hearing
from tests.asterisk_fixture import free_ports
from tests.hearing import RATE, Audio, Heard

DEADLINE = 10.0  # seconds; the default of every wait
_FRAME = 0.02  # seconds of audio in one packet
_GAP = 0.1  # seconds without packets from which we hear silence
_PCM = 32767


class Habit(Enum):
    """What a phone does with an incoming call by itself."""

    RING = "ring"
    ANSWER = "answer"
    BUSY = "busy"  # 486


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

    async def transfer(self, uri: str, timeout: float = DEADLINE) -> None:
        """Blind transfer."""
        await self._call.transfer(uri, timeout=timeout)

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
        if not pcm and missing > 0:
            self._add(np.zeros(missing, np.float32))
        elif pcm:
            step = max(1, rate // RATE)
            samples = np.frombuffer(pcm, "<i2")
            self._add(
                (samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1) / 32768).astype(np.float32)
            )

    def _add(self, audio: Audio) -> None:
        self._heard.append(audio)
        self._heard_samples += len(audio)


class Phone:
    """A SIP phone. Made by Phones.register and Phones.outside."""

    def __init__(self, agent: baresip.UserAgent, user: str, address: str, phones: Phones) -> None:
        self.user = user
        self.phones = phones
        self.habit = Habit.RING
        self.calls: list[PhoneCall] = []
        self._agent = agent
        self._address = address
        self._rung: asyncio.Queue[PhoneCall] = asyncio.Queue()
        self._acting: set[asyncio.Task[None]] = set()

    async def dial(self, number: str, headers: dict[str, str] | None = None) -> PhoneCall:
        """Call a number (or a whole `sip:` address); returns before it is answered."""
        uri = number if number.startswith("sip:") else f"sip:{number}@{self._address}"
        dialled = await self._agent.dial(uri, headers)
        call = PhoneCall(dialled, self)
        self.calls.append(call)
        self.phones.catch_up(dialled)
        return call

    async def rung(self, timeout: float = DEADLINE) -> PhoneCall:
        """The next incoming call (habit applied to it already)."""
        try:
            return await asyncio.wait_for(self._rung.get(), timeout)
        except TimeoutError:
            raise TimeoutError(f"phone {self.user} did not ring within {timeout} s") from None

    @property
    def is_rung(self) -> bool:
        """Whether there was an incoming call that nobody took by `rung`."""
        return not self._rung.empty()

    async def unregister(self) -> None:
        """Leave the registrar: calls to this phone are then `unavailable`."""
        await self._agent.unregister()

    async def register(self) -> None:
        """Register (again)."""
        await self._agent.register()

    async def close(self) -> None:
        """End its calls and registration."""
        for call in self.calls:
            if not call.is_ended:
                await call.hang_up()
        with contextlib.suppress(baresip.RegistrationError):  # its registrar may be gone
            await self._agent.unregister(timeout=1)

    def receive(self, incoming: baresip.Call) -> None:
        """An incoming call; the SIP stack calls this."""
        self.phones.forget_early(incoming)
        call = PhoneCall(incoming, self)
        self.calls.append(call)
        self._rung.put_nowait(call)
        if self.habit is not Habit.RING:
            task = asyncio.create_task(self._act(call))
            self._acting.add(task)
            task.add_done_callback(self._acting.discard)

    async def _act(self, call: PhoneCall) -> None:
        with contextlib.suppress(baresip.StaleHandleError):  # the caller gave up first
            if self.habit is Habit.ANSWER:
                await call.answer()
            else:
                await call.busy()


class Phones:
    """The process's SIP stack, and the phones on it."""

    def __init__(self, runtime: baresip.Runtime, address: str) -> None:
        self.address = address  # where all of them listen
        self._runtime = runtime
        self._phones: list[Phone] = []
        # The library cannot end an agent, and the oldest of a name gets the calls: so agents are used again.
        self._agents: dict[str, baresip.UserAgent] = {}
        self._using: dict[baresip.UserAgent, Phone] = {}
        self._early: dict[int, list[baresip.StackEvent]] = {}  # by call, until somebody has it
        self._known: set[int] = set()
        runtime.subscribe(self._keep_early)

    async def register(self, extension: str, password: str, address: str) -> Phone:
        """A desk phone, registered at `address` ("127.0.0.1:5060")."""
        phone = await self.unregistered(extension, password, address)
        await phone.register()
        return phone

    async def unregistered(self, extension: str, password: str, address: str) -> Phone:
        """A desk phone that is set up but not registered yet."""
        return await self._make(baresip.Account(extension, address, password, reg_interval=600), "")

    async def outside(self, number: str, address: str, name: str = "") -> Phone:
        """A caller from outside: no registration, no password; `name` is the display name."""
        return await self._make(baresip.Account(number, address, "", reg_interval=0), name)

    def catch_up(self, call: baresip.Call) -> None:
        """Tell a call just dialled what happened to it before the library gave it to us: a quick 404 would be lost."""
        self._known.add(call.handle)
        for event in self._early.pop(call.handle, []):
            call._on_stack_event(event)

    def forget_early(self, call: baresip.Call) -> None:
        """An incoming call is given to us at once and misses nothing."""
        self._known.add(call.handle)
        self._early.pop(call.handle, None)

    def _keep_early(self, event: baresip.StackEvent) -> None:
        if event.call and event.call not in self._known:
            self._early.setdefault(event.call, []).append(event)

    async def close_all(self) -> None:
        """End every phone's calls and registration; for use between tests."""
        for phone in self._phones:
            await phone.close()
        self._phones.clear()

    async def _make(self, account: baresip.Account, name: str) -> Phone:
        shown = name.replace("\\", "").replace('"', "")
        aor = f'"{shown}" {account.aor()}' if name else account.aor()
        agent = self._agents.get(aor)
        if agent is None or self._using[agent] in self._phones:  # a second phone of one account is another agent
            agent = await baresip.UserAgent.create(self._runtime, aor)
            agent.on_incoming(partial(self._receive, agent))
            self._agents[aor] = agent
        phone = Phone(agent, account.user, account.domain, self)
        self._phones.append(phone)
        self._using[agent] = phone
        return phone

    def _receive(self, agent: baresip.UserAgent, call: baresip.Call) -> None:
        self._using[agent].receive(call)


@contextlib.asynccontextmanager
async def sip_phones() -> AsyncIterator[Phones]:
    """Start the process's one SIP stack on loopback; the session fixture `phones` holds it."""
    runtime, address = await _start_stack()
    phones = Phones(runtime, address)
    try:
        yield phones
    finally:
        await phones.close_all()
        await runtime.close()


async def _start_stack(attempts: int = 5) -> tuple[baresip.Runtime, str]:
    """A running SIP stack and its address, on a port that nobody took between our probing and its listening."""
    while True:
        address = f"127.0.0.1:{free_ports(1)[0]}"
        runtime = baresip.Runtime(native_log_level="error")
        settings = f"sip_listen {address}\naudio_jitter_buffer_type fixed\naudio_jitter_buffer_ms 40-80\n"
        try:
            await runtime.start(
                baresip.Config(
                    net_interface="127.0.0.1",
                    max_concurrent_calls=None,
                    native_log_level="error",
                    extra_config_text=settings,
                )
            )
        except baresip.BaresipError:
            attempts -= 1
            await runtime.close()
            if not attempts:
                raise
        else:
            return runtime, address
