"""What every implementation of ports.Call does, as tests over a bench: a call, its caller, and two desk phones.

A bench that stands on real SIP phones implements the same few things as the one over ScriptedCall. Subclass
CallContract with a fixture `bench` that yields a CallBench whose call has not been answered yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

import pytest

from switchboard.domain.dialling import Choice, DialOutcome, HangupCause, Phone, WhileRinging
from switchboard.domain.language import ENGLISH
from switchboard.domain.screening import Attestation
from switchboard.domain.voice_recording import RecordingEnd
from switchboard.errors import CallerHungUp
from switchboard.ports import Acceptance, Call, Position, Utterance


class CallBench(Protocol):
    """One call on the line, whose caller and phones do what a test says."""

    call: Call
    utterances: Sequence[Utterance]  # three, each two to four seconds long, told apart by ear
    phones: Sequence[Phone]  # two desk phones

    def now(self) -> datetime:
        """The bench's clock, virtual or the machine's."""

    def caller_presses(self, keys: str, *, after: timedelta) -> None:
        """The caller will press these keys, that long from now. Said before the call is awaited; does not wait."""

    def caller_hangs_up(self, *, after: timedelta) -> None:
        """The caller will hang up, that long from now."""

    def caller_speaks(self, length: timedelta) -> None:
        """The caller will speak for that long as soon as they are recorded next."""

    def phone(self, phone: Phone, behaviour: str) -> None:
        """How a phone behaves when it rings, in the words of switchboard.testing.script: `answers after 1s, talks 2s`,
        `answers after 1s and refuses`, `busy`, `declines`, `no answer`, `unavailable`."""

    async def heard(self) -> Sequence[Utterance]:
        """What the caller heard at least the beginning of (half a second), in the order it began."""

    async def hears_music(self) -> bool:
        """Whether the caller hears music now."""

    def nudged(self, *, after: timedelta, interrupts: bool) -> None:
        """Another task will nudge the call, that long from now."""


A_MOMENT = timedelta(seconds=0.7)
SLACK = timedelta(seconds=1.2)  # how late a real phone, network and machine may be
LONG = timedelta(seconds=10)


class CallContract:
    """The tests. Times are seconds of the bench's clock."""

    async def test_answers_once(self, bench: CallBench) -> None:
        assert not bench.call.is_answered
        await bench.call.answer()
        await bench.call.answer()
        assert bench.call.is_answered

    async def test_nothing_is_vouched_for_unless_the_trunk_says_so(self, bench: CallBench) -> None:
        assert await bench.call.attestation() is Attestation.NONE
        assert not bench.call.is_answered

    async def test_play_returns_when_all_was_heard(self, bench: CallBench) -> None:
        await bench.call.answer()
        since = bench.now()
        await bench.call.play(bench.utterances[:2])
        assert bench.now() - since >= timedelta(seconds=3.8)
        assert list(await bench.heard()) == list(bench.utterances[:2])

    async def test_a_key_stops_what_is_played(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_presses("5", after=A_MOMENT)
        since = bench.now()
        await bench.call.play(bench.utterances[:2], barge_in=True)
        assert bench.now() - since < A_MOMENT + SLACK
        assert await bench.call.key(LONG) == "5"
        assert list(await bench.heard()) == [bench.utterances[0]]

    async def test_a_key_does_not_stop_what_must_be_heard(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_presses("5", after=A_MOMENT)
        await bench.call.play(bench.utterances[:2])
        assert await bench.call.key(LONG) == "5"
        assert list(await bench.heard()) == list(bench.utterances[:2])

    async def test_a_key_pressed_before_makes_silent(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_presses("5", after=A_MOMENT)
        await bench.call.play(bench.utterances[:1])
        await bench.call.play(bench.utterances[1:2], barge_in=True)
        assert await bench.call.key(LONG) == "5"
        assert list(await bench.heard()) == [bench.utterances[0]]

    async def test_playing_goes_on_after_a_key(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_presses("5", after=A_MOMENT)
        await bench.call.play(bench.utterances[:1], barge_in=True)
        assert await bench.call.key(LONG) == "5"
        await bench.call.play(bench.utterances[1:2], barge_in=True)
        assert list(await bench.heard()) == list(bench.utterances[:2])

    async def test_silence_is_no_key(self, bench: CallBench) -> None:
        await bench.call.answer()
        since = bench.now()
        assert await bench.call.key(timedelta(seconds=1)) is None
        assert timedelta(seconds=0.9) <= bench.now() - since < timedelta(seconds=1) + SLACK

    async def test_keys_come_in_their_order(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_presses("1*#0", after=A_MOMENT)
        assert [await bench.call.key(LONG) for _ in range(4)] == ["1", "*", "#", "0"]

    async def test_forgotten_keys_answer_nothing(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_presses("5", after=A_MOMENT)
        await bench.call.play(bench.utterances[:1])
        bench.call.forget_keys()
        assert await bench.call.key(timedelta(seconds=0.5)) is None

    async def test_a_hangup_while_playing(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_hangs_up(after=A_MOMENT)
        with pytest.raises(CallerHungUp):
            await bench.call.play(bench.utterances)
        await self.is_over(bench)

    async def test_a_hangup_while_a_key_is_waited_for(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_hangs_up(after=A_MOMENT)
        with pytest.raises(CallerHungUp):
            await bench.call.key(LONG)
        await self.is_over(bench)

    async def test_a_hangup_while_ringing(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], "no answer")
        bench.caller_hangs_up(after=A_MOMENT)
        with pytest.raises(CallerHungUp):
            await bench.call.ring(bench.phones[:1], timeout=LONG, hearing=WhileRinging.RINGBACK)
        await self.is_over(bench)

    async def test_a_hangup_while_talking(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], "answers after 1s, talks 60s")
        await bench.call.ring(bench.phones[:1], timeout=LONG, hearing=WhileRinging.RINGBACK)
        bench.caller_hangs_up(after=A_MOMENT)
        with pytest.raises(CallerHungUp):
            await bench.call.talk()
        await self.is_over(bench)

    async def is_over(self, bench: CallBench) -> None:
        """Every await tells it again; hanging up is no harm."""
        assert bench.call.ended_by == "caller"
        assert bench.call.hangup_cause == HangupCause.NORMAL
        assert bench.call.talking_to is None
        for awaited in (
            bench.call.play(bench.utterances[:1]),
            bench.call.key(LONG),
            bench.call.ring(bench.phones[:1], timeout=LONG, hearing=WhileRinging.RINGBACK),
            bench.call.talk(),
            bench.call.record(uuid4(), longest=LONG, silence=LONG),
            bench.call.answer(),
        ):
            with pytest.raises(CallerHungUp):
                await awaited
        await bench.call.hang_up()
        assert bench.call.ended_by == "caller"

    async def test_we_hang_up(self, bench: CallBench) -> None:
        await bench.call.answer()
        assert bench.call.ended_by == "unknown"
        await bench.call.hang_up()
        await bench.call.hang_up()
        assert bench.call.ended_by == "switchboard"
        assert bench.call.hangup_cause == HangupCause.NORMAL
        with pytest.raises(CallerHungUp):
            await bench.call.key(LONG)

    async def test_a_phone_answers_and_its_owner_leaves(self, bench: CallBench) -> None:
        phone = bench.phones[0]
        await bench.call.answer()
        bench.phone(phone, "answers after 1s, talks 2s")
        result = await bench.call.ring([phone], timeout=LONG, hearing=WhileRinging.RINGBACK)
        assert (result.outcome, result.answered_by) == (DialOutcome.ANSWERED, phone)
        assert bench.call.talking_to == phone
        since = bench.now()
        await bench.call.talk()
        assert bench.now() - since >= timedelta(seconds=1.5)
        assert bench.call.talking_to is None
        await bench.call.play(bench.utterances[2:])
        assert list(await bench.heard()) == [bench.utterances[2]]

    @pytest.mark.parametrize(
        ("behaviour", "outcome"),
        [
            ("busy", DialOutcome.BUSY),
            ("declines", DialOutcome.DECLINED),
            ("no answer", DialOutcome.NO_ANSWER),
            ("unavailable", DialOutcome.UNAVAILABLE),
        ],
    )
    async def test_a_phone_is_not_answered(self, bench: CallBench, behaviour: str, outcome: DialOutcome) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], behaviour)
        timeout = timedelta(seconds=3)
        since = bench.now()
        result = await bench.call.ring(bench.phones[:1], timeout=timeout, hearing=WhileRinging.MUSIC)
        assert (result.outcome, result.answered_by) == (outcome, None)
        assert (bench.now() - since >= timeout - timedelta(seconds=0.1)) == (outcome is DialOutcome.NO_ANSWER)
        await bench.call.play(bench.utterances[:1])
        assert list(await bench.heard()) == [bench.utterances[0]]

    async def test_a_late_answer_is_none(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], "answers after 8s")
        result = await bench.call.ring(bench.phones[:1], timeout=timedelta(seconds=2), hearing=WhileRinging.RINGBACK)
        assert result.outcome is DialOutcome.NO_ANSWER

    async def test_the_first_of_two_phones_wins(self, bench: CallBench) -> None:
        slow, quick = bench.phones
        await bench.call.answer()
        bench.phone(slow, "answers after 6s")
        bench.phone(quick, "answers after 1s, talks 1s")
        result = await bench.call.ring(bench.phones, timeout=LONG, hearing=WhileRinging.RINGBACK)
        assert (result.outcome, result.answered_by) == (DialOutcome.ANSWERED, quick)
        await bench.call.talk()

    async def test_one_busy_phone_does_not_end_ringing(self, bench: CallBench) -> None:
        busy, other = bench.phones
        await bench.call.answer()
        bench.phone(busy, "busy")
        bench.phone(other, "answers after 2s, talks 1s")
        result = await bench.call.ring(bench.phones, timeout=LONG, hearing=WhileRinging.RINGBACK)
        assert (result.outcome, result.answered_by) == (DialOutcome.ANSWERED, other)
        await bench.call.talk()

    async def test_the_most_telling_outcome_of_two(self, bench: CallBench) -> None:
        busy, declining = bench.phones
        await bench.call.answer()
        bench.phone(busy, "busy")
        bench.phone(declining, "declines")
        result = await bench.call.ring(bench.phones, timeout=LONG, hearing=WhileRinging.RINGBACK)
        assert result.outcome is DialOutcome.DECLINED

    async def test_keys_pressed_while_ringing_stay(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], "no answer")
        bench.caller_presses("7", after=A_MOMENT)
        await bench.call.ring(bench.phones[:1], timeout=timedelta(seconds=2), hearing=WhileRinging.RINGBACK)
        assert await bench.call.key(LONG) == "7"

    async def test_remembering_needs_no_waiting_and_no_call(self, bench: CallBench) -> None:
        position = Position("main", "0" * 16, "menu", 1, ENGLISH, {})
        await bench.call.answer()
        bench.call.remember(position)
        await bench.call.hang_up()
        bench.call.remember(position)

    def asking(self, bench: CallBench, *, times: int = 1, patience: float = 1.0) -> Acceptance:
        """An announcement of two seconds."""
        return Acceptance((bench.utterances[1],), times=times, patience=timedelta(seconds=patience))

    @pytest.mark.parametrize(
        ("behaviour", "outcome", "choice"),
        [
            ("answers after 1s and refuses", DialOutcome.DECLINED, Choice.REFUSED),
            ("answers after 1s and sends to voicemail", DialOutcome.DECLINED, Choice.TO_VOICEMAIL),
            ("answers after 1s and says nothing", DialOutcome.NO_ANSWER, Choice.NONE),
            ("answers after 1s and says nothing, talks 2s", DialOutcome.NO_ANSWER, Choice.NONE),  # hangs up
        ],
    )
    async def test_a_callee_does_not_take_the_call(
        self, bench: CallBench, behaviour: str, outcome: DialOutcome, choice: Choice
    ) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], behaviour)
        result = await bench.call.ring(
            bench.phones[:1], timeout=LONG, hearing=WhileRinging.RINGBACK, acceptance=self.asking(bench)
        )
        assert (result.outcome, result.choice, result.answered_by) == (outcome, choice, None)
        assert [(each.phone, each.outcome, each.choice) for each in result.each] == [(bench.phones[0], outcome, choice)]
        assert bench.call.talking_to is None
        await bench.call.play(bench.utterances[2:])
        assert list(await bench.heard()) == [bench.utterances[2]]  # not what was announced to the callee

    async def test_a_callee_takes_the_call(self, bench: CallBench) -> None:
        phone = bench.phones[0]
        await bench.call.answer()
        bench.phone(phone, "answers after 1s, talks 3s")
        result = await bench.call.ring(
            [phone], timeout=LONG, hearing=WhileRinging.MUSIC, acceptance=self.asking(bench, times=2)
        )
        assert (result.outcome, result.choice, result.answered_by) == (DialOutcome.ANSWERED, Choice.ACCEPTED, phone)
        assert bench.call.talking_to == phone
        await bench.call.talk()
        assert list(await bench.heard()) == []

    async def test_others_ring_on_while_one_decides(self, bench: CallBench) -> None:
        voicemail, other = bench.phones
        await bench.call.answer()
        bench.phone(voicemail, "answers after 1s and says nothing, talks 30s")
        bench.phone(other, "answers after 3s, talks 2s")
        result = await bench.call.ring(
            bench.phones, timeout=LONG, hearing=WhileRinging.RINGBACK, acceptance=self.asking(bench, patience=9)
        )
        assert (result.outcome, result.answered_by) == (DialOutcome.ANSWERED, other)
        await bench.call.talk()

    async def test_one_who_refuses_leaves_it_to_the_others(self, bench: CallBench) -> None:
        refusing, other = bench.phones
        await bench.call.answer()
        bench.phone(refusing, "answers after 1s and refuses")
        bench.phone(other, "answers after 4s, talks 2s")
        result = await bench.call.ring(
            bench.phones, timeout=LONG, hearing=WhileRinging.RINGBACK, acceptance=self.asking(bench)
        )
        assert (result.outcome, result.answered_by) == (DialOutcome.ANSWERED, other)
        assert [(each.outcome, each.choice) for each in result.each] == [
            (DialOutcome.DECLINED, Choice.REFUSED),
            (DialOutcome.ANSWERED, Choice.ACCEPTED),
        ]
        await bench.call.talk()

    async def test_one_who_sends_to_voicemail_decides_for_all(self, bench: CallBench) -> None:
        sending, other = bench.phones
        await bench.call.answer()
        bench.phone(sending, "answers after 1s and sends to voicemail")
        bench.phone(other, "no answer")
        since = bench.now()
        result = await bench.call.ring(
            bench.phones, timeout=LONG, hearing=WhileRinging.RINGBACK, acceptance=self.asking(bench)
        )
        assert bench.now() - since < timedelta(seconds=3) + SLACK
        assert (result.outcome, result.choice) == (DialOutcome.DECLINED, Choice.TO_VOICEMAIL)
        assert [each.choice for each in result.each] == [Choice.TO_VOICEMAIL, None]

    async def test_who_decides_when_the_time_is_up_may_finish(self, bench: CallBench) -> None:
        phone = bench.phones[0]
        await bench.call.answer()
        bench.phone(phone, "answers after 1s, talks 2s")
        result = await bench.call.ring(
            [phone], timeout=timedelta(seconds=1.5), hearing=WhileRinging.RINGBACK, acceptance=self.asking(bench)
        )
        assert result.outcome is DialOutcome.ANSWERED
        await bench.call.talk()

    async def test_a_hangup_while_a_callee_decides(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], "answers after 1s and says nothing, talks 30s")
        bench.caller_hangs_up(after=timedelta(seconds=2))
        with pytest.raises(CallerHungUp):
            await bench.call.ring(
                bench.phones[:1],
                timeout=LONG,
                hearing=WhileRinging.RINGBACK,
                acceptance=self.asking(bench, patience=9),
            )
        await self.is_over(bench)

    async def test_only_mobiles_are_asked(self, bench: CallBench) -> None:
        phone = bench.phones[0]
        await bench.call.answer()
        bench.phone(phone, "answers after 1s, talks 2s")
        acceptance = Acceptance((bench.utterances[1],), only_outside=True)
        result = await bench.call.ring([phone], timeout=LONG, hearing=WhileRinging.RINGBACK, acceptance=acceptance)
        assert (result.outcome, result.choice) == (DialOutcome.ANSWERED, None)
        await bench.call.talk()

    async def test_a_mobile_is_never_rung_unasked(self, bench: CallBench) -> None:
        mobile = Phone("101", "Mari Tamm", "+37255500001")
        await bench.call.answer()
        result = await bench.call.ring([mobile], timeout=LONG, hearing=WhileRinging.RINGBACK)
        assert (result.outcome, result.answered_by) == (DialOutcome.FAILED, None)

    async def test_what_the_caller_says_is_recorded(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_speaks(timedelta(seconds=2))
        recorded = await bench.call.record(uuid4(), longest=LONG, silence=timedelta(seconds=2))
        assert recorded.ended_by is RecordingEnd.SILENCE
        assert recorded.has_voice
        assert timedelta(seconds=1.5) <= recorded.duration <= timedelta(seconds=5)

    async def test_nothing_said_is_no_voice(self, bench: CallBench) -> None:
        await bench.call.answer()
        recorded = await bench.call.record(uuid4(), longest=LONG, silence=timedelta(seconds=1))
        assert (recorded.ended_by, recorded.has_voice) == (RecordingEnd.SILENCE, False)

    async def test_a_recording_is_no_longer_than_allowed(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_speaks(timedelta(seconds=9))
        recorded = await bench.call.record(uuid4(), longest=timedelta(seconds=2), silence=timedelta(seconds=2))
        assert (recorded.ended_by, recorded.has_voice) == (RecordingEnd.LENGTH, True)
        assert timedelta(seconds=1.8) <= recorded.duration <= timedelta(seconds=2.2)

    async def test_a_key_ends_a_recording(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_speaks(timedelta(seconds=9))
        bench.caller_presses("7#8", after=timedelta(seconds=2))
        recorded = await bench.call.record(uuid4(), longest=LONG, silence=timedelta(seconds=3))
        assert (recorded.ended_by, recorded.has_voice) == (RecordingEnd.KEY, True)
        assert recorded.duration < timedelta(seconds=2) + SLACK
        assert await bench.call.key(LONG) == "8"

    async def test_a_hangup_keeps_what_was_said(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_speaks(timedelta(seconds=9))
        bench.caller_hangs_up(after=timedelta(seconds=2))
        recorded = await bench.call.record(uuid4(), longest=LONG, silence=timedelta(seconds=3))
        assert (recorded.ended_by, recorded.has_voice) == (RecordingEnd.HANGUP, True)
        assert recorded.duration > timedelta(seconds=1)
        await self.is_over(bench)

    async def test_a_recording_takes_the_place_of_one_of_its_name(self, bench: CallBench) -> None:
        name = uuid4()
        await bench.call.answer()
        bench.caller_speaks(timedelta(seconds=2))
        assert (await bench.call.record(name, longest=LONG, silence=timedelta(seconds=1))).has_voice
        assert not (await bench.call.record(name, longest=LONG, silence=timedelta(seconds=1))).has_voice

    async def test_music_until_it_is_turned_off(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.call.music(on=True)
        assert await bench.call.wait(A_MOMENT) is None
        bench.call.music(on=True)  # on already
        assert await bench.hears_music()
        bench.call.music(on=False)
        await bench.call.play(bench.utterances[:1])
        assert list(await bench.heard()) == [bench.utterances[0]]
        assert not await bench.hears_music()

    async def test_music_goes_on_while_phones_ring_and_ends_when_one_answers(self, bench: CallBench) -> None:
        phone = bench.phones[0]
        await bench.call.answer()
        bench.call.music(on=True)
        bench.phone(phone, "no answer")
        await bench.call.ring([phone], timeout=timedelta(seconds=1), hearing=WhileRinging.MUSIC)
        assert not await bench.hears_music()  # as after every ring
        bench.call.music(on=True)
        assert await bench.call.wait(A_MOMENT) is None
        assert await bench.hears_music()
        bench.phone(phone, "answers after 1s, talks 2s")
        assert (await bench.call.ring([phone], timeout=LONG, hearing=WhileRinging.MUSIC)).answered_by == phone
        await bench.call.talk()
        assert not await bench.hears_music()

    async def test_a_hangup_while_waiting(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.call.music(on=True)
        bench.caller_hangs_up(after=A_MOMENT)
        with pytest.raises(CallerHungUp):
            await bench.call.wait(LONG)
        bench.call.nudge()
        bench.call.music(on=False)
        bench.call.break_off("1")
        with pytest.raises(CallerHungUp):
            await bench.call.wait(LONG)
        await self.is_over(bench)

    async def test_a_key_ends_a_wait(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_presses("5#", after=A_MOMENT)
        since = bench.now()
        assert [await bench.call.wait(LONG) for _ in range(2)] == ["5", "#"]
        assert bench.now() - since < A_MOMENT + SLACK

    async def test_a_wait_ends_by_itself(self, bench: CallBench) -> None:
        await bench.call.answer()
        since = bench.now()
        assert await bench.call.wait(timedelta(seconds=1)) is None
        assert timedelta(seconds=0.9) <= bench.now() - since < timedelta(seconds=1) + SLACK

    @pytest.mark.parametrize("interrupts", [True, False])
    async def test_a_nudge_ends_one_wait(self, bench: CallBench, interrupts: bool) -> None:
        await bench.call.answer()
        since = bench.now()
        bench.nudged(after=A_MOMENT, interrupts=interrupts)
        assert await bench.call.wait(LONG) is None
        assert bench.now() - since < A_MOMENT + SLACK
        since = bench.now()
        assert await bench.call.wait(A_MOMENT) is None
        assert bench.now() - since >= A_MOMENT - timedelta(seconds=0.1)

    async def test_a_nudge_from_before_ends_a_wait(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.call.nudge(interrupts=False)
        since = bench.now()
        assert await bench.call.wait(LONG) is None
        assert bench.now() - since < SLACK

    async def test_a_nudge_stops_what_may_be_stopped(self, bench: CallBench) -> None:
        await bench.call.answer()
        since = bench.now()
        bench.nudged(after=A_MOMENT, interrupts=True)
        await bench.call.play(bench.utterances, barge_in=True)
        assert bench.now() - since < A_MOMENT + SLACK
        await bench.call.play(bench.utterances[1:], barge_in=True)  # silent until the nudge was waited for
        assert await bench.call.wait(LONG) is None
        await bench.call.play(bench.utterances[2:], barge_in=True)
        assert list(await bench.heard()) == [bench.utterances[0], bench.utterances[2]]

    @pytest.mark.parametrize(("interrupts", "barge_in"), [(False, True), (True, False)])
    async def test_a_nudge_leaves_what_must_be_heard(self, bench: CallBench, interrupts: bool, barge_in: bool) -> None:
        await bench.call.answer()
        bench.nudged(after=A_MOMENT, interrupts=interrupts)
        since = bench.now()
        await bench.call.play(bench.utterances[:1], barge_in=barge_in)
        assert bench.now() - since >= timedelta(seconds=1.9)
        assert await bench.call.wait(LONG) is None
        assert bench.now() - since < timedelta(seconds=3) + SLACK

    async def test_a_key_breaks_off_ringing(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], "no answer")
        bench.call.break_off("12")
        assert not bench.call.is_broken_off
        bench.caller_presses("2", after=A_MOMENT)
        since = bench.now()
        result = await bench.call.ring(bench.phones[:1], timeout=LONG, hearing=WhileRinging.MUSIC)
        assert bench.now() - since < A_MOMENT + SLACK
        assert (result.outcome, result.answered_by) == (DialOutcome.NO_ANSWER, None)
        assert bench.call.is_broken_off
        assert await bench.call.wait(LONG) == "2"
        assert bench.call.is_broken_off  # until `break_off` is said anew
        bench.call.break_off(())
        assert not bench.call.is_broken_off

    async def test_a_key_breaks_off_a_decision(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], "answers after 1s and says nothing, talks 30s")
        bench.call.break_off("2")
        bench.caller_presses("2", after=timedelta(seconds=2))
        since = bench.now()
        result = await bench.call.ring(
            bench.phones[:1], timeout=LONG, hearing=WhileRinging.MUSIC, acceptance=self.asking(bench, patience=9)
        )
        assert bench.now() - since < timedelta(seconds=2) + SLACK
        assert (result.outcome, result.answered_by) == (DialOutcome.NO_ANSWER, None)
        assert bench.call.is_broken_off

    async def test_what_was_broken_off_before_is_not_rung(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], "answers after 1s, talks 2s")
        bench.call.break_off("2")
        bench.caller_presses("2", after=A_MOMENT)
        assert await bench.call.wait(LONG) == "2"
        since = bench.now()
        result = await bench.call.ring(bench.phones[:1], timeout=LONG, hearing=WhileRinging.MUSIC)
        assert bench.now() - since < A_MOMENT
        assert (result.outcome, result.answered_by) == (DialOutcome.NO_ANSWER, None)

    async def test_other_keys_and_keys_from_before_break_nothing_off(self, bench: CallBench) -> None:
        phone = bench.phones[0]
        await bench.call.answer()
        bench.caller_presses("2", after=A_MOMENT)
        assert await bench.call.wait(LONG) == "2"
        bench.caller_presses("2", after=A_MOMENT)
        await bench.call.play(bench.utterances[:1])
        bench.call.break_off("2")
        bench.phone(phone, "answers after 2s, talks 1s")
        bench.caller_presses("7", after=A_MOMENT)
        result = await bench.call.ring([phone], timeout=LONG, hearing=WhileRinging.MUSIC)
        assert (result.outcome, result.answered_by) == (DialOutcome.ANSWERED, phone)
        assert not bench.call.is_broken_off
        await bench.call.talk()
        assert [await bench.call.wait(LONG) for _ in range(2)] == ["2", "7"]

    async def test_nudges_from_before_a_break_off_count_no_more(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.call.nudge()
        bench.call.break_off("2")
        since = bench.now()
        await bench.call.play(bench.utterances[:1], barge_in=True)
        assert await bench.call.wait(A_MOMENT) is None
        assert bench.now() - since >= A_MOMENT + timedelta(seconds=1.5)
        assert list(await bench.heard()) == [bench.utterances[0]]
