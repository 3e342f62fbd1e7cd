"""AsteriskCall is a call: the contract over real SIP phones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from switchboard.asterisk.ami import AmiAddress
from switchboard.asterisk.ari import AriAddress
from switchboard.asterisk.call import AsteriskCall
from switchboard.asterisk.exchange import Exchange
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.domain.dialling import Choice, DialOutcome, Phone, RingResult, WhileRinging
from switchboard.domain.language import ENGLISH
from switchboard.domain.mobile_lines import MobileLine
from switchboard.domain.spoken import BEEP, content_key
from switchboard.domain.voice_recording import Recorded
from switchboard.ports import Acceptance, Position, Utterance
from switchboard.testing.script import REACTION, PhoneBehaviour, read_phone
from tests import hearing
from tests.asterisk_fixture import PrivateAsterisk, eventually
from tests.contract.call_contract import CallBench, CallContract
from tests.contract.ringing_contract import RingingContract
from tests.contract.waiting_contract import WaitingContract
from tests.phone_call import PhoneCall
from tests.phones import Phone as SipPhone
from tests.phones import Phones
from tests.refusing_phone import RefusingPhone
from tests.sample_organisation import MARI, RECEPTION, SampleConfiguration, sample_organisation, write_noise

DEADLINE = 10.0  # seconds
UTTERANCES = [Utterance(text, ENGLISH) for text in ("the first", "the second", "the third")]
UTTERANCE_SECONDS = 2.2
BEEP_LASTS = timedelta(seconds=0.3)
STRAGGLING = 0.4  # seconds that audio is under way

_callers = count(37255600001)


@dataclass(frozen=True)
class LedBy:
    prompts: PromptStore
    phones: Mapping[str, Phone]
    mobile_lines: Mapping[str, MobileLine] = field(default_factory=dict)


class Line:
    """The exchange's `serve`: hands each call to the bench that dialled it, and holds it until the bench is done."""

    def __init__(self) -> None:
        self._expected: asyncio.Future[AsteriskCall] | None = None
        self._over = asyncio.Event()

    def expect(self) -> asyncio.Future[AsteriskCall]:
        self._expected = asyncio.get_running_loop().create_future()
        self._over.clear()
        return self._expected

    def release(self) -> None:
        self._over.set()

    async def serve(self, call: AsteriskCall, version: LedBy, *, adopted: bool, position: Position | None) -> None:
        assert self._expected is not None
        assert not adopted
        self._expected.set_result(call)
        await self._over.wait()


class _PreparedCall:
    """The call under test; before it rings, the phones become what the test said they are."""

    def __init__(
        self,
        call: AsteriskCall,
        prepare: Callable[[Acceptance | None], Coroutine[Any, Any, None]],
        speak: Callable[[], None],
    ) -> None:
        self._call = call
        self._prepare = prepare
        self._speak = speak

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    async def ring(
        self,
        phones: Sequence[Phone],
        *,
        timeout: timedelta,
        hearing: WhileRinging,
        acceptance: Acceptance | None = None,
    ) -> RingResult:
        await self._prepare(acceptance)
        return await self._call.ring(phones, timeout=timeout, hearing=hearing, acceptance=acceptance)

    async def record(self, name: UUID, **limits: Any) -> Recorded:
        self._speak()
        return await self._call.record(name, **limits)


class PhoneBench:
    """A caller and two desk phones, all real."""

    utterances = UTTERANCES
    phones = (RECEPTION, MARI)

    def __init__(self, call: AsteriskCall, caller: PhoneCall, asterisk: PrivateAsterisk, phones: Phones) -> None:
        self.call = _PreparedCall(call, self._prepare, self._speak)
        self._caller = caller
        self._asterisk = asterisk
        self._sip = phones
        self._behaviours: dict[str, PhoneBehaviour] = {}
        self._to_say = timedelta()
        self._acting: set[asyncio.Task[None]] = set()
        self._open = contextlib.AsyncExitStack()

    async def close(self) -> None:
        """Everybody stops."""
        for task in self._acting:
            task.cancel()
        await asyncio.gather(*self._acting, return_exceptions=True)
        await self._open.aclose()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def caller_presses(self, keys: str, *, after: timedelta) -> None:
        self._act(self._later(after, lambda: self._caller.press(keys)))

    def caller_hangs_up(self, *, after: timedelta) -> None:
        self._act(self._later(after, self._caller.hang_up))

    def caller_speaks(self, length: timedelta) -> None:
        self._to_say = length

    def _speak(self) -> None:
        length, self._to_say = self._to_say, timedelta()
        self._act(self._later(BEEP_LASTS, partial(self._say, length)))

    async def _say(self, length: timedelta) -> None:
        self._caller.say(hearing.tone(440, length.total_seconds()))

    def phone(self, phone: Phone, behaviour: str) -> None:
        self._behaviours[phone.extension] = read_phone(behaviour)

    async def heard(self) -> list[Utterance]:
        if not self._caller.is_ended:
            await self._caller.listen(STRAGGLING)
        places = [(self._caller.has_heard(self._recording(utterance)), utterance) for utterance in self.utterances]
        found = [(place.at, utterance) for place, utterance in places if place and place.seconds >= 0.5]
        return [utterance for _, utterance in sorted(found, key=lambda each: each[0])]

    async def hears_music(self) -> bool:
        await self._caller.listen(STRAGGLING)
        return hearing.loud_share(await self._caller.listen(0.5)) > 0.5

    def nudged(self, *, after: timedelta, interrupts: bool) -> None:
        async def nudge() -> None:
            self.call.nudge(interrupts=interrupts)

        self._act(self._later(after, nudge))

    def _recording(self, utterance: Utterance) -> Path:
        return self._asterisk.folders.prompts / f"{content_key(utterance.text, utterance.language)}.wav"

    def _act(self, deed: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(deed)
        self._acting.add(task)

    async def _later(self, after: timedelta, deed: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await asyncio.sleep(after.total_seconds())
        await deed()

    async def _prepare(self, acceptance: Acceptance | None) -> None:
        behaviours, self._behaviours = self._behaviours, {}
        for extension, behaviour in behaviours.items():
            account = (extension, self._asterisk.password(extension), self._asterisk.sip_address)
            if behaviour.outcome is DialOutcome.DECLINED:
                await self._open.enter_async_context(RefusingPhone(*account, status=603))
                continue
            phone = await self._sip.register(*account)
            if behaviour.outcome is DialOutcome.UNAVAILABLE:
                await phone.unregister()
            elif behaviour.outcome is not DialOutcome.NO_ANSWER:
                self._act(behave(phone, behaviour, acceptance))


async def behave(phone: SipPhone, behaviour: PhoneBehaviour, acceptance: Acceptance | None) -> None:
    """What the phone's owner does when it rings; nothing if it stops before that."""
    call = await phone.rung()
    if behaviour.outcome is DialOutcome.BUSY:
        await call.busy()
        return
    with contextlib.suppress(TimeoutError):
        await call.ended(behaviour.after.total_seconds())
        return
    await call.answer()
    if acceptance is not None:
        keys = {Choice.ACCEPTED: acceptance.accept, Choice.TO_VOICEMAIL: acceptance.to_voicemail}
        key = {**keys, Choice.REFUSED: acceptance.refuse, Choice.NONE: ""}[behaviour.chooses]
        with contextlib.suppress(TimeoutError):
            await call.ended(REACTION.total_seconds())
            return
        if key:
            await call.press(key)
    with contextlib.suppress(TimeoutError):
        await call.ended(behaviour.talks.total_seconds())
    await call.hang_up()


@pytest_asyncio.fixture(scope="module")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateAsterisk]:
    folder = tmp_path_factory.mktemp("utterances")
    for seed, utterance in enumerate(UTTERANCES, 1):
        write_noise(folder / f"{content_key(utterance.text, utterance.language)}.wav", UTTERANCE_SECONDS, seed)
    write_noise(folder / f"{BEEP}.wav", 0.25, len(UTTERANCES) + 1)
    async with PrivateAsterisk(SampleConfiguration(sample_organisation()), prompts=folder) as asterisk:
        yield asterisk


@pytest_asyncio.fixture(scope="module")
async def line(asterisk: PrivateAsterisk) -> AsyncIterator[Line]:
    line = Line()
    version = LedBy(PromptStore(asterisk.folders.prompts, UTTERANCES), asterisk.configuration.organisation.phones)
    exchange = Exchange(
        AriAddress(asterisk.settings.ari_port, asterisk.secrets.ari),
        AmiAddress(asterisk.settings.ami_port, asterisk.secrets.ami),
        asterisk.folders.messages,
        version_for=lambda number: version,
        serve=line.serve,
    )
    await exchange.start()

    async def answering() -> bool:
        return exchange.is_answering

    await eventually(answering, DEADLINE, "the exchange answers")
    yield line
    await exchange.close()


@pytest_asyncio.fixture
async def bench(asterisk: PrivateAsterisk, line: Line, phones: Phones) -> AsyncIterator[CallBench]:
    caller = await phones.outside(str(next(_callers)), asterisk.sip_address)
    offered = line.expect()
    outgoing = await caller.dial("6001000")
    bench = PhoneBench(await asyncio.wait_for(offered, DEADLINE), outgoing, asterisk, phones)
    yield bench
    await bench.close()
    line.release()
    await phones.close_all()
    await asterisk.no_channels()


class TestAsteriskCall(CallContract):
    """The contract: what is heard, pressed and said."""


class TestAsteriskCallRinging(RingingContract):
    """The contract: phones."""


class TestAsteriskCallWaiting(WaitingContract):
    """The contract: queues."""
