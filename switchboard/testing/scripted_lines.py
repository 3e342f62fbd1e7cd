"""Calls to desk phones without telephones: who is rung behaves as the script says, and presses its keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from switchboard.domain.dialling import DialOutcome, Phone, PhoneResult, RingResult, WhileRinging
from switchboard.domain.identity import CallId, uuid7
from switchboard.domain.outbound import Used, seconds_left
from switchboard.ports import Acceptance, AgentCall, OutboundCaps
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.rung_phones import Ringing
from switchboard.testing.script import UNAVAILABLE, Action, PhoneBehaviour
from switchboard.testing.scripted_call import ScriptedCall


class ScriptedAgentLine(ScriptedCall):
    """Implements ports.AgentLine. `actions` are what the agent does."""

    def __init__(
        self,
        clock: ManualClock,
        wanted: AgentCall,
        actions: Iterable[Action],
        phones: Mapping[str, PhoneBehaviour],
        used: dict[str, Used],
    ) -> None:
        super().__init__(
            clock,
            number=wanted.number,
            caller=wanted.agent.line,
            name=wanted.agent.name,
            actions=actions,
            phones=phones,
            call_id=CallId(uuid7(clock.now())),
        )
        self.wanted, self._used = wanted, used

    @property
    def witness(self) -> Mapping[str, str]:
        """See ports.AgentLine."""
        return {}

    async def pick_up(self, timeout: timedelta) -> PhoneResult:
        """See ports.AgentLine."""
        agent = self.wanted.agent
        if agent.outside and agent.outside not in self.wanted.lines:
            self.phones = {**self.phones, agent.line: UNAVAILABLE}
        rung = replace(agent, outside="")  # who picks up is the caller: nobody needs to be asked whether to take it
        ringing = Ringing([(rung, self.phones.get(agent.line, UNAVAILABLE))], timeout, None, self._lasts)
        result, after = ringing.comes_out()
        self._clock.move_to(self._clock.now() + after)
        self._answered = result.outcome is DialOutcome.ANSWERED
        self._gone = not self._answered
        return result.each[0]

    async def ring(
        self,
        phones: Sequence[Phone],
        *,
        timeout: timedelta,
        hearing: WhileRinging,
        acceptance: Acceptance | None = None,
    ) -> RingResult:
        """See ports.Call. A number outside is rung only if the call was made for it."""
        assert all(not phone.outside or phone.outside in self.wanted.lines for phone in phones)
        if any(phone.outside for phone in phones) and not self._is_granted():
            self.phones = {**self.phones, **{phone.line: UNAVAILABLE for phone in phones if phone.outside}}
        return await super().ring(phones, timeout=timeout, hearing=hearing, acceptance=acceptance)

    def _is_granted(self) -> bool:
        """One more call outside; counted, if it is."""
        caps, extension = self.wanted.caps, self.wanted.agent.extension
        used = self._used.get(extension, Used())
        if caps is not None and not seconds_left(caps.role, used):
            return False
        self._used[extension] = replace(used, calls=used.calls + 1)
        return True


class ScriptedAgentLines:
    """Implements ports.AgentLines. `actions` are what agents do, by extension or number, each time they are rung."""

    def __init__(
        self,
        clock: ManualClock,
        phones: Mapping[str, PhoneBehaviour],
        actions: Mapping[str, Sequence[Action]] | None = None,
    ) -> None:
        self.calls: list[ScriptedAgentLine] = []
        self.phones = dict(phones)
        self.actions = dict(actions or {})
        self.used: dict[str, Used] = {}  # what phones have called outside today, by extension
        self._clock = clock

    async def may_call_outside(self, agent: Phone, caps: OutboundCaps) -> bool:
        """See ports.AgentLines."""
        return seconds_left(caps.role, self.used.get(agent.extension, Used())) > 0

    @asynccontextmanager
    async def call(self, wanted: AgentCall) -> AsyncIterator[ScriptedAgentLine]:
        """See ports.AgentLines."""
        line = ScriptedAgentLine(self._clock, wanted, self.actions.get(wanted.agent.line, ()), self.phones, self.used)
        self.calls.append(line)
        yield line
