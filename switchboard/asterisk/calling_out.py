"""Calls that begin here: a desk phone of ours is rung, or somebody outside whom we may ring, and whoever picks up is
led as a caller is.

The channel is made in our hands and dialled from there, like the leg to a phone that is rung for a caller, so that no
dialplan has a part in it: nothing that a caller could reach leads to a line outside. Until the phone is picked up, its
channel is a leg of this call; from then on it is the call's own. Should we die before the two talk, its lease ends it.
"""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari import APPLICATION
from switchboard.asterisk.call import AsteriskCall
from switchboard.asterisk.channel import Asterisk
from switchboard.asterisk.leg import Leg, LegState
from switchboard.asterisk.outside_counts import Granted, OutsideCounts
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.asterisk.ringing import LEG_DEADLINE
from switchboard.domain.cel import CALLED_BACK
from switchboard.domain.dialling import DialOutcome, Phone, PhoneResult, RingResult, WhileRinging
from switchboard.domain.mobile_lines import MobileLine
from switchboard.errors import AsteriskError, CallerHungUp, CallTakenAway, LegGone
from switchboard.ports import Acceptance, AgentCall

NUMBER_VARIABLE = "SWITCHBOARD_NUMBER"

log = structlog.get_logger()


class CalledAgent(AsteriskCall):
    """Implements ports.AgentLine."""

    def __init__(
        self,
        asterisk: Asterisk,
        wanted: AgentCall,
        prompts: PromptStore,
        track_leg: Callable[[Leg, AsteriskCall], None],
        picked_up: Callable[[AsteriskCall], None],
        counts: OutsideCounts,
    ) -> None:
        """`picked_up` has the exchange bring this call what happens to its channel from then on."""
        now = datetime.now(UTC)
        channel: dict[str, Any] = {
            "id": f"{CALLED_BACK}{wanted.callback.hex}-{int(now.timestamp())}.{random.randint(1000, 999_999)}",  # noqa: S311
            "name": "",
            "state": "Down",
            "creationtime": now.isoformat(),
            "caller": {"number": wanted.agent.line, "name": wanted.agent.name},
        }
        super().__init__(asterisk, channel, wanted.number, prompts, track_leg)
        self.entrance = ("callback", wanted.number)
        self.mobile_lines = wanted.lines
        self._wanted, self._picked_up, self._counts = wanted, picked_up, counts
        self._granted: Granted | None = None
        self._own = Leg(self.channel, wanted.agent)

    @property
    def witness(self) -> Mapping[str, str]:
        """See ports.AgentLine."""
        return {"linkedid": self.channel, "channel": self.channel}

    async def pick_up(self, timeout: timedelta) -> PhoneResult:
        """See ports.AgentLine."""
        leg = self._own
        self._track_leg(leg)
        line = self.mobile_lines.get(leg.phone.outside)
        if leg.phone.outside and line is None:
            log.error("outside_not_rung", call=str(self._id), name=leg.phone.name)
            leg.unavailable(DialOutcome.FAILED)
            return self._not_picked_up(leg)
        try:
            await self._ask(
                operations.CREATE_LEG,
                endpoint=f"PJSIP/{leg.phone.outside}@{line.trunk}" if line else f"PJSIP/{leg.phone.extension}",
                app=APPLICATION,
                appArgs="callback",
                channelId=self.channel,
            )
            await self._until(lambda: leg.is_ours or leg.state is LegState.GONE, LEG_DEADLINE)
            for variable, value in (
                (NUMBER_VARIABLE, self._wanted.number),
                ("CONNECTEDLINE(num,i)", self._wanted.shown_number),
                ("CONNECTEDLINE(name)", self._wanted.shown_name),
            ):
                await self._ask(operations.SET_VARIABLE, channelId=self.channel, variable=variable, value=value)
            await self._ask(operations.DIAL_LEG, channelId=self.channel, timeout=math.ceil(timeout.total_seconds()) + 1)
            await self._until(lambda: leg.state is not LegState.RINGING, timeout.total_seconds())
        except (LegGone, AsteriskError) as error:
            log.info("agent_not_rung", call=str(self._id), extension=leg.phone.extension, error=str(error))
            if leg.state is LegState.RINGING:
                self._drop(leg)
                leg.unavailable()
        if leg.state is LegState.ANSWERED:
            self.channel_name, self._answered = leg.name, True
            self._picked_up(self)
            self.renew_lease()
            return leg.result
        return self._not_picked_up(leg)

    async def ring(
        self,
        phones: Sequence[Phone],
        *,
        timeout: timedelta,
        hearing: WhileRinging,
        acceptance: Acceptance | None = None,
    ) -> RingResult:
        """See ports.Call."""
        try:
            return await super().ring(phones, timeout=timeout, hearing=hearing, acceptance=acceptance)
        finally:
            if self._granted is not None and not self.is_talking:
                granted, self._granted = self._granted, None
                try:
                    await self._counts.give_back(granted)
                except AsteriskError as error:
                    log.warning("call_outside_not_given_back", extension=granted.phone, error=str(error))

    async def _before_outside_rings(self, leg: Leg, line: MobileLine) -> None:
        await super()._before_outside_rings(leg, line)
        if self._wanted.caps is not None:
            self._granted = await self._counts.grant(self._wanted.agent.extension, self._wanted.caps, leg.channel)
            for variable, value in self._granted.variables:
                await self._ask(operations.SET_VARIABLE, channelId=leg.channel, variable=variable, value=value)

    def _not_picked_up(self, leg: Leg) -> PhoneResult:
        if leg.state is LegState.RINGING:
            self._drop(leg)
            leg.unavailable(DialOutcome.NO_ANSWER)
        self._gone, self.ended_by, self.hangup_cause = True, "switchboard", leg.cause
        return leg.result

    async def end(self) -> None:
        """Leave nothing behind: a phone that rings is let go, who holds the line is hung up on; but two who talk are
        left alone."""
        if self._own.state in (LegState.RINGING, LegState.GONE):
            if not self._gone:
                self._drop(self._own)
        elif not self.is_talking and not self._gone:
            with contextlib.suppress(CallerHungUp, CallTakenAway, AsteriskError):
                await self.hang_up()


def callback_of(channel: str) -> UUID | None:
    """For which callback a channel was made, by its id; None for any other channel."""
    if not channel.startswith(CALLED_BACK):
        return None
    try:
        return UUID(channel.removeprefix(CALLED_BACK).partition("-")[0])
    except ValueError:
        return None


@contextlib.asynccontextmanager
async def agent_line(call: CalledAgent, ended: Callable[[AsteriskCall], None]) -> AsyncIterator[CalledAgent]:
    """The length of the call; `ended` has the exchange forget it."""
    try:
        yield call
    finally:
        await call.end()
        ended(call)
