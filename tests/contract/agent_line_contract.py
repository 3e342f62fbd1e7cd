"""What every implementation of ports.AgentLines does: an agent's phone is rung, then one outside, and they talk."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol
from uuid import UUID

import pytest

from switchboard.domain.dialling import DialOutcome, Phone, WhileRinging
from switchboard.domain.language import ENGLISH
from switchboard.domain.mobile_lines import MobileLine
from switchboard.domain.outbound import OutboundRole
from switchboard.domain.transfer import TalkEnd
from switchboard.errors import CallerHungUp
from switchboard.ports import Acceptance, AgentCall, AgentLine, AgentLines, OutboundCaps, Utterance

AGENT = Phone("101", "Mari Tamm")
PERSON = Phone("", "A client", "+37255501234")
ZONE = "Europe/Tallinn"
UNLIMITED = OutboundCaps(OutboundRole("callbacks", ("EE",)), ZONE)
ONE_A_DAY = OutboundCaps(OutboundRole("callbacks", ("EE",), calls_per_day=1), ZONE)
RINGS = timedelta(seconds=2)
LONG = timedelta(seconds=10)
ASKED = Acceptance((Utterance("the second", ENGLISH),), times=1, patience=timedelta(seconds=1))


class AgentBench(Protocol):
    """An agent's desk phone that has called nobody outside today, and somebody outside."""

    lines: AgentLines

    def agent(self, behaviour: str, does: str = "") -> None:
        """How the phone behaves when it rings, in the words of switchboard.testing.script, and what its owner does who
        has picked up: "press 1", "hang up"."""

    def person(self, behaviour: str) -> None:
        """How the phone outside behaves when it rings, likewise."""


def wanted(caps: OutboundCaps | None = UNLIMITED) -> AgentCall:
    """A call for a callback to the person."""
    lines = {PERSON.outside: MobileLine("line", "+3726001000")}
    return AgentCall(UUID(int=7), AGENT, "6001000", PERSON.outside, "Callback for a client", lines=lines, caps=caps)


async def ring_person(call: AgentLine) -> DialOutcome:
    result = await call.ring([PERSON], timeout=LONG, hearing=WhileRinging.RINGBACK, acceptance=ASKED)
    return result.outcome


class AgentLineContract:
    """The contract."""

    async def test_who_picks_up_is_a_caller(self, agents: AgentBench) -> None:
        agents.agent("answers after 1s", "press 1")
        async with agents.lines.call(wanted()) as call:
            result = await call.pick_up(LONG)
            assert (result.phone, result.outcome) == (AGENT, DialOutcome.ANSWERED)
            assert call.is_answered and call.talking_to is None
            assert (call.caller.number, call.number) == (AGENT.extension, "6001000")
            assert await call.key(LONG) == "1"
            await call.hang_up()
            assert call.ended_by == "switchboard"

    @pytest.mark.parametrize(
        ("behaviour", "outcome"),
        [
            ("busy", DialOutcome.BUSY),
            ("declines", DialOutcome.DECLINED),
            ("no answer", DialOutcome.NO_ANSWER),
            ("unavailable", DialOutcome.UNAVAILABLE),
        ],
    )
    async def test_who_does_not_pick_up_is_none(self, agents: AgentBench, behaviour: str, outcome: DialOutcome) -> None:
        agents.agent(behaviour)
        async with agents.lines.call(wanted()) as call:
            assert (await call.pick_up(RINGS)).outcome is outcome
            assert not call.is_answered
            with pytest.raises(CallerHungUp):
                await call.key(LONG)

    async def test_an_agent_hangs_up_while_asked(self, agents: AgentBench) -> None:
        agents.agent("answers after 1s", "hang up")
        async with agents.lines.call(wanted()) as call:
            await call.pick_up(LONG)
            with pytest.raises(CallerHungUp):
                await call.key(LONG)
            assert call.ended_by == "caller"

    async def test_the_person_takes_it_and_they_talk(self, agents: AgentBench) -> None:
        agents.agent("answers after 1s")
        agents.person("answers after 1s, talks 1s")
        async with agents.lines.call(wanted()) as call:
            await call.pick_up(LONG)
            assert await ring_person(call) is DialOutcome.ANSWERED
            assert call.talking_to == PERSON
            assert await call.talk() is TalkEnd.CALLEE_LEFT
            await call.hang_up()

    @pytest.mark.parametrize(
        ("behaviour", "outcome"),
        [
            ("busy", DialOutcome.BUSY),
            ("answers and refuses", DialOutcome.DECLINED),
            ("answers and says nothing", DialOutcome.NO_ANSWER),
        ],
    )
    async def test_the_person_does_not_take_it(self, agents: AgentBench, behaviour: str, outcome: DialOutcome) -> None:
        agents.agent("answers after 1s")
        agents.person(behaviour)
        async with agents.lines.call(wanted()) as call:
            await call.pick_up(LONG)
            assert await ring_person(call) is outcome
            assert call.talking_to is None
            await call.hang_up()

    async def test_calls_outside_count_for_the_agents_phone(self, agents: AgentBench) -> None:
        """An attempt is one, whether anybody answers or not; at the cap nobody is rung."""
        agents.agent("answers after 1s")
        agents.person("busy")
        assert await agents.lines.may_call_outside(AGENT, ONE_A_DAY)
        async with agents.lines.call(wanted(ONE_A_DAY)) as call:
            await call.pick_up(LONG)
            assert await ring_person(call) is DialOutcome.BUSY
            assert await ring_person(call) is DialOutcome.UNAVAILABLE
            await call.hang_up()
        assert not await agents.lines.may_call_outside(AGENT, ONE_A_DAY)
        assert await agents.lines.may_call_outside(AGENT, UNLIMITED)
