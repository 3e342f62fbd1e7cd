"""What a phone's last word means for the caller."""

from __future__ import annotations

import pytest

from switchboard.asterisk.leg import Leg, LegState, dial_outcome, ring_result
from switchboard.domain.dialling import DialOutcome, Phone


@pytest.mark.parametrize(
    ("cause", "sip_status", "outcome"),
    [
        (17, 486, DialOutcome.BUSY),
        (17, 600, DialOutcome.BUSY),
        (19, 480, DialOutcome.NO_ANSWER),
        (0, 487, DialOutcome.NO_ANSWER),
        (21, 603, DialOutcome.DECLINED),
        (21, 403, DialOutcome.DECLINED),
        (1, 404, DialOutcome.UNAVAILABLE),
        (34, 503, DialOutcome.UNAVAILABLE),
        (17, 0, DialOutcome.BUSY),
        (19, 0, DialOutcome.NO_ANSWER),
        (127, 500, DialOutcome.FAILED),
        (0, 0, DialOutcome.FAILED),
    ],
)
def test_the_sip_status_says_more_than_the_cause(cause: int, sip_status: int, outcome: DialOutcome) -> None:
    assert dial_outcome(cause, sip_status) is outcome


def legs(*endings: tuple[int, int]) -> list[Leg]:
    made = [Leg(f"leg-{n}", Phone(str(100 + n), f"Phone {n}")) for n in range(len(endings))]
    for leg, (cause, status) in zip(made, endings, strict=True):
        leg.ended(cause, status)
    return made


def test_several_phones_come_to_the_most_telling_outcome() -> None:
    assert ring_result(legs((19, 480), (17, 486))).outcome is DialOutcome.BUSY
    assert ring_result(legs((17, 486), (21, 603))).outcome is DialOutcome.DECLINED


def test_a_phone_that_rang_until_the_time_was_up_did_not_answer() -> None:
    assert ring_result([Leg("leg-0", Phone("100", "Reception"))]).outcome is DialOutcome.NO_ANSWER


def test_nobody_to_ring_is_unavailable() -> None:
    assert ring_result([]).outcome is DialOutcome.UNAVAILABLE


def test_an_answered_leg_that_ends_keeps_no_outcome_of_its_end() -> None:
    leg = Leg("leg-0", Phone("100", "Reception"), state=LegState.ANSWERED)
    leg.ended(16, 200)
    assert (leg.state, leg.cause, leg.sip_status) == (LegState.GONE, 0, 0)
