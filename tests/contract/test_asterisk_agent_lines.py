"""The exchange's lines to agents: the contract over real SIP phones, one of them behind a trunk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from switchboard.asterisk.ami import AmiAddress
from switchboard.asterisk.ari import AriAddress
from switchboard.asterisk.exchange import Exchange
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.domain.dialling import DialOutcome
from switchboard.domain.dialling import Phone as DeskPhone
from switchboard.domain.organisation import Trunk
from switchboard.domain.outbound import OutboundRole, OutboundRules
from switchboard.domain.spoken import content_key
from switchboard.errors import CallerHungUp
from switchboard.ports import AgentCall, AgentLine, AgentLines, OutboundCaps
from switchboard.testing.script import read_phone
from tests.asterisk_fixture import PrivateAsterisk, eventually
from tests.contract.agent_line_contract import (
    AGENT,
    ASKED,
    LONG,
    PERSON,
    UNLIMITED,
    ZONE,
    AgentBench,
    AgentLineContract,
    ring_person,
    wanted,
)
from tests.contract.test_asterisk_call import DEADLINE, UTTERANCES, LedBy, Line, behave
from tests.phones import Phone, Phones
from tests.refusing_phone import RefusingPhone
from tests.sample_organisation import SampleConfiguration, sample_organisation, write_noise

IS_OVER = 10.0  # seconds


def organisation(line: str) -> SampleConfiguration:
    """Whose trunk leads to the phones of the test."""
    trunk = Trunk("line", line, addresses=("192.0.2.0/24",), prefix="9", allowed=("+372",), caller_number="+3726001000")
    rules = OutboundRules({"callbacks": UNLIMITED.role}, role_of_others="callbacks")
    return SampleConfiguration(replace(sample_organisation(trunks=(trunk,)), outbound=rules))


class PhoneBench:
    """An agent and somebody outside, both real."""

    def __init__(self, exchange: Exchange[LedBy], version: LedBy, asterisk: PrivateAsterisk, phones: Phones) -> None:
        self.lines: AgentLines = self
        self._exchange, self._version, self._asterisk, self._phones = exchange, version, asterisk, phones
        self._behaviours = {"agent": ("unavailable", ""), "person": ("unavailable", "")}
        self._acting: set[asyncio.Task[None]] = set()
        self._open = contextlib.AsyncExitStack()

    def agent(self, behaviour: str, does: str = "") -> None:
        self._behaviours["agent"] = behaviour, does

    def person(self, behaviour: str) -> None:
        self._behaviours["person"] = behaviour, ""

    @contextlib.asynccontextmanager
    async def call(self, wanted: AgentCall) -> AsyncIterator[AgentLine]:
        await self._prepare_agent()
        await self._prepare_person()
        async with self._exchange.call_agent(wanted, self._version) as call:
            yield call

    async def may_call_outside(self, agent: DeskPhone, caps: OutboundCaps) -> bool:
        return await self._exchange.outside_counts.may_call(agent.extension, caps)

    async def close(self) -> None:
        for task in self._acting:
            task.cancel()
        await asyncio.gather(*self._acting, return_exceptions=True)
        await self._open.aclose()

    async def used(self, what: str) -> int:
        """What Asterisk has counted for the agent's phone: "calls", "seconds"."""
        told = await self._asterisk.cli(f"database get outside/{AGENT.extension} {what}")
        return int(told.partition("Value: ")[2])

    async def held(self) -> bool:
        """Whether the longest time of a call is still held."""
        return "outside-held" in await self._asterisk.cli("database show")

    async def _prepare_agent(self) -> None:
        text, does = self._behaviours["agent"]
        behaviour = read_phone(text)
        account = (AGENT.extension, self._asterisk.password(AGENT.extension), self._asterisk.sip_address)
        if behaviour.outcome is DialOutcome.DECLINED:
            await self._open.enter_async_context(RefusingPhone(*account, status=603))
            return
        phone = await self._phones.register(*account)
        if behaviour.outcome is DialOutcome.UNAVAILABLE:
            await phone.unregister()
        elif behaviour.outcome is DialOutcome.BUSY:
            self._act(behave(phone, behaviour, None))
        elif behaviour.outcome is DialOutcome.ANSWERED:
            self._act(self._pick_up(phone, does))

    async def _pick_up(self, phone: Phone, does: str) -> None:
        call = await (await phone.rung()).answer()
        if does == "hang up":
            await call.hang_up()
        elif does:
            await call.press(does.removeprefix("press "))

    async def _prepare_person(self) -> None:
        behaviour = read_phone(self._behaviours["person"][0])
        if behaviour.outcome is not DialOutcome.UNAVAILABLE:
            phone = await self._phones.outside(PERSON.outside, self._asterisk.sip_address)
            self._act(behave(phone, behaviour, ASKED))

    def _act(self, deed: Coroutine[Any, Any, None]) -> None:
        self._acting.add(asyncio.create_task(deed))


@pytest_asyncio.fixture(scope="module")
async def asterisk(sip_stack: Phones, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateAsterisk]:
    folder = tmp_path_factory.mktemp("utterances")
    for seed, utterance in enumerate(UTTERANCES, 1):
        write_noise(folder / f"{content_key(utterance.text, utterance.language)}.wav", 1.0, seed)
    async with PrivateAsterisk(organisation(sip_stack.address), prompts=folder) as asterisk:
        yield asterisk


@pytest_asyncio.fixture(scope="module")
async def version(asterisk: PrivateAsterisk) -> LedBy:
    return LedBy(PromptStore(asterisk.folders.prompts, UTTERANCES), asterisk.configuration.organisation.phones)


@pytest_asyncio.fixture(scope="module")
async def exchange(asterisk: PrivateAsterisk, version: LedBy) -> AsyncIterator[Exchange[LedBy]]:
    exchange: Exchange[LedBy] = Exchange(
        AriAddress(asterisk.settings.ari_port, asterisk.secrets.ari),
        AmiAddress(asterisk.settings.ami_port, asterisk.secrets.ami),
        asterisk.folders.messages,
        version_for=lambda number: version,
        serve=Line().serve,
    )
    await exchange.start()

    async def answering() -> bool:
        return exchange.is_answering

    await eventually(answering, DEADLINE, "the exchange answers")
    yield exchange
    await exchange.close()


@pytest_asyncio.fixture
async def agents(
    exchange: Exchange[LedBy], version: LedBy, asterisk: PrivateAsterisk, phones: Phones
) -> AsyncIterator[AgentBench]:
    await asterisk.cli(f"database deltree outside/{AGENT.extension}")
    bench = PhoneBench(exchange, version, asterisk, phones)
    yield bench
    await bench.close()
    await phones.close_all()
    await asterisk.no_channels()


class TestAsteriskAgentLines(AgentLineContract):
    """The contract."""


# In company of other tests the person sometimes is not reached, and always is alone, under load too: why is not known.
@pytest.mark.thorough
async def test_a_call_is_ended_by_its_cap_and_gives_back_what_it_did_not_use(agents: PhoneBench) -> None:
    """By the dialplan, which holds the two together: whoever lives."""
    few_seconds = OutboundCaps(
        OutboundRole("callbacks", ("EE",), longest_call=timedelta(seconds=8)), ZONE
    )  # ringing counts
    agents.agent("answers after 1s")
    agents.person("answers after 1s, talks 60s")
    async with agents.lines.call(wanted(few_seconds)) as call:
        await call.pick_up(LONG)
        assert await ring_person(call) is DialOutcome.ANSWERED
        assert await agents.used("seconds") == 8
        with pytest.raises(CallerHungUp):
            await call.talk()
    await eventually(lambda: _given_back(agents), IS_OVER, "nothing is held any more")
    assert (await agents.used("calls"), await agents.used("seconds") in (7, 8, 9)) == (1, True)


async def test_who_is_not_reached_costs_an_attempt_and_no_time(agents: PhoneBench) -> None:
    agents.agent("answers after 1s")
    agents.person("busy")
    async with agents.lines.call(wanted()) as call:
        await call.pick_up(LONG)
        await ring_person(call)
        await call.hang_up()
    await eventually(lambda: _given_back(agents), IS_OVER, "nothing is held any more")
    assert (await agents.used("calls"), await agents.used("seconds")) == (1, 0)


async def _given_back(agents: PhoneBench) -> bool:
    return not await agents.held()
