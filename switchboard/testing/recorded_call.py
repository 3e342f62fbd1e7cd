"""A recorded call, played again: caller and phones do what the record says they did.

It behaves as ports.Call says. What the flow asks beyond the record (another phone rings, a question nobody was asked
then) has no answer: `Unanswerable` ends the call there, as nobody can know what would have happened.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.dialling import Caller, DialOutcome, HangupCause, Phone, RingResult, WhileRinging
from switchboard.domain.identity import CallId
from switchboard.errors import CallerHungUp, SwitchboardError
from switchboard.ports import Position, Utterance
from switchboard.testing.manual_clock import ManualClock

_PRESSED = re.compile(r"pressed ([0-9A-D*#])")
_SPELLED = re.compile(r"spelled ([0-9A-D*]+)(?:, chose ([0-9])|, (none of \d+ chosen))?(?:.*attempt (\d+))?")
_NO_CHOICE = "9"  # is never offered
_SILENCE = "silence"


class Unanswerable(SwitchboardError):
    """The flow asks what the record does not tell; the message says what."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Something that caller or phone did."""

    at: datetime
    key: str | None = None  # pressed; None is silence, or no key at all
    rung: Phone | None = None
    result: RingResult = field(default_factory=lambda: RingResult(DialOutcome.FAILED))  # how that came out
    is_hangup: bool = False
    step: tuple[str, str] = ("", "")  # (flow, step) in which the caller hung up
    stays: bool = False  # silence or a wrong key: it answers the question however often it is asked again


class RecordedCall:
    """Implements ports.Call from one call's events, oldest first. Tell it where it is (`step_entered`)."""

    talking_since: datetime | None = None

    def __init__(self, call_id: CallId, events: Iterable[CallEvent], clock: ManualClock) -> None:
        told = list(events)
        offer = next((event for event in told if event.kind is EventKind.OFFERED), told[0])
        self._id = call_id
        self._caller = Caller(str(offer.data.get("caller_number") or ""), str(offer.data.get("caller_name") or ""))
        self._number = str(offer.data.get("number") or "")
        self._clock = clock
        self._answers: deque[Answer] = deque(answers_of(told))
        self._used: Answer | None = None  # stays until the step is left
        self._step = ("", "")
        self._partner: Phone | None = None
        self._answered = self._gone = False

    @property
    def id(self) -> CallId:
        """See ports.Call."""
        return self._id

    @property
    def caller(self) -> Caller:
        """See ports.Call."""
        return self._caller

    @property
    def number(self) -> str:
        """See ports.Call."""
        return self._number

    @property
    def is_answered(self) -> bool:
        """See ports.Call."""
        return self._answered

    @property
    def talking_to(self) -> Phone | None:
        """See ports.Call."""
        return self._partner

    @property
    def hangup_cause(self) -> int:
        """See ports.Call."""
        return HangupCause.NORMAL if self._gone else HangupCause.UNKNOWN

    @property
    def ended_by(self) -> str:
        """See ports.Call."""
        return "caller" if self._gone else "unknown"

    def step_entered(self, flow: str, step: str) -> None:
        """The call comes to a step: what answered the one before has been used."""
        self._used = None
        self._step = (flow, step)

    async def answer(self) -> None:
        """See ports.Call."""
        await self._begin()
        self._answered = True

    async def play(self, utterances: Sequence[Utterance], *, barge_in: bool = False) -> None:
        """See ports.Call."""
        await self._begin()
        if self._answers and self._answers[0].is_hangup and self._answers[0].step == self._step:
            self._next("")

    async def key(self, timeout: timedelta) -> str | None:
        """See ports.Call."""
        await self._begin()
        if self._used is not None and self._used.rung is None:
            return self._used.key
        answer = self._next("asks what to press, where nobody was asked anything more")
        if answer.rung is not None:
            raise Unanswerable(f"asks what to press, where {_called(answer.rung)} was rung")
        self._used = answer if answer.stays else None
        return answer.key

    def forget_keys(self) -> None:
        """See ports.Call."""

    async def ring(self, phones: Sequence[Phone], *, timeout: timedelta, hearing: WhileRinging) -> RingResult:
        """See ports.Call."""
        await self._begin()
        extensions = {phone.extension for phone in phones}
        rings = f"rings {', '.join(map(_called, phones))}"
        answer = self._next(f"{rings}, where nobody more was rung")
        if answer.rung is None or answer.rung.extension not in extensions:
            did = f"{_called(answer.rung)} was rung" if answer.rung else "the caller was asked what to press"
            raise Unanswerable(f"{rings}, where {did}")
        self._partner = answer.result.answered_by
        return answer.result

    async def talk(self) -> None:
        """See ports.Call."""
        await self._begin()
        if self._answers and self._answers[0].is_hangup:
            self._next("")
        self._partner = None

    async def hang_up(self, cause: HangupCause = HangupCause.NORMAL) -> None:
        """See ports.Call."""
        await asyncio.sleep(0)

    def remember(self, position: Position) -> None:
        """See ports.Call."""

    async def _begin(self) -> None:
        await asyncio.sleep(0)
        if self._gone:
            raise CallerHungUp

    def _next(self, unanswered: str) -> Answer:
        if not self._answers:
            raise Unanswerable(unanswered)
        answer = self._answers.popleft()
        self._clock.move_to(answer.at)
        if answer.is_hangup:
            self._gone = True
            raise CallerHungUp
        return answer


def answers_of(events: Sequence[CallEvent]) -> list[Answer]:
    """What caller and phones did, from a call's events in order."""
    answers: list[Answer] = []
    step = ("", "")
    before = 0  # answers of earlier steps: what was spelled is known only when the step is left
    for event in events:
        data = event.data
        if event.kind is EventKind.RUNG:
            phone = Phone(str(data.get("extension") or ""), str(data.get("name") or ""))
            answers.append(Answer(event.at, rung=phone, result=_result(phone, data)))
        elif event.kind is EventKind.STEP and data.get("outcome") in ("hangup", "fault", "shutdown"):
            step = (str(data.get("flow")), str(data.get("step")))
        elif event.kind is EventKind.STEP:
            decided = str(data.get("decided_on") or "")
            stays = "attempt" in decided
            if pressed := _PRESSED.match(decided):
                answers.append(Answer(event.at, key=pressed[1], stays=stays))
            elif spelled := _SPELLED.match(decided):
                answers[before:before] = _spelled(event, spelled)
            elif decided.startswith(_SILENCE):
                answers.append(Answer(event.at, stays=True))
            before = len(answers)
        elif event.kind is EventKind.ENDED and data.get("ended_by") == "caller":
            answers.append(Answer(event.at, is_hangup=True, step=step))
    return answers


def _spelled(event: CallEvent, found: re.Match[str]) -> list[Answer]:
    """The keys of a name, as often as it was asked for, and then of a choice among several."""
    keys, choice, unchosen, attempts = found.groups()
    answers = [Answer(event.at, key=key) for key in f"{keys}#" * int(attempts or 1)]
    if choice:
        answers.append(Answer(event.at, key=choice))
    elif unchosen:
        wrong = None if event.data.get("outcome") == "no_input" else _NO_CHOICE
        answers.append(Answer(event.at, key=wrong, stays=True))
    return answers


def _result(phone: Phone, data: Mapping[str, Any]) -> RingResult:
    known = data.get("outcome") in tuple(DialOutcome)
    outcome = DialOutcome(data["outcome"]) if known else DialOutcome.FAILED
    answered_by = phone if outcome is DialOutcome.ANSWERED else None
    return RingResult(outcome, answered_by, int(data.get("cause") or 0), int(data.get("sip_status") or 0))


def _called(phone: Phone) -> str:
    return f"{phone.name} ({phone.extension})"
