"""A call without a telephone, played by a person who is asked what the caller and the phones do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from switchboard.domain.dialling import DialOutcome, Phone, RingResult, WhileRinging
from switchboard.domain.transfer import TalkEnd
from switchboard.domain.voice_recording import Recorded
from switchboard.ports import Acceptance
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.script import Action, Deed, Moment, PhoneBehaviour
from switchboard.testing.scripted_call import ScriptedCall

RINGS_ON = PhoneBehaviour(DialOutcome.NO_ANSWER, timedelta.max)


class Player(Protocol):
    """Who plays. Its answers may take as long as they like: the call's time stands still meanwhile."""

    def asked(self, timeout: timedelta) -> Sequence[Action]:
        """The switchboard waits for a key: what the caller does, in order; nothing is silence."""

    def speaks(self, longest: timedelta) -> Sequence[Action]:
        """The caller is recorded: what they do, in order; nothing is silence."""

    def rings(self, phone: Phone, timeout: timedelta) -> PhoneBehaviour | None:
        """A phone rings: how it comes out; None if the caller hangs up meanwhile."""

    def talks(self, phone: Phone) -> bool:
        """Caller and callee talk: does the callee hang up (and not the caller)?"""


class InteractiveCall(ScriptedCall):
    """A ScriptedCall whose script is asked for when it is needed. Phones `told` beforehand are not asked about."""

    def __init__(self, clock: ManualClock, player: Player, *, told: Collection[str] = (), **rest: Any) -> None:
        super().__init__(clock, **rest)
        self._player = player
        self._told = frozenset(told)

    async def key(self, timeout: timedelta) -> str | None:
        """See ports.Call."""
        self._check()
        if not self._keys and not self.left:
            self.left.extend(self._player.asked(timeout) or [Action(Deed.STAY_SILENT)])
        return await super().key(timeout)

    async def record(
        self, name: UUID, *, longest: timedelta, silence: timedelta, stop_keys: str = "#", beep: bool = True
    ) -> Recorded:
        """See ports.Call."""
        self._check()
        if not self.left:
            self.left.extend(self._player.speaks(longest) or [Action(Deed.STAY_SILENT)])
        return await super().record(name, longest=longest, silence=silence, stop_keys=stop_keys, beep=beep)

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
        for phone in phones:
            if phone.line in self._told:
                continue
            behaviour = self._player.rings(phone, timeout)
            self.phones[phone.line] = behaviour or RINGS_ON
            if behaviour is None:
                self.left.appendleft(Action(Deed.HANG_UP, moment=Moment.RINGING))
                break
        return await super().ring(phones, timeout=timeout, hearing=hearing, acceptance=acceptance)

    async def talk(self) -> TalkEnd:
        """See ports.Call."""
        self._check()
        if self._partner is not None and not self._player.talks(self._partner):
            self.left.appendleft(Action(Deed.HANG_UP, moment=Moment.TALKING))
        return await super().talk()
