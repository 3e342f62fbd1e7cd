"""A call without a telephone: the caller follows a script, time is virtual, and what happens is written down.

It behaves as ports.Call says; tests/contract holds it and the Asterisk-backed Call to the same tests.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from switchboard.domain.dialling import (
    Caller,
    DialOutcome,
    HangupCause,
    Phone,
    PhoneResult,
    RingResult,
    WhileRinging,
    most_telling,
)
from switchboard.domain.identity import CallId
from switchboard.domain.language import ENGLISH
from switchboard.domain.screening import Attestation
from switchboard.domain.transfer import Return, TalkEnd
from switchboard.domain.voice_recording import SILENT, Recorded, RecordingEnd
from switchboard.errors import AsteriskError, CallerHungUp, CallTakenAway
from switchboard.ports import Acceptance, Position, RecordingRef, Utterance
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.rung_phones import Ringing
from switchboard.testing.script import REACTION, UNAVAILABLE, Action, Deed, Moment, PhoneBehaviour
from switchboard.testing.transcript import Happening, Line, Listener

PER_CHARACTER = timedelta(milliseconds=60)  # how fast the switchboard speaks, about
SHORTEST_UTTERANCE = timedelta(seconds=1)
SOME_CALL = CallId(UUID("019a0000-0000-7000-8000-000000000000"))
SPOKEN = -20.0  # dBFS, how loud a caller speaks
BEEP = timedelta(seconds=0.25)
SKIPS = "#"  # what was said before the beep
SKIP = timedelta(seconds=5)


class ScriptedCall:
    """Implements ports.Call. `lines` tell the call; `left` are the caller's lines that never came due.

    `listener` is told each line as it happens; `lasts` says how long an utterance takes.
    """

    def __init__(
        self,
        clock: ManualClock,
        *,
        number: str = "6001000",
        caller: str = "+37255501234",
        name: str = "",
        actions: Iterable[Action] = (),
        phones: Mapping[str, PhoneBehaviour] | None = None,
        call_id: CallId = SOME_CALL,
        talking_to: Phone | None = None,
        hangs_up_at: datetime | None = None,
        listener: Listener | None = None,
        lasts: Callable[[Utterance], timedelta] | None = None,
    ) -> None:
        self.lines: list[Line] = []
        self.heard: list[Utterance] = []  # in the order they began
        self.positions: list[Position] = []
        self.recordings: dict[UUID, Recorded] = {}
        self.left: deque[Action] = deque(actions)
        self.phones: dict[str, PhoneBehaviour] = dict(phones or {})
        self.vouched_for = Attestation.NONE
        self._clock = clock
        self._listener = listener
        self._lasts = lasts or length_of
        self._id = call_id
        self._caller = Caller(caller, name)
        self._number = number
        self._answered = talking_to is not None
        self._gone = False
        self._keys: deque[str] = deque()
        self._stop_key = ""  # that ended the last recording a key ended
        self.has_music = False
        self._is_nudged = self._interrupts = False
        self._nudges: deque[tuple[datetime, bool]] = deque()
        self._breaking: frozenset[str] = frozenset()
        self._is_broken_off = False
        self._partner = talking_to
        self._last_action_at = clock.now()
        self._hangs_up_at = hangs_up_at  # wherever the script then is
        self._cause: int = HangupCause.UNKNOWN
        self._ended_by = "unknown"
        self._choose_recording: Callable[[Phone], UUID | None] = lambda phone: None

    @property
    def transcript(self) -> list[str]:
        """The lines as texts."""
        return [line.text for line in self.lines]

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
    def talking_since(self) -> datetime | None:
        """See ports.Call."""
        return None

    @property
    def returned(self) -> Return | None:
        """See ports.Call."""
        return None

    @property
    def hangup_cause(self) -> int:
        """See ports.Call."""
        return self._cause

    @property
    def ended_by(self) -> str:
        """See ports.Call."""
        return self._ended_by

    async def attestation(self) -> Attestation:
        """See ports.Call."""
        return self.vouched_for

    async def answer(self) -> None:
        """See ports.Call."""
        await self._begin()
        if not self._answered:
            self._answered = True
            self._tell(Happening.ANSWERS, "switchboard answers")

    async def play(self, utterances: Sequence[Utterance], *, barge_in: bool = False) -> None:
        """See ports.Call."""
        await self._begin()
        for utterance in utterances:
            if barge_in and self._is_interrupted():
                return
            language = "" if utterance.language == ENGLISH else f" [{utterance.language}]"
            self._tell(Happening.SAYS, f"switchboard{language}: {utterance.text}", utterance=utterance)
            self.heard.append(utterance)
            length = self._lasts(utterance)
            if self._pass(length, Moment.HEARING, lambda: barge_in and self._is_interrupted(), utterance.text):
                by = "by the key" if self._keys else "as it is the caller's turn"
                self._tell(Happening.STOPPED, f"(stopped {by})", utterance=utterance)

    async def key(self, timeout: timedelta) -> str | None:
        """See ports.Call."""
        await self._begin()
        if self._keys or self._pass(timeout, Moment.ASKED, lambda: bool(self._keys)):
            return self._keys.popleft()
        self._tell(Happening.SILENCE, f"(silence, {_seconds(timeout)})", lasts=timeout)
        if self.left and self.left[0].deed is Deed.STAY_SILENT:
            self.left.popleft()
            self._last_action_at = self._clock.now()
        return None

    def forget_keys(self) -> None:
        """See ports.Call."""
        self._keys.clear()

    def music(self, *, on: bool, folder: str = "") -> None:
        """See ports.Call."""
        if on and not self.has_music and not self._gone:
            self._tell(Happening.MUSIC, "(music)")
        self.has_music = on

    async def wait(self, timeout: timedelta) -> str | None:
        """See ports.Call."""
        await self._begin()
        self._pass(timeout, Moment.WAITING, lambda: bool(self._keys) or self._is_nudged)
        if self._keys:
            return self._keys.popleft()
        self._is_nudged = self._interrupts = False
        return None

    def nudge(self, *, interrupts: bool = True) -> None:
        """See ports.Call."""
        self._is_nudged, self._interrupts = True, self._interrupts or interrupts

    def will_be_nudged(self, at: datetime, *, interrupts: bool = True) -> None:
        """Another call will nudge this one at an instant, as nothing else happens while this call's time passes."""
        self._nudges.append((at, interrupts))

    def _is_interrupted(self) -> bool:
        return bool(self._keys) or self._interrupts

    def break_off(self, keys: Collection[str]) -> None:
        """See ports.Call."""
        self._breaking, self._is_broken_off = frozenset(keys), False
        self._is_nudged = self._interrupts = False

    @property
    def is_broken_off(self) -> bool:
        """See ports.Call."""
        return self._is_broken_off

    async def record(
        self, name: UUID, *, longest: timedelta, silence: timedelta, stop_keys: str = "#", beep: bool = True
    ) -> Recorded:
        """See ports.Call."""
        await self._begin()
        self._tell(Happening.RECORDS, "(beep)" if beep else "(records)")
        since = self._clock.now() + (BEEP if beep else timedelta())
        level = SPOKEN if self.left and self.left[0].deed is Deed.SPEAK else SILENT
        try:
            if beep:
                self._pass(BEEP, Moment.AT, lambda: False)
                self._keys = deque(key for key in self._keys if key != SKIPS)
            ended_by = self._speech(longest, silence, stop_keys)
        except CallerHungUp:
            ended_by = RecordingEnd.HANGUP
        key = self._stop_key if ended_by is RecordingEnd.KEY else ""
        recorded = Recorded(max(self._clock.now() - since, timedelta()), level, ended_by, key)
        self.recordings[name] = recorded
        self._tell(Happening.RECORDED, f"(recorded, ended by {ended_by.value})", lasts=recorded.duration)
        return recorded

    def _speech(self, longest: timedelta, silence: timedelta, stop_keys: str) -> RecordingEnd:
        left = longest
        if self.left and self.left[0].deed is Deed.SPEAK:
            length = self.left.popleft().length
            self._tell(Happening.SPEAKS, f"caller speaks for {_seconds(length)}", lasts=length)
            self._last_action_at = self._clock.now() + length
            left -= min(length, longest)
            if self._pass(min(length, longest), Moment.TALKING, self._stop(stop_keys)):
                return RecordingEnd.KEY
        elif self.left and self.left[0].deed is Deed.STAY_SILENT:
            self.left.popleft()
        if self._pass(min(silence, left), Moment.ASKED, self._stop(stop_keys)):
            return RecordingEnd.KEY
        return RecordingEnd.LENGTH if left <= silence else RecordingEnd.SILENCE

    def _stop(self, stop_keys: str) -> Callable[[], bool]:
        """Whether a key that ends a recording was pressed; it is used up, and those before it."""

        def stopped() -> bool:
            place = next((place for place, key in enumerate(self._keys) if key in stop_keys), None)
            if place is not None:
                for _ in range(place + 1):
                    self._stop_key = self._keys.popleft()
            return place is not None

        return stopped

    async def finish_recording(self, names: Sequence[UUID], *, longest: timedelta, stop_keys: str = "#") -> str:
        """See ports.Call. None goes on: a script's call has no earlier controller."""
        await self._begin()
        return ""

    async def play_recordings(
        self, recordings: Sequence[RecordingRef], *, lasts: timedelta, back: str = "", ahead: str = ""
    ) -> None:
        """See ports.Call."""
        await self._begin()
        if not self._keys:
            self._tell(Happening.PLAYS, f"(plays what was recorded, {_seconds(lasts)})", lasts=lasts)
            self._skip(lasts, {back, ahead} - {""}, back)

    def _skip(self, lasts: timedelta, keys: set[str], back: str) -> None:
        """Let a recording pass, in which some keys skip."""
        left = lasts
        while left > timedelta():
            since = self._clock.now()
            if not self._pass(left, Moment.HEARING, lambda: bool(self._keys), "(recorded)"):
                return
            if self._keys[0] not in keys:
                return
            key, heard = self._keys.popleft(), lasts - left + (self._clock.now() - since)
            left = lasts - max(timedelta(), heard + (-SKIP if key == back else SKIP))
            self._tell(Happening.PLAYS, f"(goes on {'back' if key == back else 'ahead'})", lasts=max(left, timedelta()))

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
        told = f"switchboard rings {', '.join(map(_called, phones))} (the caller hears {hearing.value})"
        self._tell(Happening.RINGS, told, phones=tuple(phones), hearing=hearing)
        if acceptance is not None and any(map(acceptance.asks, phones)):
            self._tell(Happening.ASKS, f"(who picks up hears: {_announced(acceptance)})")
        behaviours = [(phone, self.phones.get(phone.line, UNAVAILABLE)) for phone in phones]
        result, after = Ringing(behaviours, timeout, acceptance, self._lasts).comes_out()
        if self._pass(after, Moment.RINGING, lambda: self.is_broken_off):
            stopped = tuple(PhoneResult(phone, DialOutcome.NO_ANSWER) for phone in phones)
            result, after = most_telling(stopped), timedelta()
        if hearing is WhileRinging.MUSIC:
            self.has_music = False  # whatever came of it
        first = result.answered_by
        if first is not None:
            self._answered, self._partner = True, first
            took = "" if result.choice is None else ", and takes the call"
            told = f"{_called(first)} answers after {_seconds(self.phones[first.line].after)}{took}"
            self._tell(Happening.PICKS_UP, told, phones=(first,), outcome=DialOutcome.ANSWERED, lasts=after)
            if self._choose_recording(first) is not None:
                self._tell(Happening.IS_RECORDED, "(what they say is recorded)")
            return result
        for each in result.each:
            how = each.outcome.value + (f" ({each.choice.value})" if each.choice else "")
            text = f"{_called(each.phone)}: {how}, after {_seconds(after)}"
            self._tell(Happening.NOT_REACHED, text, phones=(each.phone,), outcome=each.outcome, lasts=after)
        return result

    def record_talks(self, choose: Callable[[Phone], UUID | None]) -> None:
        """See ports.Call."""
        self._choose_recording = choose

    async def talk(self) -> TalkEnd:
        """See ports.Call."""
        await self._begin()
        partner = self._partner
        if partner is None:
            return TalkEnd.CALLEE_LEFT
        self._tell(Happening.TALK, f"caller and {partner.name} talk", phones=(partner,))
        self._pass(self.phones.get(partner.line, UNAVAILABLE).talks, Moment.TALKING, lambda: False)
        self._partner = None
        self._tell(Happening.LEAVES, f"{partner.name} hangs up", phones=(partner,))
        return TalkEnd.CALLEE_LEFT

    async def come_back(self) -> Return:
        """See ports.Call."""
        await self._begin()
        return Return.TALKED

    async def dial_on(self, digits: str) -> None:
        """See ports.DeskCall. Who calls a star code calls from a desk phone."""
        if not self._number.startswith("*"):
            raise AsteriskError("only a desk phone dials on")
        await self._begin()
        self._gone = True
        self._tell(Happening.DIALS_ON, f"(the phone goes on, and dials {digits})")
        raise CallTakenAway

    async def hang_up(self, cause: HangupCause = HangupCause.NORMAL) -> None:
        """See ports.Call."""
        await asyncio.sleep(0)
        if not self._gone:
            self._end("switchboard", cause)
            self._tell(Happening.HANGS_UP, f"switchboard hangs up ({cause.name.lower()})")

    def remember(self, position: Position) -> None:
        """See ports.Call."""
        self.positions.append(position)

    def caller_does(self, action: Action) -> None:
        """Add a line to the caller's script."""
        self.left.append(action)

    async def _begin(self) -> None:
        await asyncio.sleep(0)  # as every real one gives way to other calls
        self._check()

    def _check(self) -> None:
        if self._gone:
            raise CallerHungUp

    def _pass(self, length: timedelta, moment: Moment, until: Callable[[], bool], text: str = "") -> bool:
        """Let time pass and the caller act; True as soon as `until` holds, False when the time is up."""
        start = self._clock.now()
        end = start + length
        while True:
            if until():
                return True
            due = self._due(start, length, moment, text)
            if self._nudges and self._nudges[0][0] <= min(end, due or end):
                at, interrupts = self._nudges.popleft()
                self._clock.move_to(at)
                self.nudge(interrupts=interrupts)
                continue
            if self._hangs_up_at is not None and self._hangs_up_at <= min(end, due or end):
                self._clock.move_to(self._hangs_up_at)
                self._act(Action(Deed.HANG_UP))
            if due is None or due > end:
                self._clock.move_to(end)
                return False
            self._clock.move_to(due)
            self._act(self.left.popleft())

    def _due(self, start: datetime, length: timedelta, moment: Moment, text: str) -> datetime | None:
        """When the caller's next line comes due, if it does while this lasts."""
        action = self.left[0] if self.left else None
        if action is None or action.deed in (Deed.STAY_SILENT, Deed.SPEAK):
            return None
        if action.moment is Moment.AT:
            return action.instant
        if action.moment is Moment.AFTER:
            return self._last_action_at + action.delay
        if action.moment is not moment or (moment is Moment.HEARING and action.words not in text.casefold()):
            return None
        return max(start + min(REACTION, length / 2), self._last_action_at)

    def _act(self, action: Action) -> None:
        self._last_action_at = self._clock.now()
        if action.deed is Deed.PRESS:
            self._keys.extend(action.keys)
            self._is_broken_off = self._is_broken_off or not self._breaking.isdisjoint(action.keys)
            self._tell(Happening.PRESSES, f"caller presses {action.keys}", keys=action.keys)
        else:
            self._tell(Happening.CALLER_HANGS_UP, "caller hangs up")
            self._end("caller", HangupCause.NORMAL)
            raise CallerHungUp

    def _end(self, ended_by: str, cause: HangupCause) -> None:
        self._gone, self._ended_by, self._cause, self._partner = True, ended_by, cause, None

    def _tell(self, what: Happening, text: str, **details: Any) -> None:
        line = Line(self._clock.now(), what, text, **details)
        self.lines.append(line)
        if self._listener is not None:
            self._listener(line)


def length_of(utterance: Utterance) -> timedelta:
    """How long it takes to say."""
    return max(SHORTEST_UTTERANCE, len(utterance.text) * PER_CHARACTER)


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():g} s"


def _called(phone: Phone) -> str:
    return f"{phone.line} {phone.name}"


def _announced(acceptance: Acceptance) -> str:
    return " ".join(
        "(the recording)" if isinstance(each, RecordingRef) else each.text for each in acceptance.announcement
    )
