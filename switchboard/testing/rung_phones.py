"""How ringing comes out when it is known what each phone does: worked out, not waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.dialling import Choice, DialOutcome, HangupCause, Phone, PhoneResult, RingResult, most_telling
from switchboard.ports import Acceptance, Utterance
from switchboard.testing.script import REACTION, PhoneBehaviour

_SIGNALS = {
    DialOutcome.DECLINED: (HangupCause.REJECTED, 603),
    DialOutcome.BUSY: (HangupCause.BUSY, 486),
    DialOutcome.NO_ANSWER: (HangupCause.NO_ANSWER, 0),
    DialOutcome.UNAVAILABLE: (HangupCause.UNKNOWN, 0),
    DialOutcome.FAILED: (HangupCause.INTERWORKING, 500),
}
_OUTCOME_OF_CHOICE = {
    Choice.ACCEPTED: DialOutcome.ANSWERED,
    Choice.TO_VOICEMAIL: DialOutcome.DECLINED,
    Choice.REFUSED: DialOutcome.DECLINED,
    Choice.NONE: DialOutcome.NO_ANSWER,
}
_NAME_LASTS = timedelta(seconds=2)  # a recording in an announcement


@dataclass(frozen=True, slots=True)
class Ringing:
    """What is rung, for how long, and what is asked of who picks up."""

    phones: Sequence[tuple[Phone, PhoneBehaviour]]
    timeout: timedelta
    acceptance: Acceptance | None
    lasts: Callable[[Utterance], timedelta]

    def comes_out(self) -> tuple[RingResult, timedelta]:
        """The result, and when it is there."""
        ends = [self._end(phone, behaviour) for phone, behaviour in self.phones]
        decisive = [end for end in ends if end.decides]
        last = max((end.at for end in ends), default=timedelta())
        first = min(decisive, key=lambda end: end.at, default=None)
        after = first.at if first else last
        each = tuple(end.result if end is first or end.at <= after else _stopped(end.result.phone) for end in ends)
        if first is not None and first.result.outcome is DialOutcome.ANSWERED:
            result = RingResult(DialOutcome.ANSWERED, first.result.phone, choice=first.result.choice, each=each)
            return result, after
        return most_telling(each), after

    def _end(self, phone: Phone, behaviour: PhoneBehaviour) -> _End:
        acceptance = self.acceptance
        if phone.outside and acceptance is None:
            return _End(timedelta(), _result(phone, DialOutcome.FAILED))
        if behaviour.outcome is not DialOutcome.ANSWERED or behaviour.after > self.timeout:
            is_late = behaviour.after > self.timeout
            outcome = DialOutcome.NO_ANSWER if is_late else behaviour.outcome
            return _End(min(behaviour.after, self.timeout), _result(phone, outcome))
        if acceptance is None or not acceptance.asks(phone):
            return _End(behaviour.after, PhoneResult(phone, DialOutcome.ANSWERED), decides=True)
        choice = behaviour.chooses
        offered = {Choice.TO_VOICEMAIL: acceptance.to_voicemail, Choice.REFUSED: acceptance.refuse}
        if not offered.get(choice, "offered"):
            choice = Choice.NONE  # a key that means nothing here
        decided = behaviour.after + (self._patience(acceptance) if choice is Choice.NONE else REACTION)
        result = _result(phone, _OUTCOME_OF_CHOICE[choice], choice)
        return _End(decided, result, decides=choice in (Choice.ACCEPTED, Choice.TO_VOICEMAIL))

    def _patience(self, acceptance: Acceptance) -> timedelta:
        lengths = (self.lasts(each) if isinstance(each, Utterance) else _NAME_LASTS for each in acceptance.announcement)
        return acceptance.times * sum(lengths, timedelta()) + acceptance.patience


@dataclass(frozen=True, slots=True)
class _End:
    at: timedelta
    result: PhoneResult
    decides: bool = False  # for all phones


def _result(phone: Phone, outcome: DialOutcome, choice: Choice | None = None) -> PhoneResult:
    if outcome is DialOutcome.ANSWERED:
        return PhoneResult(phone, outcome, choice=choice)
    cause, sip_status = (HangupCause.NORMAL, 0) if choice else _SIGNALS[outcome]
    return PhoneResult(phone, outcome, cause, sip_status, choice)


def _stopped(phone: Phone) -> PhoneResult:
    """It rang on until another phone decided."""
    return PhoneResult(phone, DialOutcome.NO_ANSWER)
