"""`outbound:` of organisation.yaml: what may be said, and each refusal in words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from switchboard.domain.outbound import LONGEST_CALL, OutboundRole, OutboundRules
from tests.flows.playing import EXAMPLE
from tests.unit.conftest import Load


def ruled(outbound: str) -> dict[str, str]:
    """The example organisation with other rules; none if empty."""
    text = (EXAMPLE / "organisation.yaml").read_text("utf-8")
    rest = re.sub(r"(?ms)^outbound:.*?(?=^\S|\Z)", "", text)
    booked = (EXAMPLE / "appointments.yaml").read_text("utf-8")
    return {
        "organisation.yaml": f"{rest}\noutbound: {outbound}\n" if outbound else rest,
        "appointments.yaml": re.sub(r"(?m)^call_role:.*$", "", booked),  # a role that is not there any more
    }


def rules(load: Load, outbound: str) -> OutboundRules | None:
    loaded = load(ruled(outbound))
    assert loaded.configuration is not None, loaded.told
    return loaded.configuration.organisation.outbound


@pytest.mark.parametrize(("outbound", "expected"), [("", None), ("{}", OutboundRules())])
def test_no_rules_are_not_empty_ones(load: Load, outbound: str, expected: OutboundRules | None) -> None:
    assert rules(load, outbound) == expected


def test_roles(load: Load) -> None:
    found = rules(
        load,
        "{staff: {allowed: [EE, '+4670'], forbidden: '+37258', costly: yes}, showroom: {phones: ['130', '102'], "
        "allowed: EE, hours: office, minutes_per_call: 15, calls_at_once: 1, calls_per_day: 40, minutes_per_day: 60}}",
    )
    assert found is not None
    assert found.roles["staff"] == OutboundRole("staff", ("EE", "+4670"), ("+37258",), costly=True)
    assert found.roles["staff"].longest_call == LONGEST_CALL
    assert found.roles["showroom"] == OutboundRole(
        "showroom",
        ("EE",),
        (),
        hours="office",
        longest_call=timedelta(minutes=15),
        calls_at_once=1,
        calls_per_day=40,
        minutes_per_day=60,
    )
    assert (found.role_of_phone, found.role_of_others) == ({"130": "showroom", "102": "showroom"}, "staff")


@pytest.mark.parametrize(
    ("outbound", "told"),
    [
        ("{staff: {}}", "allowed"),
        ("{staff: {allowed: Estonia}}", "`Estonia` is no destination"),
        ("{staff: {allowed: ee}}", "`ee` is no destination"),
        ("{staff: {allowed: '372'}}", "`372` is no destination"),
        ("{staff: {allowed: '+0'}}", "`+0` is no destination"),
        ("{staff: {allowed: EE, forbidden: '900'}}", "`900` begins no number"),
        ("{staff: {allowed: EE, hours: nights}}", "no opening hours `nights`"),
        ("{staff: {allowed: EE, phones: '999'}}", "no desk phone `999`"),
        ("{staff: {allowed: EE, calls_at_once: 0}}", "`0` is no calls_at_once"),
        ("{staff: {allowed: EE, minutes_per_call: 1441}}", "`1441` is no minutes_per_call"),
        ("{staff: {allowed: EE, calls_per_day: none}}", "`none` is no calls_per_day"),
        ("{staff: {allowed: EE}, others: {allowed: LV}}", "both `staff` and `others` are the role of all other phones"),
        ("{a: {allowed: EE, phones: '100'}, b: {allowed: EE, phones: '100'}}", "`100` has the role `a` already"),
        ("{staff: {allowed: EE, premium: no}}", "premium"),
        ("[staff]", "outbound"),
    ],
)
def test_what_is_refused(load: Load, outbound: str, told: str) -> None:
    loaded = load(ruled(outbound))
    assert loaded.configuration is None
    assert told in "\n".join(loaded.told)
