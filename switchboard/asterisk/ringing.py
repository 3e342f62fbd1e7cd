"""Phones rung for a caller: a leg to each, the first to answer wins."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeAlias
from uuid import uuid4

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari import APPLICATION, Event
from switchboard.asterisk.channel import Asterisk
from switchboard.asterisk.leg import LEG_PREFIX, Leg, LegState
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.asterisk.voice import VoiceChannel
from switchboard.domain.dialling import Phone, WhileRinging
from switchboard.errors import AsteriskError, LegGone

LEG_DEADLINE = 2.0  # seconds Asterisk gets to hand us a leg it made

TrackLeg: TypeAlias = Callable[[Leg], None]

log = structlog.get_logger()


class RingingChannel(VoiceChannel):
    """A caller's channel, and the legs made for it. `track_leg` has a leg's events brought to this call."""

    def __init__(self, asterisk: Asterisk, channel: Event, prompts: PromptStore, track_leg: TrackLeg) -> None:
        super().__init__(asterisk, channel, prompts)
        self._track_leg = track_leg
        self._legs: list[Leg] = []

    # What the exchange tells us.

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

    async def _reach(
        self, phones: Sequence[Phone], timeout: timedelta, hearing: WhileRinging
    ) -> tuple[Leg | None, list[Leg]]:
        """Ring the phones until one answers: its leg, the others stopped; and all the legs."""
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
        return answered, legs

    async def _make_leg(self, phone: Phone, timeout: timedelta) -> Leg:
        leg = Leg(f"{LEG_PREFIX}{self._id.hex}-{uuid4().hex[:8]}", phone)
        self._legs.append(leg)
        self._track_leg(leg)
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
                self._track_leg(leg)
        return leg

    def _drop(self, leg: Leg) -> None:
        if leg.state is not LegState.GONE:
            self._command(operations.HANG_UP, ignore_gone=True, channelId=leg.channel)
