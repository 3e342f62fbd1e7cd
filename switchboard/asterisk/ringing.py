"""Phones rung for a caller: a leg to each, the first to answer wins."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeAlias
from uuid import uuid4

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.acceptance import Decision
from switchboard.asterisk.ari import APPLICATION, Event
from switchboard.asterisk.channel import Asterisk
from switchboard.asterisk.leg import LEG_PREFIX, Leg, LegState
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.asterisk.voice import VoiceChannel
from switchboard.domain.dialling import Choice, DialOutcome, Phone, WhileRinging
from switchboard.domain.mobile_lines import MobileLine
from switchboard.errors import AsteriskError, LegGone
from switchboard.ports import Acceptance

LEG_DEADLINE = 2.0  # seconds Asterisk gets to hand us a leg it made

TrackLeg: TypeAlias = Callable[[Leg], None]

log = structlog.get_logger()


class RingingChannel(VoiceChannel):
    """A caller's channel, and the legs made for it. `track_leg` has a leg's events brought to this call."""

    def __init__(self, asterisk: Asterisk, channel: Event, prompts: PromptStore, track_leg: TrackLeg) -> None:
        super().__init__(asterisk, channel, prompts)
        self.mobile_lines: Mapping[str, MobileLine] = {}  # by number; no other number outside is ever rung
        self._track_leg = track_leg
        self._legs: list[Leg] = []

    @property
    @abstractmethod
    def number(self) -> str:
        """See ports.Call."""

    # What the exchange tells us.

    def leg_entered(self, leg: Leg, name: str) -> None:
        """A leg we made came into our hands (StasisStart), by this name."""
        leg.is_ours, leg.name = True, name
        self._wake()

    def leg_picked_up_elsewhere(self, leg: Leg, channel: str, name: str, phone: Phone) -> None:
        """A colleague took the call that rings at this leg's phone: the leg is another channel now, and answered."""
        leg.channel, leg.name, leg.phone = channel, name, phone
        self._track_leg(leg)
        self.leg_answered(leg)

    def leg_answered(self, leg: Leg) -> None:
        """A phone we ring was picked up (Dial ANSWER)."""
        if leg.state is LegState.RINGING:
            leg.picked_up()
            self._wake()

    def leg_key_pressed(self, leg: Leg, key: str) -> None:
        """A callee pressed a key (ChannelDtmfReceived)."""
        if leg.state is LegState.DECIDING and leg.decision is not None:
            leg.decision.key_pressed(key)

    def leg_playback_finished(self, leg: Leg, playback: str) -> None:
        """A callee heard something to its end (PlaybackFinished)."""
        if leg.state is LegState.DECIDING and leg.decision is not None:
            leg.decision.playback_finished(playback)

    def _leg_decided(self, leg: Leg) -> None:
        leg.decided()
        if leg.state is LegState.NOT_TAKEN:
            self._drop(leg)
        self._wake()

    def leg_ended(self, leg: Leg, cause: int, sip_status: int) -> None:
        """A leg is over (ChannelDestroyed, or found missing)."""
        leg.ended(cause, sip_status)
        self._wake()

    async def _reach(
        self, phones: Sequence[Phone], timeout: timedelta, hearing: WhileRinging, acceptance: Acceptance | None
    ) -> tuple[Leg | None, list[Leg]]:
        """Ring the phones until somebody takes the call: that leg, the others ended; and all the legs."""
        self._hearing(hearing, start=True)
        legs: list[Leg] = []
        taken: Leg | None = None
        try:
            for phone in phones:
                legs.append(await self._make_leg(phone, timeout, acceptance))
            if not await self._until(lambda: _is_settled(legs, ringing=True), timeout.total_seconds()):
                for leg in legs:
                    if leg.state is LegState.RINGING:
                        self._drop(leg)
                        leg.state = LegState.NOT_TAKEN
                await self._until(lambda: _is_settled(legs, ringing=False), math.inf)  # decisions end by themselves
            taken = next((leg for leg in legs if leg.state is LegState.ANSWERED), None)
        finally:
            for leg in legs:
                if leg is not taken:
                    self._drop(leg)
            if not self._gone:
                self._hearing(hearing, start=False)
        return taken, legs

    async def _make_leg(self, phone: Phone, timeout: timedelta, acceptance: Acceptance | None) -> Leg:
        leg = Leg(f"{LEG_PREFIX}{self._id.hex}-{uuid4().hex[:8]}", phone)
        if acceptance is not None and acceptance.asks(phone):
            announcement = self.prompts.media_of(acceptance.announcement)
            leg.decision = Decision(
                leg.channel, acceptance, announcement, self._command, partial(self._leg_decided, leg)
            )
        line = self.mobile_lines.get(phone.outside)
        if phone.outside and (line is None or leg.decision is None):
            log.error("mobile_not_rung", call=str(self._id), name=phone.name, has_line=line is not None)
            leg.unavailable(DialOutcome.FAILED)
            return leg
        self._legs.append(leg)
        self._track_leg(leg)
        try:
            await self._ask(
                operations.CREATE_LEG,
                endpoint=f"PJSIP/{phone.outside}@{line.trunk}" if line is not None else f"PJSIP/{phone.extension}",
                app=APPLICATION,
                appArgs="leg",
                channelId=leg.channel,
                originator=self.channel,
            )
            # Asterisk answers before the leg is in our hands, and refuses to dial one that is not.
            await self._until(lambda: leg.is_ours or leg.state is LegState.GONE, LEG_DEADLINE)
            if line is not None:
                await self._before_outside_rings(leg, line)
            # Of a mobile's leg Asterisk is not told for whom: it would show that caller's number again.
            whose = {} if line is not None else {"caller": self.channel}
            await self._ask(
                operations.DIAL_LEG,
                channelId=leg.channel,
                **whose,
                timeout=math.ceil(timeout.total_seconds()) + 1,  # ours comes first and knows why
            )
        except (LegGone, AsteriskError) as error:
            log.info("phone_not_rung", call=str(self._id), extension=phone.extension, error=str(error))
            if leg.state is LegState.RINGING:
                self._drop(leg)
                leg.unavailable()
                self._track_leg(leg)
        return leg

    async def _before_outside_rings(self, leg: Leg, line: MobileLine) -> None:
        """What is done with a line outside that is ours and not dialled yet. An AsteriskError says: it shall not be."""
        await self._show_number(leg, line)

    async def _show_number(self, leg: Leg, line: MobileLine) -> None:
        """Let a mobile see a number of ours: who calls is for us to say, and no provider shows a stranger's."""
        shown = line.caller_number or self.number
        for variable, value in (("CONNECTEDLINE(num,i)", shown), ("CONNECTEDLINE(name)", "")):
            await self._ask(operations.SET_VARIABLE, channelId=leg.channel, variable=variable, value=value)

    def _drop(self, leg: Leg) -> None:
        if leg.decision is not None:
            leg.decision.close()
        if leg.state is not LegState.GONE:
            self._command(operations.HANG_UP, ignore_gone=True, channelId=leg.channel)


def _is_settled(legs: Sequence[Leg], *, ringing: bool) -> bool:
    """Somebody took the call, or said what shall become of it, or nobody can any more; `ringing` phones still could."""
    if any(leg.state is LegState.ANSWERED or leg.choice is Choice.TO_VOICEMAIL for leg in legs):
        return True
    return not any(leg.state is LegState.DECIDING or (ringing and leg.state is LegState.RINGING) for leg in legs)
