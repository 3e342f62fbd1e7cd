"""What every implementation of ports.Call does about phones: rung, answered, asked whether they take the call."""

from __future__ import annotations

from datetime import timedelta

import pytest

from switchboard.domain.dialling import Choice, DialOutcome, Phone, WhileRinging
from switchboard.errors import CallerHungUp
from switchboard.ports import Acceptance
from tests.contract.call_contract import A_MOMENT, LONG, SLACK, CallBench, is_over


def asking(bench: CallBench, *, times: int = 1, patience: float = 1.0) -> Acceptance:
    """An announcement of two seconds."""
    return Acceptance((bench.utterances[1],), times=times, patience=timedelta(seconds=patience))


class RingingContract:
    """A call and two phones."""

    async def test_a_hangup_while_ringing(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], "no answer")
        bench.caller_hangs_up(after=A_MOMENT)
        with pytest.raises(CallerHungUp):
            await bench.call.ring(bench.phones[:1], timeout=LONG, hearing=WhileRinging.RINGBACK)
        await is_over(bench)

    async def test_a_hangup_while_talking(self, bench: CallBench) -> None:
        await bench.call.answer()
        bench.phone(bench.phones[0], "answers after 1s, talks 60s")
        await bench.call.ring(bench.phones[:1], timeout=LONG, hearing=WhileRinging.RINGBACK)
        bench.caller_hangs_up(after=A_MOMENT)
        with pytest.raises(CallerHungUp):
            await bench.call.talk()
        await is_over(bench)

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
            bench.phones[:1], timeout=LONG, hearing=WhileRinging.RINGBACK, acceptance=asking(bench)
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
            [phone], timeout=LONG, hearing=WhileRinging.MUSIC, acceptance=asking(bench, times=2)
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
            bench.phones, timeout=LONG, hearing=WhileRinging.RINGBACK, acceptance=asking(bench, patience=9)
        )
        assert (result.outcome, result.answered_by) == (DialOutcome.ANSWERED, other)
        await bench.call.talk()

    async def test_one_who_refuses_leaves_it_to_the_others(self, bench: CallBench) -> None:
        refusing, other = bench.phones
        await bench.call.answer()
        bench.phone(refusing, "answers after 1s and refuses")
        bench.phone(other, "answers after 4s, talks 2s")
        result = await bench.call.ring(
            bench.phones, timeout=LONG, hearing=WhileRinging.RINGBACK, acceptance=asking(bench)
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
            bench.phones, timeout=LONG, hearing=WhileRinging.RINGBACK, acceptance=asking(bench)
        )
        assert bench.now() - since < timedelta(seconds=3) + SLACK
        assert (result.outcome, result.choice) == (DialOutcome.DECLINED, Choice.TO_VOICEMAIL)
        assert [each.choice for each in result.each] == [Choice.TO_VOICEMAIL, None]

    async def test_who_decides_when_the_time_is_up_may_finish(self, bench: CallBench) -> None:
        phone = bench.phones[0]
        await bench.call.answer()
        bench.phone(phone, "answers after 1s, talks 2s")
        result = await bench.call.ring(
            [phone], timeout=timedelta(seconds=1.5), hearing=WhileRinging.RINGBACK, acceptance=asking(bench)
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
                acceptance=asking(bench, patience=9),
            )
        await is_over(bench)

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

    async def test_whoever_answers_is_asked_about_and_nobody_else(self, bench: CallBench) -> None:
        """Whether the talk is recorded; chosen once for each conversation, and to say no hinders none."""
        asked: list[Phone] = []

        def choose(phone: Phone) -> None:
            asked.append(phone)

        first, second = bench.phones
        await bench.call.answer()
        bench.call.record_talks(choose)
        bench.phone(first, "busy")
        await bench.call.ring([first], timeout=LONG, hearing=WhileRinging.RINGBACK)
        assert asked == []
        bench.phone(second, "answers after 1s, talks 2s")
        await bench.call.ring([second], timeout=LONG, hearing=WhileRinging.RINGBACK)
        await bench.call.talk()
        assert asked == [second]
