"""What every implementation of ports.Call does, as tests over a bench: a call, its caller, and two desk phones.

A bench that stands on real SIP phones implements the same few things as the one over ScriptedCall. Subclass
CallContract, RingingContract and WaitingContract beside a fixture `bench` that yields a CallBench whose call has not
been answered yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

import pytest

from switchboard.domain.dialling import HangupCause, Phone, WhileRinging
from switchboard.domain.language import ENGLISH
from switchboard.domain.screening import Attestation
from switchboard.domain.voice_recording import RecordingEnd
from switchboard.errors import AsteriskError, CallerHungUp
from switchboard.ports import DeskCall, Position, RecordingRef, Utterance


class CallBench(Protocol):
    """One call on the line, whose caller and phones do what a test says."""

    call: DeskCall
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


async def is_over(bench: CallBench) -> None:
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
        bench.call.finish_recording([uuid4()], longest=LONG),
        bench.call.answer(),
    ):
        with pytest.raises(CallerHungUp):
            await awaited
    await bench.call.hang_up()
    assert bench.call.ended_by == "caller"


class CallContract:
    """What a caller hears, presses and says. Times are seconds of the bench's clock."""

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
        await is_over(bench)

    async def test_a_hangup_while_a_key_is_waited_for(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_hangs_up(after=A_MOMENT)
        with pytest.raises(CallerHungUp):
            await bench.call.key(LONG)
        await is_over(bench)

    async def test_we_hang_up(self, bench: CallBench) -> None:
        await bench.call.answer()
        assert bench.call.ended_by == "unknown"
        await bench.call.hang_up()
        await bench.call.hang_up()
        assert bench.call.ended_by == "switchboard"
        assert bench.call.hangup_cause == HangupCause.NORMAL
        with pytest.raises(CallerHungUp):
            await bench.call.key(LONG)

    async def test_remembering_needs_no_waiting_and_no_call(self, bench: CallBench) -> None:
        position = Position("main", "0" * 16, "menu", 1, ENGLISH, {})
        await bench.call.answer()
        bench.call.remember(position)
        await bench.call.hang_up()
        bench.call.remember(position)

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
        assert (recorded.ended_by, recorded.key, recorded.has_voice) == (RecordingEnd.KEY, "#", True)
        assert recorded.duration < timedelta(seconds=2) + SLACK
        assert await bench.call.key(LONG) == "8"

    async def test_the_key_that_skipped_what_was_said_ends_no_recording(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_presses("#", after=A_MOMENT)
        await bench.call.play(bench.utterances[:1], barge_in=True)
        bench.caller_speaks(timedelta(seconds=2))
        recorded = await bench.call.record(uuid4(), longest=LONG, silence=timedelta(seconds=2))
        assert (recorded.ended_by, recorded.has_voice) == (RecordingEnd.SILENCE, True)

    async def test_another_key_pressed_before_ends_it_at_once(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_presses("0", after=A_MOMENT)
        await bench.call.play(bench.utterances[:1], barge_in=True)
        recorded = await bench.call.record(uuid4(), longest=LONG, silence=LONG, stop_keys="#0")
        assert (recorded.ended_by, recorded.key) == (RecordingEnd.KEY, "0")

    async def test_a_hangup_keeps_what_was_said(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_speaks(timedelta(seconds=9))
        bench.caller_hangs_up(after=timedelta(seconds=2))
        recorded = await bench.call.record(uuid4(), longest=LONG, silence=timedelta(seconds=3))
        assert (recorded.ended_by, recorded.has_voice) == (RecordingEnd.HANGUP, True)
        assert recorded.duration > timedelta(seconds=1)
        await is_over(bench)

    async def test_which_key_ended_a_recording_is_told(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.caller_speaks(timedelta(seconds=9))
        bench.caller_presses("0", after=timedelta(seconds=1.5))
        recorded = await bench.call.record(uuid4(), longest=LONG, silence=timedelta(seconds=3), stop_keys="#0")
        assert (recorded.ended_by, recorded.key) == (RecordingEnd.KEY, "0")
        silent = await bench.call.record(uuid4(), longest=LONG, silence=timedelta(seconds=1), stop_keys="#0")
        assert (silent.ended_by, silent.key) == (RecordingEnd.SILENCE, "")

    async def test_the_caller_hears_what_was_recorded(self, bench: CallBench) -> None:
        """For as long as it lasts, unless a key that was pressed before makes it needless."""
        name = uuid4()
        await bench.call.answer()
        bench.caller_speaks(timedelta(seconds=2))
        recorded = await bench.call.record(name, longest=timedelta(seconds=2), silence=timedelta(seconds=2))
        since = bench.now()
        await bench.call.play_recordings([RecordingRef(name)], lasts=recorded.duration)
        assert recorded.duration - A_MOMENT <= bench.now() - since < recorded.duration + SLACK
        bench.caller_presses("5", after=A_MOMENT)
        since = bench.now()
        await bench.call.play_recordings([RecordingRef(name)] * 2, lasts=2 * recorded.duration)
        assert bench.now() - since < A_MOMENT + SLACK
        await bench.call.play_recordings([RecordingRef(name)], lasts=recorded.duration)
        assert bench.now() - since < A_MOMENT + SLACK
        assert await bench.call.key(LONG) == "5"

    async def test_keys_skip_in_what_was_recorded(self, bench: CallBench) -> None:
        """Back begins it anew where less than five seconds were heard, ahead ends it where less are left; neither is a
        key to anybody else."""
        name = uuid4()
        await bench.call.answer()
        bench.caller_speaks(timedelta(seconds=4))
        recorded = await bench.call.record(name, longest=timedelta(seconds=4), silence=timedelta(seconds=2))
        for keys, lasts in (("1", A_MOMENT + recorded.duration), ("3", A_MOMENT)):
            bench.caller_presses(keys, after=A_MOMENT)
            since = bench.now()
            await bench.call.play_recordings([RecordingRef(name)], lasts=recorded.duration, back="1", ahead="3")
            took = bench.now() - since
            assert lasts - A_MOMENT <= took < lasts + SLACK
        assert await bench.call.key(timedelta(seconds=0.5)) is None

    async def test_recordings_that_do_not_go_on_need_not_be_waited_for(self, bench: CallBench) -> None:
        name = uuid4()
        await bench.call.answer()
        bench.caller_speaks(timedelta(seconds=1))
        assert (await bench.call.record(name, longest=LONG, silence=timedelta(seconds=1))).has_voice
        since = bench.now()
        assert await bench.call.finish_recording([name, uuid4()], longest=LONG) == ""
        assert bench.now() - since < SLACK
        bench.caller_presses("5", after=timedelta(seconds=0.2))
        assert await bench.call.key(LONG) == "5"

    async def test_who_calls_from_outside_never_dials_on(self, bench: CallBench) -> None:
        await bench.call.answer()
        with pytest.raises(AsteriskError, match="only a desk phone"):
            await bench.call.dial_on("101")
        await bench.call.play(bench.utterances[:1])  # and is still with us
        assert await bench.heard() == bench.utterances[:1]

    async def test_a_recording_takes_the_place_of_one_of_its_name(self, bench: CallBench) -> None:
        name = uuid4()
        await bench.call.answer()
        bench.caller_speaks(timedelta(seconds=2))
        assert (await bench.call.record(name, longest=LONG, silence=timedelta(seconds=1))).has_voice
        assert not (await bench.call.record(name, longest=LONG, silence=timedelta(seconds=1))).has_voice
