"""A caller on the line in Asterisk: ports.Call over ARI, with its position over AMI."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari import Event
from switchboard.asterisk.channel import LEASE_VARIABLE, Asterisk
from switchboard.asterisk.leg import Leg, LegState, ring_result, written
from switchboard.asterisk.position import POSITION_VARIABLE, pack
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.asterisk.waiting import WaitingChannel
from switchboard.domain.dialling import Caller, DialOutcome, HangupCause, Phone, RingResult, WhileRinging
from switchboard.domain.screening import Attestation, attestation_of
from switchboard.errors import AsteriskError, AsteriskUnreachable, CallerHungUp, CallTakenAway, LegGone
from switchboard.ports import Acceptance, Position

HANGUP_DEADLINE = 2.0  # seconds Asterisk gets to confirm a hangup

log = structlog.get_logger()


class AsteriskCall(WaitingChannel):
    """One caller's call from its offer to its end: what it hears, whom it is connected to, and who ended it."""

    def __init__(
        self,
        asterisk: Asterisk,
        channel: Event,
        number: str,
        prompts: PromptStore,
        track_leg: Callable[[Leg, AsteriskCall], None],
    ) -> None:
        super().__init__(asterisk, channel, prompts, lambda leg: track_leg(leg, self))
        self.began = datetime.fromisoformat(channel["creationtime"])
        self.entrance: tuple[str, ...] = ("inbound", number)  # what the dialplan offered it for
        self._caller = Caller(channel["caller"]["number"], channel["caller"]["name"])
        self._number = number
        self._partner: Leg | None = None
        self._talking_since: datetime | None = None
        self._bridge = f"bridge-{self._id.hex}"
        self._leased = True

    @property
    def caller(self) -> Caller:
        return self._caller

    @property
    def number(self) -> str:
        return self._number

    @property
    def is_talking(self) -> bool:
        """Connected to a person."""
        return self._partner is not None

    @property
    def talking_to(self) -> Phone | None:
        """The phone of the person the caller is connected to."""
        return self._partner.phone if self._partner else None

    @property
    def talking_since(self) -> datetime | None:
        """See ports.Call."""
        return self._talking_since

    @property
    def is_leased(self) -> bool:
        """Nobody but us looks after the caller, so the lease has to be renewed."""
        return self._leased and not self._gone

    async def attestation(self) -> Attestation:
        """See ports.Call. The trunk's headers are read where they lie; Asterisk verifies no signature itself."""
        self._check()
        return attestation_of(await self._header("P-Asserted-Identity"), await self._header("P-Attestation-Indicator"))

    async def _header(self, name: str) -> str:
        """A header of the INVITE; "" if it has none."""
        try:
            told = await self._asterisk.ari.request(
                operations.GET_VARIABLE, channelId=self.channel, variable=f"PJSIP_HEADER(read,{name})"
            )
        except (LegGone, AsteriskError):
            self._check()
            return ""
        return str(told["value"])

    async def ring(
        self,
        phones: Sequence[Phone],
        *,
        timeout: timedelta,
        hearing: WhileRinging,
        acceptance: Acceptance | None = None,
    ) -> RingResult:
        """See ports.Call."""
        self._check()
        taken, legs = await self._reach(phones, timeout, hearing, acceptance)
        if taken is None:
            return ring_result(legs)
        each = tuple(leg.result for leg in legs)
        if not await self._connect(taken):
            lost = replace(taken.result, outcome=DialOutcome.FAILED)
            return RingResult(DialOutcome.FAILED, each=tuple(lost if one.phone == lost.phone else one for one in each))
        return RingResult(DialOutcome.ANSWERED, taken.phone, choice=taken.choice, each=each)

    async def talk(self) -> None:
        """See ports.Call."""
        self._check()
        partner = self._partner
        if partner is not None:
            await self._until(lambda: partner.state is LegState.GONE, math.inf)
            self._part()

    async def hang_up(self, cause: HangupCause = HangupCause.NORMAL) -> None:
        """See ports.Call."""
        if self._gone:
            return
        self.ended_by, self.hangup_cause = "switchboard", int(cause)
        try:
            await self._ask(operations.HANG_UP, channelId=self.channel, reason_code=str(int(cause)))
            await self._until(lambda: False, HANGUP_DEADLINE)
        except AsteriskUnreachable as error:
            raise CallTakenAway from error  # by the safety net, with the lease; or we are back before that, and adopt
        except CallTakenAway:
            raise
        except (CallerHungUp, LegGone):
            return  # as asked
        log.warning("hangup_not_confirmed", call=str(self._id))

    def remember(self, position: Position) -> None:
        """See ports.Call."""
        if not self._gone:
            self._asterisk.ami.set_variable(self.channel_name, POSITION_VARIABLE, pack(position))

    # What the exchange tells us.

    def hangup_requested(self, cause: int) -> None:
        """The caller hung up (ChannelHangupRequest); the channel leaves in a moment."""
        if self.ended_by == "unknown":
            self.ended_by, self.hangup_cause = "caller", cause or HangupCause.NORMAL

    def left(self, *, vanished: bool = False) -> None:
        """The channel left us (StasisEnd): hung up, or, with no hangup, back in the dialplan.

        `vanished`: it no longer exists, and how it ended was not seen, because the link or Asterisk was down.
        """
        if self._gone:
            return
        self._gone = True
        self._taken_away = self.ended_by == "unknown" and not vanished
        for leg in self._legs:
            self._drop(leg)
        if self._partner is not None:
            self._partner = self._talking_since = None
            self._destroy_bridge()
        self._wake()

    def taken_away(self) -> None:
        """The channel was found in the dialplan when the link was back, even if we have tried to hang it up."""
        self.ended_by, self.hangup_cause = "unknown", HangupCause.UNKNOWN
        self.left()

    def adopt_conversation(self, leg: Leg, bridge: str, since: datetime) -> None:
        """An earlier controller connected the caller to this leg; we go on watching. The leg may be GONE by now."""
        self._bridge, self._partner, self._talking_since = bridge, leg, since
        if leg.state is not LegState.GONE:
            leg.state, self._leased = LegState.ANSWERED, False
            self._legs.append(leg)

    @property
    def bridge(self) -> str:
        """The bridge's id, should there be one."""
        return self._bridge

    async def _connect(self, leg: Leg) -> bool:
        """Let the two talk. The lease is lifted first: it must never cut a conversation."""
        await self.answer()
        self._partner, self._leased = leg, False
        self.lift_lease()
        try:
            # Its name tells whoever takes the call over with whom the caller talks.
            name = written(leg.phone)
            if leg.decision is not None:
                # What would have ended the leg, had we died while the callee was asked, must not end the talk.
                await self._ask(operations.SET_VARIABLE, channelId=leg.channel, variable=LEASE_VARIABLE, value="0")
            await self._ask(operations.CREATE_BRIDGE, bridgeId=self._bridge, type="mixing", name=name)
            await self._ask(operations.ADD_TO_BRIDGE, bridgeId=self._bridge, channel=[self.channel, leg.channel])
        except LegGone:
            # One of the two has just left. If it is the caller, this raises as soon as we are told.
            await self._until(lambda: leg.state is LegState.GONE, HANGUP_DEADLINE)
            self._drop(leg)
            self._part()
            return False
        return True

    def _part(self) -> None:
        """The conversation is over and the caller still there."""
        self._partner, self._leased, self._talking_since = None, True, None
        self._legs.clear()
        self.renew_lease()
        # Answered when the caller is out of the bridge. One that is only being destroyed swallows what we play next.
        self._command(operations.REMOVE_FROM_BRIDGE, ignore_gone=True, bridgeId=self._bridge, channel=[self.channel])
        self._destroy_bridge()

    def _destroy_bridge(self) -> None:
        self._command(operations.DESTROY_BRIDGE, ignore_gone=True, bridgeId=self._bridge)
