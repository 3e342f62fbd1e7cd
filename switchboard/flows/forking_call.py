"""A call without a caller, for exploring: whatever it is asked has several answers, and each of them is tried.

A run is told the first answers; at every question beyond, it takes the first answer there is and leaves the others for
later runs (`untried`). So the runs of a step make a tree whose leaves are all that can happen in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

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
from switchboard.domain.screening import Attestation
from switchboard.domain.transfer import Return, TalkEnd
from switchboard.domain.voice_recording import SILENT, Recorded, RecordingEnd
from switchboard.ports import Acceptance, Position, RecordingRef, Utterance
from switchboard.services.take_message import OTHER

KEYS: tuple[str | None, ...] = (*"1234567890#*", None)  # None is silence
REPEAT = "*"
HUMAN = "0"

_SOME_CALL = CallId(UUID(int=0))
_SPEECH = Recorded(timedelta(seconds=8), -20.0, RecordingEnd.SILENCE)
_ZERO = Recorded(timedelta(), SILENT, RecordingEnd.KEY, "0")
_NOTHING_SAID = Recorded(timedelta(), SILENT, RecordingEnd.SILENCE)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """The caller heard this."""

    utterances: tuple[Utterance, ...]
    barge_in: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A key was waited for; `key` is what came, None for silence until the timeout."""

    timeout: timedelta
    key: str | None
    while_waiting: bool = False  # in a queue, unasked
    is_spelled: bool = False  # one of several that belong together


@dataclass(frozen=True, slots=True)
class Rang:
    """Phones rang, and how that came out."""

    phones: tuple[Phone, ...]
    timeout: timedelta
    hearing: WhileRinging
    outcome: DialOutcome
    answered_by: Phone | None = None
    choice: Choice | None = None


@dataclass(frozen=True, slots=True)
class Spoke:
    """The caller was recorded, and said something or nothing."""

    has_voice: bool


@dataclass(frozen=True, slots=True)
class Talked:
    """Caller and callee talked, until the callee left."""

    phone: Phone


@dataclass(frozen=True, slots=True)
class Waited:
    """The caller waited in a queue for so long, with music, until something other than a key ended it."""

    queue: str
    length: timedelta


@dataclass(frozen=True, slots=True)
class Judged:
    """Screening came to a verdict on the caller."""

    verdict: str


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Another system was asked about the caller; `values` of its answer by their paths."""

    lookup: str
    outcome: str
    values: tuple[tuple[str, str | int | bool | None], ...]


Happening = Waited | Said | Asked | Rang | Spoke | Talked | Judged | LookedUp


class Questions:
    """Which keys are worth trying at a question that was asked before.

    A question is known by the last thing said before it. The first time every key is tried; a key after which the
    question was not asked again means something, of those after which it was, one stands for all, and `*` for none.
    """

    def __init__(self) -> None:
        self._leaving: dict[Utterance | None, dict[str | None, bool]] = {}
        self.are_learnt = False
        self.has_repeats = False  # was any asked again?

    def answers(self, question: Utterance | None, is_again: bool) -> tuple[str | None, ...]:
        """What is to be tried."""
        if not self.are_learnt:
            return (None,) if is_again else KEYS
        known = self._leaving.get(question)
        if known is None:
            return KEYS
        leaving = [key for key in KEYS if known.get(key, True)]
        asking = [key for key in KEYS if key is not None and key != REPEAT and not known.get(key, True)]
        silence = [] if None in leaving else [None]
        return (*leaving, *asking[:1], *silence)

    def learn(self, asked: Sequence[tuple[Utterance | None, str | None]]) -> None:
        """From one run: what was asked, and answered."""
        for place, (question, key) in enumerate(asked):
            if all(earlier != question for earlier, _ in asked[:place]):
                is_again = any(later == question for later, _ in asked[place + 1 :])
                self._leaving.setdefault(question, {})[key] = not is_again
                self.has_repeats = self.has_repeats or is_again


class ForkingCall:
    """Implements ports.Call for one run."""

    is_answered = True
    talking_since: datetime | None = None
    returned: Return | None = None
    hangup_cause = int(HangupCause.UNKNOWN)
    ended_by = "unknown"
    is_broken_off = False
    id = _SOME_CALL

    def __init__(self, caller: str, number: str, answers: Sequence[Any], questions: Questions) -> None:
        self.happenings: list[Happening] = []
        self.asked: list[tuple[Utterance | None, str | None]] = []
        self.saw_caller = self.saw_number = False
        self.talking_to: Phone | None = None
        self.recordings: dict[UUID, Recorded] = {}
        self._caller = Caller(caller)
        self._number = number
        self._told = answers
        self._given: list[Any] = []
        self._open: list[tuple[int, tuple[Any, ...]]] = []  # how many answers came before, and what else there is
        self._questions = questions
        self._last_said: Utterance | None = None
        self._came_out: DialOutcome | None = None  # of the first phones rung in this step, if not answered
        self._asked_for_keys: list[Utterance | None] = []  # that belong together: after what was said

    @property
    def caller(self) -> Caller:
        """See ports.Call."""
        self.saw_caller = True
        return self._caller

    @property
    def number(self) -> str:
        """See ports.Call."""
        self.saw_number = True
        return self._number

    def untried(self) -> Iterator[tuple[Any, ...]]:
        """The beginnings of further runs."""
        for before, others in self._open:
            for other in others:
                yield (*self._given[:before], other)

    async def attestation(self) -> Attestation:
        """See ports.Call."""
        return Attestation.NONE

    async def answer(self) -> None:
        """See ports.Call."""

    async def play(self, utterances: Sequence[Utterance], *, barge_in: bool = False) -> None:
        """See ports.Call."""
        said = tuple(utterances)
        self.happenings.append(Said(said, barge_in))
        self._last_said = said[-1] if said else self._last_said

    async def key(self, timeout: timedelta) -> str | None:
        """See ports.Call."""
        question = self._last_said
        is_again = any(question == before for before, _ in self.asked)
        key = self._answer(self._questions.answers(question, is_again))
        self.asked.append((question, key))
        self.happenings.append(Asked(timeout, key))
        return key

    def keys(
        self, first: timedelta, between: timedelta, at_once: str, worth_trying: Callable[[], Iterable[str]]
    ) -> str:
        """See Conversation.keys. Asked again, silence and the first of `worth_trying` stand for all."""
        question = self._last_said
        worth = tuple(worth_trying())
        again = question in self._asked_for_keys
        self._asked_for_keys.append(question)
        pressed: str = self._answer(("", *worth[:1]) if again else ("", *worth, *at_once))
        timeout = first
        for key in pressed:
            self.happenings.append(Asked(timeout, key, is_spelled=True))
            timeout = between
        if pressed not in at_once or not pressed:
            self.happenings.append(Asked(timeout, None, is_spelled=True))
        return pressed

    async def pressed_of(self, timeout: timedelta, keys: Collection[str]) -> str | None:
        """See take_message.pressed_of. One other key stands for all."""
        question = self._last_said
        is_again = any(question == before for before, _ in self.asked)
        worth = self._questions.answers(question, is_again)
        other = next((each for each in worth if each is not None and each not in keys), None)
        key = self._answer(tuple(each for each in worth if each is None or each in keys or each == other))
        self.asked.append((question, key))
        self.happenings.append(Asked(timeout, key))
        return key if key is None or key in keys else OTHER

    def judged(self, verdicts: tuple[str, ...]) -> str:
        """What screening found of the caller."""
        verdict = self._answer(verdicts)
        self.happenings.append(Judged(verdict))
        return verdict

    def forget_keys(self) -> None:
        """See ports.Call."""

    def music(self, *, on: bool, folder: str = "") -> None:
        """See ports.Call."""

    async def wait(self, timeout: timedelta) -> str | None:
        """See ports.Call."""
        return await self.key(timeout)

    def nudge(self, *, interrupts: bool = True) -> None:
        """See ports.Call."""

    def break_off(self, keys: Collection[str]) -> None:
        """See ports.Call."""

    def answered_with(self, answers: tuple[T, ...]) -> T:
        """One of several answers to something that is asked; the others are tried in other runs."""
        return self._answer(answers)

    async def record(
        self, name: UUID, *, longest: timedelta, silence: timedelta, stop_keys: str = "#", beep: bool = True
    ) -> Recorded:
        """See ports.Call."""
        zero = (_ZERO,) if HUMAN in stop_keys else ()
        recorded: Recorded = self._answer((_SPEECH, _NOTHING_SAID, *zero))
        self.recordings[name] = recorded
        self.happenings.append(Asked(silence, HUMAN) if recorded is _ZERO else Spoke(recorded.has_voice))
        return recorded

    async def finish_recording(self, names: Sequence[UUID], *, longest: timedelta, stop_keys: str = "#") -> str:
        """See ports.Call. None goes on in a call that begins."""
        return ""

    async def play_recordings(
        self, recordings: Sequence[RecordingRef], *, lasts: timedelta, back: str = "", ahead: str = ""
    ) -> None:
        """See ports.Call."""

    async def ring(
        self,
        phones: Sequence[Phone],
        *,
        timeout: timedelta,
        hearing: WhileRinging,
        acceptance: Acceptance | None = None,
    ) -> RingResult:
        """See ports.Call."""
        result = self._answer(tuple(_ways_to_come_out(phones, acceptance, self._came_out)))
        if result.outcome is not DialOutcome.ANSWERED:
            self._came_out = self._came_out or result.outcome
        rang = Rang(tuple(phones), timeout, hearing, result.outcome, result.answered_by, result.choice)
        self.happenings.append(rang)
        self.talking_to = result.answered_by
        return result

    def record_talks(self, choose: Callable[[Phone], UUID | None]) -> None:
        """See ports.Call. Whether a conversation is recorded leads nowhere else."""

    async def talk(self) -> TalkEnd:
        """See ports.Call. A callee who passes the caller on leads where one who hangs up, or does not answer, does."""
        if self.talking_to is not None:
            self.happenings.append(Talked(self.talking_to))
            self.talking_to = None
        return TalkEnd.CALLEE_LEFT

    async def come_back(self) -> Return:
        """See ports.Call."""
        return Return.TALKED

    async def hang_up(self, cause: HangupCause = HangupCause.NORMAL) -> None:
        """See ports.Call."""

    def remember(self, position: Position) -> None:
        """See ports.Call."""

    def fork(self, answers: tuple[T, ...]) -> T:
        """One of the answers that something else than the call can give: each of them in a run of its own."""
        return self._answer(answers)

    def _answer(self, answers: tuple[T, ...]) -> T:
        place = len(self._given)
        if place < len(self._told):
            answer: T = self._told[place]
        else:
            answer = answers[0]
            self._open.append((place, answers[1:]))
        self._given.append(answer)
        return answer


def _ways_to_come_out(
    phones: Sequence[Phone], acceptance: Acceptance | None, came_out: DialOutcome | None
) -> Iterator[RingResult]:
    """Each phone answers; or all come out alike; or who picks up sends the caller to voicemail.

    Those rung later in the same step come out as the ones before (`came_out`), or answer: what ringing several comes to
    is what one of them comes to (domain/dialling.most_telling), so nothing is missed.
    """
    for phone in phones:
        choice = Choice.ACCEPTED if acceptance is not None and acceptance.asks(phone) else None
        each = tuple(
            PhoneResult(one, DialOutcome.ANSWERED, choice=choice)
            if one is phone
            else PhoneResult(one, DialOutcome.NO_ANSWER)
            for one in phones
        )
        yield RingResult(DialOutcome.ANSWERED, phone, choice=choice, each=each)
    for outcome in DialOutcome:
        if outcome is not DialOutcome.ANSWERED and came_out in (None, outcome):
            told = most_telling([PhoneResult(phone, outcome) for phone in phones])
            yield RingResult(outcome, each=told.each)
    asked = [phone for phone in phones if acceptance is not None and acceptance.to_voicemail and acceptance.asks(phone)]
    if asked:
        sent = PhoneResult(asked[0], DialOutcome.DECLINED, choice=Choice.TO_VOICEMAIL)
        yield most_telling([sent, *(PhoneResult(one, DialOutcome.NO_ANSWER) for one in phones if one != asked[0])])
