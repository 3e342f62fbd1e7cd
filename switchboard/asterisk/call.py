"""A caller on the line in Asterisk: ports.Call over ARI, with its position over AMI."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari import APPLICATION, Event
from switchboard.asterisk.channel import Asterisk, Channel
from switchboard.asterisk.leg import LEG_PREFIX, Leg, LegState, ring_result
from switchboard.asterisk.position import POSITION_VARIABLE, pack
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.domain.dialling import (
    Caller,
    DialOutcome,
    HangupCause,
    Phone,
    RingResult,
    WhileRinging,
)
from switchboard.errors import AsteriskError, AsteriskUnreachable, CallerHungUp, CallTakenAway, LegGone
from switchboard.ports import Position, Utterance

PLAYBACK_GRACE = 5.0  # seconds a playback may take beyond the length of its files
LEG_DEADLINE = 2.0  # seconds Asterisk gets to hand us a leg it made
HANGUP_DEADLINE = 2.0  # seconds Asterisk gets to confirm a hangup
PLAYBACKS = 16  # ids that a call's playbacks take in turn; at most two of them are in use at once

log = structlog.get_logger()


class AsteriskCall(Channel):
    """One caller's channel, and the legs made for it. `prompts` are those of the version the call is led by."""

    def __init__(
        self,
        asterisk: Asterisk,
        channel: Event,
        number: str,
        prompts: PromptStore,
        track_leg: Callable[[Leg, AsteriskCall], None],
    ) -> None:
        super().__init__(asterisk, channel)
        self.prompts = prompts
        self.began = datetime.fromisoformat(channel["creationtime"])
        self._caller = Caller(channel["caller"]["number"], channel["caller"]["name"])
        self._number = number
        self._answered: bool = channel["state"] == "Up"
        self._track_leg = track_leg
        self._keys: deque[str] = deque()
        self._playback: str | None = None
        self._playbacks = 0
        self._lost_playback = False
        self._legs: list[Leg] = []
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
    def is_answered(self) -> bool:
        return self._answered

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

    async def answer(self) -> None:
        """See ports.Call."""
        self._check()
        if not self._answered:
            self._command(operations.ANSWER, channelId=self.channel)
            self._answered = True

    async def play(self, utterances: Sequence[Utterance], *, barge_in: bool = False) -> None:
        """See ports.Call."""
        self._check()
        if barge_in and self._keys:
            return
        media = self.prompts.media_of(utterances)
        deadline = sum(m.seconds for m in media) + PLAYBACK_GRACE
        while True:
            playback = self._playback = self._next_playback()
            self._lost_playback = False
            self._command(operations.PLAY, channelId=self.channel, playbackId=playback, media=[m.uri for m in media])
            await self._until(lambda: self._playback is None or (barge_in and bool(self._keys)), deadline)
            if self._playback is not None:
                # Barged in, or overdue. The stop overtakes nothing: what is played next comes after it.
                self._command(operations.STOP_PLAYBACK, playbackId=playback, ignore_gone=True)
                self._playback = None
            if not self._lost_playback:
                return
            # The link was cut meanwhile. Heard twice is better than not heard; but not one after the other.
            self._command(operations.STOP_PLAYBACK, playbackId=playback, ignore_gone=True)

    async def key(self, timeout: timedelta) -> str | None:
        """See ports.Call."""
        if await self._until(lambda: bool(self._keys), timeout.total_seconds()):
            return self._keys.popleft()
        return None

    def forget_keys(self) -> None:
        """See ports.Call."""
        self._keys.clear()

    async def ring(self, phones: Sequence[Phone], *, timeout: timedelta, hearing: WhileRinging) -> RingResult:
        """See ports.Call."""
        self._check()
        self._hearing(hearing, start=True)
        legs: list[Leg] = []
        answered: Leg | None = None
        try:
            for phone in phones:
                legs.append(await self._make_leg(phone, timeout))
            await self._until(
                lambda: (
                    any(leg.state is LegState.ANSWERED for leg in legs)
                    or all(leg.state is LegState.GONE for leg in legs)
                ),
                timeout.total_seconds(),
            )
            answered = next((leg for leg in legs if leg.state is LegState.ANSWERED), None)
        finally:
            for leg in legs:
                if leg is not answered:
                    self._drop(leg)
            if not self._gone:
                self._hearing(hearing, start=False)
        if answered is None:
            return ring_result(legs)
        if not await self._connect(answered):
            return RingResult(DialOutcome.FAILED)
        return RingResult(DialOutcome.ANSWERED, answered.phone)

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

    def key_pressed(self, key: str) -> None:
        """The caller pressed a key (ChannelDtmfReceived)."""
        self._keys.append(key)
        self._wake()

    def playback_finished(self, playback: str, state: str) -> None:
        """A playback ended (PlaybackFinished), by itself or stopped."""
        if playback == self._playback:
            if self.ended_by == "caller":
                return  # broken off by a hangup, not heard to its end: `left` follows
            if state == "failed" and self.ended_by == "unknown":
                log.warning("playback_failed", call=str(self._id))
            self._playback = None
            self._wake()

    def hangup_requested(self, cause: int) -> None:
        """The caller hung up (ChannelHangupRequest); the channel leaves in a moment."""
        if self.ended_by == "unknown":
            self.ended_by, self.hangup_cause = "caller", cause or HangupCause.NORMAL

    def leg_entered(self, leg: Leg) -> None:
        """A leg we made came into our hands (StasisStart)."""
        leg.is_ours = True
        self._wake()

    def leg_answered(self, leg: Leg) -> None:
        """A phone we ring was picked up (Dial ANSWER)."""
        if leg.state is LegState.RINGING:
            leg.state = LegState.ANSWERED
            self._wake()

    def leg_ended(self, leg: Leg, cause: int, sip_status: int) -> None:
        """A leg is over (ChannelDestroyed, or found missing)."""
        leg.ended(cause, sip_status)
        self._wake()

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

    def link_restored(self, *, is_up: bool) -> None:
        """Events and requests were lost while the link was down; `is_up` tells whether the channel is answered."""
        if self._answered and not is_up:
            self._command(operations.ANSWER, channelId=self.channel)
        if self._playback is not None:
            self._lost_playback, self._playback = True, None
            self._wake()

    def adopt_conversation(self, leg: Leg, bridge: str, since: datetime) -> None:
        """An earlier controller connected the caller to this leg; we go on watching. The leg may be GONE by now."""
        self._bridge, self._partner, self._talking_since = bridge, leg, since
        if leg.state is not LegState.GONE:
            leg.state, self._leased = LegState.ANSWERED, False
            self._legs.append(leg)

    async def silence(self) -> None:
        """Stop whatever an earlier controller let the caller hear: what we say would wait until that is over."""
        ids = [self._playback_id(number) for number in range(PLAYBACKS)]
        ari = self._asterisk.ari
        answers = await asyncio.gather(
            *(ari.request(operations.STOP_PLAYBACK, playbackId=name) for name in ids),
            ari.request(operations.STOP_MUSIC, channelId=self.channel),
            ari.request(operations.STOP_RINGBACK, channelId=self.channel),
            return_exceptions=True,
        )
        stopped = [number for number in range(PLAYBACKS) if not isinstance(answers[number], BaseException)]
        self._playbacks = stopped[-1] + 1 if stopped else 0

    @property
    def bridge(self) -> str:
        """The bridge's id, should there be one."""
        return self._bridge

    def _next_playback(self) -> str:
        self._playbacks += 1
        return self._playback_id(self._playbacks % PLAYBACKS)

    def _playback_id(self, number: int) -> str:
        """An id that whoever takes the call over knows, too."""
        return f"{self._id.hex}-{number}"

    def _hearing(self, what: WhileRinging, *, start: bool) -> None:
        starts, stops = {
            WhileRinging.RINGBACK: (operations.START_RINGBACK, operations.STOP_RINGBACK),
            WhileRinging.MUSIC: (operations.START_MUSIC, operations.STOP_MUSIC),
        }[what]
        if what is WhileRinging.RINGBACK or self._answered:
            self._command(starts if start else stops, channelId=self.channel)

    async def _make_leg(self, phone: Phone, timeout: timedelta) -> Leg:
        leg = Leg(f"{LEG_PREFIX}{self._id.hex}-{uuid4().hex[:8]}", phone)
        self._legs.append(leg)
        self._track_leg(leg, self)
        try:
            await self._ask(
                operations.CREATE_LEG,
                endpoint=f"PJSIP/{phone.extension}",
                app=APPLICATION,
                appArgs="leg",
                channelId=leg.channel,
                originator=self.channel,
            )
            # Asterisk answers before the leg is in our hands, and refuses to dial one that is not.
            await self._until(lambda: leg.is_ours or leg.state is LegState.GONE, LEG_DEADLINE)
            await self._ask(
                operations.DIAL_LEG,
                channelId=leg.channel,
                caller=self.channel,
                timeout=math.ceil(timeout.total_seconds()) + 1,  # ours comes first and knows why
            )
        except (LegGone, AsteriskError) as error:
            log.info("phone_not_rung", call=str(self._id), extension=phone.extension, error=str(error))
            if leg.state is LegState.RINGING:
                self._drop(leg)
                leg.unavailable()
                self._track_leg(leg, self)
        return leg

    def _drop(self, leg: Leg) -> None:
        if leg.state is not LegState.GONE:
            self._command(operations.HANG_UP, ignore_gone=True, channelId=leg.channel)

    async def _connect(self, leg: Leg) -> bool:
        """Let the two talk. The lease is lifted first: it must never cut a conversation."""
        await self.answer()
        self._partner, self._leased = leg, False
        self.lift_lease()
        try:
            # Its name tells whoever takes the call over with whom the caller talks.
            name = leg.phone.extension
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
