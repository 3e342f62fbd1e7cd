"""One number, however it is written."""

from __future__ import annotations

import pytest

from switchboard.domain.phone_numbers import LONGEST_WRITTEN, e164, is_beginning, masked

MOBILE = "+37255501234"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+37255501234", MOBILE),
        ("5550 1234", MOBILE),
        ("55501234", MOBILE),
        ("00372 5550 1234", MOBILE),
        ("37255501234", MOBILE),
        ("(+372) 5550-1234", MOBILE),
        ("tel:+372-5550-1234;ext=12", MOBILE),
        ("+372 5550 1234 ext. 12", MOBILE),
        ("６００１０００", "+3726001000"),
        ("6001000", "+3726001000"),
        ("37122334455", "+37122334455"),  # a trunk that leaves the plus off
        ("0046701234567", "+46701234567"),
        ("1234567", "+3721234567"),  # assigned to nobody, yet possible
        ("", ""),
        ("   ", ""),
        ("anonymous", ""),
        ("Restricted", ""),
        ("101", ""),  # a desk phone
        ("112", ""),
        ("+1", ""),
        ("+0123456789", ""),
        ("5550 1234; drop table clients", ""),
        ("sip:evil@example.net", ""),
        ("5" * 40, ""),
        ("+" + "5" * LONGEST_WRITTEN, ""),
        ("\x00\x0055501234", MOBILE),
    ],
)
def test_a_number_in_e164(written: str, number: str) -> None:
    assert e164(written, "EE") == number


@pytest.mark.parametrize(
    ("country", "number"), [("EE", "+37267112233"), ("LV", "+37167112233"), ("XX", ""), ("SE", "+4667112233")]
)
def test_a_number_without_a_country_belongs_to_the_organisations(country: str, number: str) -> None:
    assert e164("67112233", country) == number


@pytest.mark.parametrize("text", ["+", "+372", "+372900", "+37255501234"])
def test_a_beginning(text: str) -> None:
    assert is_beginning(text)


@pytest.mark.parametrize("text", ["", "372", "+0", "+372x", "+" + "1" * 15, "+372 "])
def test_no_beginning(text: str) -> None:
    assert not is_beginning(text)


def test_a_number_in_a_log() -> None:
    assert masked(MOBILE) == "+3725…34"
    assert masked("101") == "…"
    assert masked("") == ""
