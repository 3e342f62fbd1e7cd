"""ScriptedCall is a call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from switchboard.domain.dialling import Phone
from switchboard.domain.language import ENGLISH
from switchboard.ports import Utterance
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.script import Action, Deed, Moment, read_phone
from switchboard.testing.scripted_call import PER_CHARACTER, ScriptedCall
from tests.contract.call_contract import CallBench, CallContract
from tests.contract.ringing_contract import RingingContract
from tests.contract.waiting_contract import WaitingContract

TWO_SECONDS = int(timedelta(seconds=2) / PER_CHARACTER) + 1


class ScriptedBench:
    """A bench without telephones, in virtual time."""

    def __init__(self) -> None:
        self.clock = ManualClock(datetime(2026, 3, 3, 8, tzinfo=UTC))
        self.call = ScriptedCall(self.clock)
        self.utterances = [Utterance(word * TWO_SECONDS, ENGLISH) for word in "abc"]
        self.phones = [Phone("100", "Reception"), Phone("101", "Mari Tamm")]

    def now(self) -> datetime:
        return self.clock.now()

    def caller_presses(self, keys: str, *, after: timedelta) -> None:
        self.call.caller_does(Action(Deed.PRESS, keys, Moment.AT, instant=self.now() + after))

    def caller_hangs_up(self, *, after: timedelta) -> None:
        self.call.caller_does(Action(Deed.HANG_UP, moment=Moment.AT, instant=self.now() + after))

    def caller_speaks(self, length: timedelta) -> None:
        self.call.left.appendleft(Action(Deed.SPEAK, length=length))

    def phone(self, phone: Phone, behaviour: str) -> None:
        self.call.phones[phone.extension] = read_phone(behaviour)

    async def heard(self) -> list[Utterance]:
        return self.call.heard

    async def hears_music(self) -> bool:
        return self.call.has_music

    def nudged(self, *, after: timedelta, interrupts: bool) -> None:
        self.call.will_be_nudged(self.now() + after, interrupts=interrupts)


@pytest.fixture
def bench() -> CallBench:
    return ScriptedBench()


class TestScriptedCall(CallContract):
    """The contract: what is heard, pressed and said."""


class TestScriptedCallRinging(RingingContract):
    """The contract: phones."""


class TestScriptedCallWaiting(WaitingContract):
    """The contract: queues."""
