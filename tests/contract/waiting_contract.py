"""What every implementation of ports.Call does for a caller who waits: music, nudges, keys that break off ringing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from switchboard.domain.dialling import DialOutcome, WhileRinging
from switchboard.errors import CallerHungUp
from tests.contract.call_contract import A_MOMENT, LONG, SLACK, CallBench, is_over
from tests.contract.ringing_contract import asking


class WaitingContract:
    """A call in a queue, as it were."""

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

    async def test_where_there_is_no_music_of_ones_own_the_usual_plays(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.call.music(on=True, folder="nothing_there")
        assert await bench.call.wait(A_MOMENT) is None
        assert await bench.hears_music()

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
        await is_over(bench)

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
            bench.phones[:1], timeout=LONG, hearing=WhileRinging.MUSIC, acceptance=asking(bench, patience=9)
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
