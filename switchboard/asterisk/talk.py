"""A caller's conversation with somebody at a desk phone, which Asterisk's dialplan holds while we watch.

Both channels are let go into the dialplan (`talking` and `leg` in dialplan/extensions.conf.j2), which bridges them. So
whatever a desk phone does with the call, hold it, transfer it in either way, park it, works and goes on without us, and
a caller whose callee hangs up is never left in silence: the dialplan offers the caller back to us, as it offers a new
one, and takes leave itself if nobody lives here.

Why not a bridge of ours, on Asterisk 22.10 (tried): there a phone's blind transfer puts a Local channel into our bridge
and needs us to be alive, or it is answered 503 and the call falls apart; an attended one ties two bridges together by
another such channel; and a caller left alone in our bridge sits there in silence for ever.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari import Event
from switchboard.asterisk.channel import Asterisk
from switchboard.asterisk.leg import Leg, LegState, written
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.asterisk.waiting import WaitingChannel
from switchboard.domain.dialling import HangupCause, Phone
from switchboard.domain.transfer import Return, TalkEnd
from switchboard.errors import LegGone

CONNECT_DEADLINE = 3.0  # seconds Asterisk gets to bring the two together
LEG_VARIABLE = "SWITCHBOARD_LEG"  # on the caller's channel: the name of the callee's
RECORDING_VARIABLE = "SWITCHBOARD_RECORDING"  # likewise: under which name the dialplan records; empty: not at all
PARTNER_VARIABLE = "SWITCHBOARD_PARTNER"  # and whose phone that is (leg.written)
TALKING_CONTEXT = "talking"  # where the dialplan holds a caller who talks
SAFETY_NET_CONTEXT = "safety-net"

log = structlog.get_logger()


class TalkingChannel(WaitingChannel):
    """A caller's channel that may be connected to a leg."""

    def __init__(
        self, asterisk: Asterisk, channel: Event, prompts: PromptStore, track_leg: Callable[[Leg], None]
    ) -> None:
        super().__init__(asterisk, channel, prompts, track_leg)
        self._partner: Leg | None = None
        self._talking_since: datetime | None = None
        self._leased = True
        self._away = False  # the dialplan has the channel, for a conversation and what follows from it
        self._bridged = False
        self._passed_on = False
        self._choose_recording: Callable[[Phone], UUID | None] | None = None
        self._returned = ""  # the dialplan's word for how the caller came back

    @property
    def is_talking(self) -> bool:
        """Connected to a person by us, and not passed on since."""
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
    def is_away(self) -> bool:
        """In the dialplan, for a conversation and what follows from it; it comes back, or hangs up."""
        return self._away

    @property
    def is_leased(self) -> bool:
        """Nobody but us looks after the caller, so the lease has to be renewed."""
        return self._leased and not self._gone

    def record_talks(self, choose: Callable[[Phone], UUID | None]) -> None:
        """See ports.Call."""
        self._choose_recording = choose

    async def talk(self) -> TalkEnd:
        """See ports.Call."""
        self._check()
        if self._partner is None:
            return TalkEnd.CALLEE_LEFT
        await self._until(lambda: self._passed_on or not self._away, math.inf)
        self._partner.state = LegState.GONE  # for us
        self._track_leg(self._partner)
        self._partner = self._talking_since = None
        self._legs.clear()
        if self._away:
            return TalkEnd.PASSED_ON
        return TalkEnd.CALLEE_LEFT

    async def come_back(self) -> Return:
        """See ports.Call."""
        await self._until(lambda: not self._away, math.inf)
        return Return.UNANSWERED if self._returned == Return.UNANSWERED else Return.TALKED

    async def _give_away(self, context: str, extension: str) -> None:
        """Let the dialplan go on with the caller, for good: raises CallTakenAway."""
        self._check()
        self._leased = False
        self.lift_lease()
        with contextlib.suppress(LegGone):  # hung up at this moment
            await self._ask(
                operations.CONTINUE, channelId=self.channel, context=context, extension=extension, priority=1
            )
        self._taken_away_by_dialplan()
        self._check()

    # What the exchange tells us.

    def entered_bridge(self) -> None:
        """The caller was connected to somebody (ChannelEnteredBridge)."""
        self._bridged = True
        self._wake()

    def passed_on(self, leg: Leg) -> None:
        """The callee of this leg transferred or parked the caller (BridgeBlindTransfer, BridgeAttendedTransfer)."""
        if leg is self._partner:
            self._passed_on = True
            self._wake()

    def leg_passed_on(self, leg: Leg) -> None:
        """The caller, at a desk phone of ours, transferred the callee: that leg goes on without this call."""
        self._legs = [other for other in self._legs if other is not leg]

    def came_back(self, how: str) -> None:
        """The dialplan offered the caller, and we have the channel in hand again (StasisStart)."""
        self._away, self._returned = False, how
        self._leased = True
        self.renew_lease()
        self._wake()

    def link_restored_while_away(self, present: Mapping[str, Event]) -> None:
        """Events were lost while the link was down and the caller talked; `present` has every channel by its id."""
        if self._partner is not None and self._partner.channel not in present:
            self._passed_on = True  # or the callee left: then the caller comes back in a moment, if not to us
        self._bridged = True
        self._wake()

    def adopt_conversation(self, leg: Leg, since: datetime) -> None:
        """An earlier controller connected the caller to this leg, and they talk; we go on watching."""
        self._partner, self._talking_since = leg, since
        self._away = self._bridged = True
        self._leased = False
        leg.state = LegState.ANSWERED

    def adopt_returned(self, how: str) -> None:
        """The caller came back from a conversation that an earlier controller began."""
        self._returned = how

    @property
    def returned(self) -> Return | None:
        """How the caller came back to us before we knew the call; None if it did not."""
        return Return(self._returned) if self._returned in tuple(Return) else None

    async def _connect(self, leg: Leg) -> bool:
        """Let the two talk. The lease is lifted first: it must never cut a conversation."""
        await self.answer()
        self._partner, self._leased, self._away = leg, False, True
        self._bridged, self._passed_on, self._returned = False, False, ""
        self.lift_lease()
        try:
            # The dialplan lets them wait for each other, whoever arrives first.
            self._command(
                operations.CONTINUE,
                ignore_gone=True,
                channelId=leg.channel,
                context="leg",
                extension="talk",
                priority=1,
            )
            variables = [(LEG_VARIABLE, leg.name), (PARTNER_VARIABLE, written(leg.phone))]
            if self._choose_recording is not None:
                # Said each time: what an earlier conversation that never began was to be called must not stand.
                variables.append((RECORDING_VARIABLE, str(self._choose_recording(leg.phone) or "")))
            for variable, value in variables:
                self._command(operations.SET_VARIABLE, channelId=self.channel, variable=variable, value=value)
            await self._ask(
                operations.CONTINUE, channelId=self.channel, context=TALKING_CONTEXT, extension="s", priority=1
            )
        except LegGone:
            log.debug("caller_left_before_the_talk", call=str(self._id))  # told in a moment, or taken away
        if not await self._until(lambda: self._bridged or not self._away, CONNECT_DEADLINE):
            self._taken_away_by_dialplan()
            self._check()
        if self._bridged:
            return True
        self._drop(leg)
        self._partner = None
        return False

    def _taken_away_by_dialplan(self) -> None:
        """The channel is in the dialplan's hands for good."""
        self.ended_by, self.hangup_cause = "unknown", HangupCause.UNKNOWN
        self._gone = self._taken_away = True
        self._wake()
