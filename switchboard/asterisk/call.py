"""A caller on the line in Asterisk: ports.Call over ARI, with its position over AMI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari import Event
from switchboard.asterisk.channel import Asterisk
from switchboard.asterisk.leg import Leg, ring_result
from switchboard.asterisk.position import POSITION_VARIABLE, pack
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.asterisk.talk import TalkingChannel
from switchboard.domain.consent import NOTED_AS, Consent, consent_in
from switchboard.domain.dialling import Caller, DialOutcome, HangupCause, Phone, RingResult, WhileRinging
from switchboard.domain.screening import Attestation, attestation_of
from switchboard.errors import AsteriskError, AsteriskUnreachable, CallerHungUp, CallTakenAway, LegGone
from switchboard.ports import Acceptance, Position

CONSENT_VARIABLE = (
    "SWITCHBOARD_CONSENT"  # what the dialplan tells when the caller is passed on to another number of ours
)
DESK_CONTEXT = "desk"  # what desk phones dial
STAR_CODE = "star"  # the first word of what the dialplan offers a star code for
HANGUP_DEADLINE = 2.0  # seconds Asterisk gets to confirm a hangup

log = structlog.get_logger()


class AsteriskCall(TalkingChannel):
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
        self._consent: Consent | None = None  # as the channel has it

    @property
    def consent(self) -> Consent | None:
        """What the caller said to being recorded, at another number of ours; None: nothing yet."""
        return consent_in(self.entrance[2]) if self.entrance[0] == "inbound" and len(self.entrance) > 2 else None

    @property
    def caller(self) -> Caller:
        return self._caller

    @property
    def number(self) -> str:
        return self._number

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

    async def dial_on(self, digits: str) -> None:
        """See ports.DeskCall. The dialplan looks once more whose phone it is, and what that may dial."""
        if self.entrance[0] != STAR_CODE:
            raise AsteriskError("only a desk phone dials on")
        await self._give_away(DESK_CONTEXT, digits)

    def remember(self, position: Position) -> None:
        """See ports.Call."""
        if not self._gone:
            self._asterisk.ami.set_variable(self.channel_name, POSITION_VARIABLE, pack(position))
            consent = consent_in(position.variables.get(NOTED_AS))
            if consent is not None and consent is not self._consent:
                self._asterisk.ami.set_variable(self.channel_name, CONSENT_VARIABLE, consent.value)
                self._consent = consent

    # What the exchange tells us.

    def hangup_requested(self, cause: int) -> None:
        """The caller hung up (ChannelHangupRequest); the channel leaves in a moment."""
        if self.ended_by == "unknown":
            self.ended_by, self.hangup_cause = "caller", cause or HangupCause.NORMAL

    def left(self, *, vanished: bool = False) -> None:
        """The channel left us (StasisEnd, ChannelDestroyed): hung up, or, with no hangup, back in the dialplan.

        `vanished`: it no longer exists, and how it ended was not seen, because the link or Asterisk was down.
        """
        if self._gone:
            return
        self._gone = True
        # Whoever was passed on is told of by Asterisk's event log: it alone saw what came of it.
        self._taken_away = (self._away and self._passed_on) or (self.ended_by == "unknown" and not vanished)
        for leg in self._legs:
            if not (leg is self._partner and self._bridged):  # which Asterisk ends, or lets talk on to somebody else
                self._drop(leg)
        self._partner = self._talking_since = None
        self._wake()

    def taken_away(self) -> None:
        """The channel was found in the dialplan when the link was back, even if we have tried to hang it up."""
        self.ended_by, self.hangup_cause = "unknown", HangupCause.UNKNOWN
        self.left()
