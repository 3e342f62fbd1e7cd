"""Numbering plans and roles, as tables."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.asterisk.dialplan_reach import leaks
from switchboard.asterisk.dialplan_text import could_match
from switchboard.asterisk.outbound_values import pattern
from switchboard.domain.number_plan import calling_codes, costly_numbers, dialled_at_home, numbers_of
from switchboard.domain.organisation import Trunk
from switchboard.domain.outbound import OutboundRole, OutboundRules, Used, Verdict, seconds_left, verdict
from tests.sample_organisation import sample_organisation
from tests.unit.test_rendering import rendered

STAFF = OutboundRole("staff", ("EE", "LV", "+4670"), ("+37258",))
DIRECTOR = OutboundRole("director", ("+",), costly=True)
AMERICAN = OutboundRole("american", ("US",))


@pytest.mark.parametrize(
    ("role", "number", "expected"),
    [
        (STAFF, "+3725551234", Verdict.ALLOWED),
        (STAFF, "+37255512345", Verdict.ALLOWED),
        (STAFF, "+37126512345", Verdict.ALLOWED),
        (STAFF, "+46701234567", Verdict.ALLOWED),
        (STAFF, "+4670", Verdict.NOT_ALLOWED),
        (STAFF, "+46812345678", Verdict.NOT_ALLOWED),
        (STAFF, "+37258123456", Verdict.NOT_ALLOWED),
        (STAFF, "+3729001234", Verdict.COSTLY),
        (STAFF, "+37190123456", Verdict.COSTLY),
        (STAFF, "+372011442079460000", Verdict.NOT_ALLOWED),
        (STAFF, "+372555123", Verdict.NOT_ALLOWED),
        (STAFF, "+372555123456789012", Verdict.NOT_ALLOWED),
        (STAFF, "3725551234", Verdict.NOT_ALLOWED),
        (STAFF, "+372555X234", Verdict.NOT_ALLOWED),
        (STAFF, "", Verdict.NOT_ALLOWED),
        (DIRECTOR, "+3729001234", Verdict.ALLOWED),
        (DIRECTOR, "+18765551234", Verdict.ALLOWED),
        # one calling code, several countries: Jamaica is not the United States
        (AMERICAN, "+12125551234", Verdict.ALLOWED),
        (AMERICAN, "+18765551234", Verdict.NOT_ALLOWED),
        (AMERICAN, "+19002345678", Verdict.COSTLY),
        (None, "+3725551234", Verdict.NOT_ALLOWED),
    ],
)
def test_what_a_role_may_dial(role: OutboundRole | None, number: str, expected: Verdict) -> None:
    assert verdict(role, number) is expected


@pytest.mark.parametrize(
    ("country", "dialled", "number"),
    [
        ("EE", "5551234", "+3725551234"),
        ("EE", "003715551234", "+3715551234"),
        ("EE", "+46701234567", "+46701234567"),
        ("SE", "0701234567", "+46701234567"),
        ("SE", "003725551234", "+3725551234"),
        ("US", "12125551234", "+12125551234"),
        ("US", "2125551234", "+12125551234"),
        ("US", "011442079460000", "+442079460000"),
        ("RU", "89161234567", "+79161234567"),
        ("RU", "8103725551234", "+3725551234"),
        ("IT", "0612345678", "+390612345678"),
    ],
)
def test_what_is_dialled_at_home_means_a_number_of_the_world(country: str, dialled: str, number: str) -> None:
    assert dialled_at_home(country).e164(dialled) == number


def test_a_phone_has_its_role_or_the_others() -> None:
    rules = OutboundRules({"staff": STAFF, "director": DIRECTOR}, {"101": "director"}, "staff")
    assert rules.role_of("101") is DIRECTOR
    assert rules.role_of("102") is STAFF
    assert OutboundRules({"staff": STAFF}, {"101": "staff"}).role_of("102") is None


@pytest.mark.parametrize("country", ["EE", "LV", "RU", "AL", "SE", "US", "GB", "DE", "IT", "FI", "JM"])
def test_the_examples_of_every_plan_are_numbers_of_the_country(country: str) -> None:
    """The plan's own example of each kind: those that cost extra are known as that, the others can be dialled."""
    kinds = phonenumbers.PhoneNumberType
    for kind in (kinds.FIXED_LINE, kinds.MOBILE, kinds.TOLL_FREE, kinds.PREMIUM_RATE, kinds.SHARED_COST):
        example = phonenumbers.example_number_for_type(country, kind)
        if example is None or example.country_code is None:
            continue
        number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        is_costly = any(each.takes(number) for each in costly_numbers(example.country_code))
        if kind in (kinds.PREMIUM_RATE, kinds.SHARED_COST):
            assert is_costly, number
        else:
            assert not is_costly, number
            assert any(each.takes(number) for each in numbers_of(country)), number


CAPPED = OutboundRole(
    "capped", ("EE",), longest_call=timedelta(minutes=10), calls_at_once=1, calls_per_day=3, minutes_per_day=15
)


@pytest.mark.parametrize(
    ("role", "used", "left"),
    [
        (STAFF, Used(), 7200),
        (STAFF, Used(calls=1000, seconds=86400, at_once=1), 7200),
        (STAFF, Used(at_once=2), 0),
        (CAPPED, Used(), 600),
        (CAPPED, Used(at_once=1), 0),
        (CAPPED, Used(calls=2), 600),
        (CAPPED, Used(calls=3), 0),
        (CAPPED, Used(seconds=300), 600),
        (CAPPED, Used(seconds=301), 599),
        (CAPPED, Used(seconds=840), 60),
        (CAPPED, Used(seconds=841), 0),  # less than a minute left
        (CAPPED, Used(seconds=9999), 0),
    ],
)
def test_how_long_one_more_call_may_last(role: OutboundRole, used: Used, left: int) -> None:
    """As the dialplan reckons (tests/dialplan/test_outbound.py)."""
    assert seconds_left(role, used) == left


@given(st.sampled_from(["EE", "LV", "SE", "RU"]), st.text("0123456789", min_size=4, max_size=11))
def test_the_dialplans_patterns_take_what_the_rules_do(country: str, digits: str) -> None:
    """And premium numbers are what phonenumbers says they are."""
    code = phonenumbers.country_code_for_region(country)
    number = f"+{code}{digits}"
    role = OutboundRole("any", (country,))
    for each in (*role.allowed_numbers, *role.costly_numbers):
        assert could_match(pattern(each), number) == each.takes(number)
    known = phonenumbers.number_type(phonenumbers.PhoneNumber(country_code=code, national_number=int(digits)))
    costly = (phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST)
    if not digits.startswith("0"):
        assert (verdict(role, number) is Verdict.COSTLY) >= (known in costly)


@pytest.mark.parametrize(
    ("begin", "codes"),
    [("+372", [372]), ("+3725", [372]), ("+1876", [1]), ("+37", [370, 371, 372, 373, 374, 375, 376, 377, 378])],
)
def test_which_calling_codes_a_beginning_is_of(begin: str, codes: list[int]) -> None:
    assert calling_codes(begin) == codes


def test_rules_without_a_role_let_nobody_out() -> None:
    """`outbound:` with nothing in it is not the same as none: then all phones may dial what the trunks allow."""
    line = Trunk("line", "198.51.100.7", prefix="9", allowed=("5", "+372"))
    free = rendered(sample_organisation(trunks=(line,)))
    ruled = rendered(dataclasses.replace(sample_organisation(trunks=(line,)), outbound=OutboundRules()))
    assert any("Dial(PJSIP/$" in str(leak) for leak in leaks(free, {"desk"}))
    assert leaks(ruled, {"desk"}) == []
