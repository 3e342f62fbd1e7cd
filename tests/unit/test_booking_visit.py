"""What callers are told about appointments, and what they type."""

from __future__ import annotations

from datetime import date

import pytest

from switchboard.domain.booking_visit import MOST_TOLD, OfferKey, day_typed, keys_told

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2412", date(2026, 12, 24)),
        ("2311", TODAY),
        ("2211", date(2027, 11, 22)),  # yesterday's is next year's
        ("0101", date(2027, 1, 1)),
        ("2902", date(2028, 2, 29)),  # the next there is
        ("3102", None),
        ("0013", None),
        ("1300", None),
        ("241", None),
        ("24122026", None),
        ("24*2", None),
        ("", None),
    ],
)
def test_a_day_is_typed_by_day_and_month(typed: str, day: date | None) -> None:
    assert day_typed(typed, TODAY) == day


@pytest.mark.parametrize("heard", range(1, 6))
@pytest.mark.parametrize("can_choose", [False, True])
@pytest.mark.parametrize("can_wait", [False, True])
def test_few_keys_are_told_and_always_how_to_take_it_and_whom_to_ask(
    heard: int, *, can_choose: bool, can_wait: bool
) -> None:
    told = keys_told(heard, can_choose=can_choose, can_wait=can_wait)
    assert len(told) == len(set(told)) <= MOST_TOLD
    assert (told[0], told[-1]) == (OfferKey.TAKE, OfferKey.HUMAN)
    assert can_choose or OfferKey.ANOTHER not in told
    assert can_wait or OfferKey.NOTHING_SUITS not in told


def test_every_key_is_told_sooner_or_later() -> None:
    told = {
        key
        for heard in range(1, 4)
        for can_choose in (False, True)
        for key in keys_told(heard, can_choose=can_choose, can_wait=True)
    }
    assert told == set(OfferKey)
