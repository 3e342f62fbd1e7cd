"""A caller who waits: music, a nudge that ends a wait, keys that stop phones from ringing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.hold_music import music_class
from switchboard.asterisk.leg import Leg, LegState
from switchboard.asterisk.ringing import RingingChannel
from switchboard.domain.dialling import Phone, WhileRinging
from switchboard.ports import Acceptance


class WaitingChannel(RingingChannel):
    """A caller's channel that may be made to wait."""

    _has_music = False
    _is_nudged = _interrupts = False
    _breaking: frozenset[str] = frozenset()
    _is_broken_off = False

    def music(self, *, on: bool, folder: str = "") -> None:
        """See ports.Call."""
        if on != self._has_music and not self._gone:
            chosen: dict[str, Any] = {"mohClass": music_class(folder)} if on and folder else {}
            self._command(operations.START_MUSIC if on else operations.STOP_MUSIC, channelId=self.channel, **chosen)
        self._has_music = on

    def nudge(self, *, interrupts: bool = True) -> None:
        """See ports.Call."""
        self._is_nudged, self._interrupts = True, self._interrupts or interrupts
        self._wake()

    async def wait(self, timeout: timedelta) -> str | None:
        """See ports.Call."""
        await self._until(lambda: bool(self._keys) or self._is_nudged, timeout.total_seconds())
        if self._keys:
            return self._keys.popleft()
        self._is_nudged = self._interrupts = False
        return None

    @property
    def is_broken_off(self) -> bool:
        """See ports.Call."""
        return self._is_broken_off

    def break_off(self, keys: Collection[str]) -> None:
        """See ports.Call."""
        self._breaking, self._is_broken_off = frozenset(keys), False
        self._is_nudged = self._interrupts = False

    def _is_interrupted(self) -> bool:
        return super()._is_interrupted() or self._interrupts

    def key_pressed(self, key: str) -> None:
        """See VoiceChannel. Phones that ring are let go: for who rings them, nobody answered."""
        if key in self._breaking and not self._is_broken_off:
            self._is_broken_off = True
            for leg in self._legs:
                if leg.state in (LegState.RINGING, LegState.DECIDING):
                    self._drop(leg)
                    leg.state = LegState.GONE
        super().key_pressed(key)

    async def _make_leg(self, phone: Phone, timeout: timedelta, acceptance: Acceptance | None) -> Leg:
        if self._is_broken_off:
            return Leg("", phone, LegState.GONE)
        return await super()._make_leg(phone, timeout, acceptance)

    def _hearing(self, what: WhileRinging, *, start: bool) -> None:
        if what is WhileRinging.MUSIC and self._answered:
            self.music(on=start)  # which goes on where it plays already
        else:
            super()._hearing(what, start=start)
