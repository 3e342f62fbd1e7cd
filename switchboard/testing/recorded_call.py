"""A recorded call, played again: caller and phones do what the record says they did.

It behaves as ports.Call says. What the flow asks beyond the record (another phone rings, a question nobody was asked
then) has no answer: `Unanswerable` ends the call there, as nobody can know what would have happened.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.dialling import (
    Caller,
    Choice,
    DialOutcome,
    HangupCause,
    Phone,
    PhoneResult,
    RingResult,
    WhileRinging,
    most_telling,
)
from switchboard.domain.identity import CallId
from switchboard.domain.message import CALL_BACK_KEYS, Part
from switchboard.domain.screening import Attestation
from switchboard.domain.transfer import Return, TalkEnd
from switchboard.domain.voice_recording import SILENT, Recorded, RecordingEnd
from switchboard.errors import CallerHungUp, SwitchboardError
from switchboard.ports import Acceptance, Position, RecordingRef, Utterance
from switchboard.services.take_message import SAVE, URGENT
from switchboard.testing.manual_clock import ManualClock

_PRESSED = re.compile(r"pressed ([0-9A-D*#])")
_SPELLED = re.compile(r"spelled ([0-9A-D*]+)(?:, chose ([0-9])|, (none of \d+ chosen))?(?:.*attempt (\d+))?")
_KEYED = re.compile(r"keyed ([0-9A-D*# -]+):")  # several answers; `-` is silence
_NO_CHOICE = "9"  # is never offered
_SILENCE = "silence"
_PARTS = (Part.WHO.value, Part.ABOUT.value)  # that a message's form asks for, in this order
_VISITS = ("book", "rebook", "cancel_booking")  # steps that deal with appointments


class Unanswerable(SwitchboardError):
    """The flow asks what the record does not tell; the message says what."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Something that caller or phone did."""

    at: datetime
    key: str | None = None  # pressed; None is silence, or no key at all
    rung: tuple[PhoneResult, ...] = ()  # phones rung at once, and how each came out
    recorded: Recorded | None = None
    is_hangup: bool = False
    step: tuple[str, str] = ("", "")  # (flow, step) in which the phones rang, or the caller hung up
    began: datetime | None = None  # when the phones began to ring
    stays: bool = False  # silence or a wrong key: it answers the question however often it is asked again


class RecordedCall:
    """Implements ports.Call from one call's events, oldest first. Tell it where it is (`step_entered`)."""

    talking_since: datetime | None = None
    returned: Return | None = None

    def __init__(self, call_id: CallId, events: Iterable[CallEvent], clock: ManualClock) -> None:
        told = list(events)
        offer = next((event for event in told if event.kind is EventKind.OFFERED), told[0])
        self._id = call_id
        self._caller = Caller(str(offer.data.get("caller_number") or ""), str(offer.data.get("caller_name") or ""))
        self._number = str(offer.data.get("number") or "")
        self._clock = clock
        self._answers: deque[Answer] = deque(answers_of(told))
        self.recordings: dict[UUID, Recorded] = {}
        self.mailboxes = {step_of(event): str(event.data.get("outcome")) for event in told if is_mailbox(event)}
        self._visits = [event for event in told if is_visit(event)]
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

    async def visited(self) -> tuple[str, str]:
        """What came of dealing with appointments in the step the call is in: outcome, and what decided it."""
        await self.play(())  # who hung up meanwhile is gone
        for place, event in enumerate(self._visits):
            if step_of(event) == self._step:
                del self._visits[place]
                return str(event.data.get("outcome")), str(event.data.get("decided_on") or "")
        raise Unanswerable("asks about appointments, where nobody was asked about any")

    async def attestation(self) -> Attestation:
        """See ports.Call."""
        return Attestation.NONE

    async def answer(self) -> None:
        """See ports.Call."""
        await self._begin()
        self._answered = True

    async def play(self, utterances: Sequence[Utterance], *, barge_in: bool = False) -> None:
        """See ports.Call."""
        await self._begin()
        ahead = self._answers[0] if self._answers else None
        if ahead is not None and ahead.step == self._step:
            if ahead.is_hangup:
                self._next("")
            elif ahead.began is not None:  # what is said before phones ring is over then: it is no part of ringing
                self._clock.move_to(ahead.began)

    async def key(self, timeout: timedelta) -> str | None:
        """See ports.Call."""
        await self._begin()
        if self._used is not None and not self._used.rung and self._used.recorded is None:
            return self._used.key
        answer = self._next("asks what to press, where nobody was asked anything more")
        if answer.rung or answer.recorded is not None:
            raise Unanswerable(f"asks what to press, where {_did(answer)}")
        self._used = answer if answer.stays else None
        return answer.key

    def forget_keys(self) -> None:
        """See ports.Call."""

    def music(self, *, on: bool, folder: str = "") -> None:
        """See ports.Call."""

    async def wait(self, timeout: timedelta) -> str | None:
        """See ports.Call. Nothing but what the record tells of this step ends it early."""
        await self._begin()
        ahead = self._answers[0] if self._answers else None
        if ahead is not None and (ahead.key is not None or (ahead.is_hangup and ahead.step == self._step)):
            return self._next("").key
        self._clock.move_to(self._clock.now() + timeout)
        return None

    def nudge(self, *, interrupts: bool = True) -> None:
        """See ports.Call."""

    def break_off(self, keys: Collection[str]) -> None:
        """See ports.Call."""

    @property
    def is_broken_off(self) -> bool:
        """See ports.Call. It was a key if one follows what was rung."""
        return bool(self._answers) and self._answers[0].key is not None

    async def record(
        self, name: UUID, *, longest: timedelta, silence: timedelta, stop_keys: str = "#", beep: bool = True
    ) -> Recorded:
        """See ports.Call."""
        await self._begin()
        answer = self._next("records the caller, where nothing more was recorded")
        if answer.recorded is None:
            raise Unanswerable(f"records the caller, where {_did(answer)}")
        self.recordings[name] = answer.recorded
        return answer.recorded

    async def finish_recording(self, names: Sequence[UUID], *, longest: timedelta, stop_keys: str = "#") -> str:
        """See ports.Call. None goes on: a recorded call is replayed from its beginning."""
        await self._begin()
        return ""

    async def play_recordings(
        self, recordings: Sequence[RecordingRef], *, lasts: timedelta, back: str = "", ahead: str = ""
    ) -> None:
        """See ports.Call."""
        await self._begin()

    async def ring(
        self,
        phones: Sequence[Phone],
        *,
        timeout: timedelta,
        hearing: WhileRinging,
        acceptance: Acceptance | None = None,
    ) -> RingResult:
        """See ports.Call."""
        await self._begin()
        wanted = {(phone.extension, phone.outside) for phone in phones}
        rings = f"rings {', '.join(map(_called, phones))}"
        answer = self._next(f"{rings}, where nobody more was rung")
        rung = [each.phone for each in answer.rung]
        if not any((phone.extension, phone.outside) in wanted for phone in rung):
            raise Unanswerable(f"{rings}, where {_did(answer)}")
        taken = next((each for each in answer.rung if each.outcome is DialOutcome.ANSWERED), None)
        if taken is None:
            return most_telling(answer.rung)
        self._partner = taken.phone
        return RingResult(taken.outcome, taken.phone, taken.cause, taken.sip_status, taken.choice, answer.rung)

    def record_talks(self, choose: Callable[[Phone], UUID | None]) -> None:
        """See ports.Call. Nothing is."""

    async def talk(self) -> TalkEnd:
        """See ports.Call. Where a callee passed the caller on, the call goes on here when the caller was back."""
        await self._begin()
        if self._answers and self._answers[0].is_hangup:
            self._next("")
        self._partner = None
        return TalkEnd.CALLEE_LEFT

    async def come_back(self) -> Return:
        """See ports.Call."""
        await self._begin()
        return Return.TALKED

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
    began: datetime | None = None
    asked: tuple[str, ...] = ()  # beside the message that was begun last, in speech
    for place, event in enumerate(events):
        data = event.data
        if event.kind is EventKind.RINGING:
            began = began or event.at
        elif event.kind is EventKind.RUNG:
            results: tuple[PhoneResult, ...] = (_result(data),)
            if place and events[place - 1].kind is EventKind.RUNG:
                together = answers.pop()
                results, began = (*together.rung, *results), together.began
            answers.append(Answer(event.at, rung=results, began=began))
            began = None
        elif event.kind is EventKind.NAME_STATED:
            answers.append(Answer(event.at, recorded=_recorded(data)))
        elif event.kind is EventKind.MESSAGE_BEGUN:
            asked = tuple(part for part in _PARTS if part in data.get("asked", ()))
        elif event.kind is EventKind.MESSAGE and data.get("message_kind"):
            answers += _message(event)
        elif event.kind is EventKind.MESSAGE_DROPPED:
            left = next((each.data.get("outcome") for each in events[place:] if each.kind is EventKind.STEP), "")
            silence = Answer(event.at, recorded=Recorded(timedelta(), SILENT, RecordingEnd.SILENCE))
            answers += [silence] * (len(asked) + 2 if left != "hangup" else 0)  # the message itself is asked for twice
        elif event.kind is EventKind.STEP and data.get("outcome") in ("hangup", "fault", "shutdown"):
            step = (str(data.get("flow")), str(data.get("step")))
        elif event.kind is EventKind.STEP:
            here = (str(data.get("flow")), str(data.get("step")))
            answers[before:] = [replace(answer, step=here) for answer in answers[before:]]
            decided = str(data.get("decided_on") or "")
            if data.get("type") in ("voicemail", "message") and data.get("outcome") == "reception":
                answers[before:] = _to_reception(event.at, answers[before:], decided, asked)
            if is_visit(event):  # nothing of what was pressed leads elsewhere
                before = len(answers)
                continue
            if is_mailbox(event):  # what was dialled there is noted nowhere
                zero = [Answer(event.at, key="0")] if data.get("outcome") == "reception" else []
                answers[before:] = [*zero, Answer(event.at, stays=True)]
                before = len(answers)
                continue
            stays = "attempt" in decided
            if pressed := _PRESSED.match(decided):
                answers.append(Answer(event.at, key=pressed[1], stays=stays))
            elif spelled := _SPELLED.match(decided):
                answers[before:before] = _spelled(event, spelled)
            elif keyed := _KEYED.match(decided):
                keys = keyed[1].replace(" ", "")
                answers[before:before] = [Answer(event.at, key=None if key == "-" else key) for key in keys]
            elif decided.startswith(_SILENCE):
                answers.append(Answer(event.at, stays=True))
            before = len(answers)
        elif event.kind is EventKind.ENDED and data.get("ended_by") == "caller":
            answers.append(Answer(event.at, is_hangup=True, step=step))
    return answers


def step_of(event: CallEvent) -> tuple[str, str]:
    """The (flow, step) that a STEP event tells of."""
    return str(event.data.get("flow")), str(event.data.get("step"))


def is_mailbox(event: CallEvent) -> bool:
    """Whether it tells of somebody who heard messages, or wanted to."""
    return event.kind is EventKind.STEP and event.data.get("type") == "mailbox"


def is_visit(event: CallEvent) -> bool:
    """Whether it tells of somebody who booked, moved or cancelled an appointment, or wanted to."""
    is_left = event.kind is EventKind.STEP and event.data.get("outcome") not in ("hangup", "fault", "shutdown")
    return is_left and event.data.get("type") in _VISITS


def _message(event: CallEvent) -> list[Answer]:
    """What was said, question by question, and the keys pressed in the end."""
    data = event.data
    answers = [Answer(event.at, recorded=_recorded({})) for part in _PARTS if part in data.get("asked", ())]
    answers.append(Answer(event.at, recorded=replace(_recorded(data), ended_by=RecordingEnd.KEY, key="#")))
    if "call_back" in data.get("asked", ()):
        keys = {when.value: key for key, when in CALL_BACK_KEYS.items()}
        answers.append(Answer(event.at, key=keys.get(str(data.get("call_back")))))
    return [*answers, Answer(event.at, key=URGENT if data.get("urgent") is True else SAVE)]


def _to_reception(at: datetime, answers: list[Answer], decided: str, asked: Sequence[str]) -> list[Answer]:
    """The same, where 0 was pressed: into a recording, or instead of the last key."""
    recorded = [place for place, answer in enumerate(answers) if answer.recorded is not None]
    if "after the message" in decided or "call back" in decided or not recorded:
        return [*answers[:-1], Answer(at, key="0")]
    part = next((number for number, name in enumerate(asked) if decided.endswith(f"when asked: {name}")), -1)
    last = answers[recorded[part]].recorded or Recorded(timedelta(), SILENT, RecordingEnd.KEY)
    return [*answers[: recorded[part]], Answer(at, recorded=replace(last, ended_by=RecordingEnd.KEY, key="0"))]


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


def _result(data: Mapping[str, Any]) -> PhoneResult:
    phone = Phone(str(data.get("extension") or ""), str(data.get("name") or ""), str(data.get("outside") or ""))
    known = data.get("outcome") in tuple(DialOutcome)
    outcome = DialOutcome(data["outcome"]) if known else DialOutcome.FAILED
    choice = Choice(data["choice"]) if data.get("choice") in tuple(Choice) else None
    return PhoneResult(phone, outcome, int(data.get("cause") or 0), int(data.get("sip_status") or 0), choice)


def _recorded(data: Mapping[str, Any]) -> Recorded:
    known = data.get("ended_by") in tuple(RecordingEnd)
    ended_by = RecordingEnd(data["ended_by"]) if known else RecordingEnd.SILENCE
    return Recorded(timedelta(seconds=float(data.get("seconds") or 0)), float(data.get("level") or SILENT), ended_by)


def _did(answer: Answer) -> str:
    if answer.rung:
        return f"{', '.join(_called(each.phone) for each in answer.rung)} was rung"
    return "the caller was asked what to press" if answer.recorded is None else "the caller was recorded"


def _called(phone: Phone) -> str:
    return f"{phone.name} ({phone.line})"
