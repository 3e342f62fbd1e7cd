"""Which PINs are refused and why; when guessing has gone too far."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from switchboard.domain.pin import (
    LOCKED_FOR,
    WRONG_OF_ALL,
    WRONG_OF_CALLER,
    WRONG_OF_MAILBOX,
    Admission,
    Tries,
    Weakness,
    admission_before,
    weakness,
)

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)

PINS = [
    # PIN          why it is refused as that of mailbox 483, of an organisation with the number 6047291
    ("", Weakness.NO_DIGITS),
    ("83 719", Weakness.NO_DIGITS),
    ("83#719", Weakness.NO_DIGITS),
    ("٣٧٤٩٢٥", Weakness.NO_DIGITS),  # digits, but on no telephone
    ("83719", Weakness.LENGTH),
    ("8371950264738", Weakness.LENGTH),
    ("777777", Weakness.REPEATED),
    ("838383", Weakness.REPEATED),
    ("837837", Weakness.REPEATED),
    ("83718371", Weakness.REPEATED),
    ("383338", Weakness.REPEATED),  # two digits alone
    ("123456", Weakness.SEQUENCE),
    ("890123", Weakness.SEQUENCE),
    ("987654", Weakness.SEQUENCE),
    ("135791", Weakness.SEQUENCE),
    ("948371", Weakness.EXTENSION),
    ("604729", Weakness.EXTENSION),
    ("310780", Weakness.DATE),  # 31 July 1980
    ("073180", Weakness.DATE),
    ("800731", Weakness.DATE),
    ("198083", Weakness.DATE),
    ("831980", Weakness.DATE),
    ("31071980", Weakness.DATE),
    ("19800731", Weakness.DATE),
    ("159753", Weakness.POPULAR),
    ("147258", Weakness.POPULAR),
    ("837195", None),
    ("049583", None),
    ("83719502", None),
    ("837195026473", None),
]


@pytest.mark.parametrize(("pin", "why"), PINS)
def test_weak_pins_are_refused(pin: str, why: Weakness | None) -> None:
    assert weakness(pin, "483", ["6047291"]) is why


def test_three_in_four_of_all_six_digit_pins_are_left() -> None:
    left = sum(weakness(f"{number:06}", "483") is None for number in range(0, 1_000_000, 7))
    assert left / len(range(0, 1_000_000, 7)) > 0.75


BEFORE = [
    # of the mailbox, of the caller, of all, locked until, what is decided
    (0, 0, 0, None, None),
    (WRONG_OF_MAILBOX - 1, 0, 0, None, None),
    (WRONG_OF_MAILBOX, 0, 0, None, Admission.LOCKED),
    (0, 0, 0, NOW + LOCKED_FOR, Admission.LOCKED),
    (0, 0, 0, NOW, None),  # it is over
    (0, WRONG_OF_CALLER - 1, 0, None, None),
    (0, WRONG_OF_CALLER, 0, None, Admission.SHUT),
    (0, 0, WRONG_OF_ALL - 1, None, None),
    (0, 0, WRONG_OF_ALL, NOW + timedelta(hours=1), Admission.SHUT),
]


@pytest.mark.parametrize(("of_mailbox", "of_caller", "of_all", "until", "decided"), BEFORE)
def test_guessing_goes_only_so_far(
    of_mailbox: int, of_caller: int, of_all: int, until: datetime | None, decided: Admission | None
) -> None:
    assert admission_before(Tries(of_mailbox, of_caller, of_all), until, NOW) is decided
