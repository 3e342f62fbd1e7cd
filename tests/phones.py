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
from collections.abc import AsyncIterator
from enum import Enum
from functools import partial

import baresip

from tests.asterisk_fixture import free_ports
from tests.phone_call import DEADLINE, Ending, PhoneCall

__all__ = ["DEADLINE", "Ending", "Habit", "Phone", "PhoneCall", "Phones", "sip_phones"]


class Habit(Enum):
    """What a phone does with an incoming call by itself."""

    RING = "ring"
    ANSWER = "answer"
    BUSY = "busy"  # 486


class Phone:
    """A SIP phone. Made by Phones.register and Phones.outside."""

    def __init__(self, agent: baresip.UserAgent, user: str, address: str, phones: Phones) -> None:
        self.user = user
        self.phones = phones
        self.habit = Habit.RING
        self.calls: list[PhoneCall] = []
        self._agent = agent
        self.address = address  # of the registrar
        self._rung: asyncio.Queue[PhoneCall] = asyncio.Queue()
        self._acting: set[asyncio.Task[None]] = set()

    async def dial(self, number: str, headers: dict[str, str] | None = None) -> PhoneCall:
        """Call a number (or a whole `sip:` address); returns before it is answered."""
        uri = number if number.startswith("sip:") else f"sip:{number}@{self.address}"
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

    def all(self) -> tuple[Phone, ...]:
        """The phones made since the last `close_all`."""
        return tuple(self._phones)

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
