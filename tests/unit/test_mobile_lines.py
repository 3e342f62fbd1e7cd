"""By which trunk a mobile is rung, and how a conversation with one is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchboard.asterisk.leg import read, written
from switchboard.domain.dialling import Phone
from switchboard.domain.mobile_lines import MobileLine, mobile_lines
from switchboard.domain.organisation import Trunk
from tests.sample_organisation import MARI, sample_organisation

MOBILE = "+37255500101"


@pytest.mark.parametrize(
    ("trunks", "line"),
    [
        ([], None),
        ([Trunk("a", "a.example")], None),  # desk phones may call nobody on it
        ([Trunk("a", "a.example", allowed=("+371",))], None),
        ([Trunk("a", "a.example", allowed=("+372",), caller_number="+3726001000")], MobileLine("a", "+3726001000")),
        ([Trunk("a", "a.example", allowed=("+371",)), Trunk("b", "b.example", allowed=("+",))], MobileLine("b", "")),
        ([Trunk("a", "a.example", allowed=("55",))], None),  # national beginnings say nothing of +372…
    ],
)
def test_the_first_trunk_that_may_call_it(trunks: list[Trunk], line: MobileLine | None) -> None:
    organisation = sample_organisation(trunks=tuple(trunks))
    mari = replace(organisation.people["mari"], mobile=MOBILE)
    found = mobile_lines(replace(organisation, people={"mari": mari}))
    assert found == ({MOBILE: line} if line else {})


@pytest.mark.parametrize("phone", [MARI, Phone("101", "Mari Tamm", MOBILE)])
def test_who_talks_is_known_again_from_the_conversations_name(phone: Phone) -> None:
    assert read(written(phone), {"101": MARI}) == phone


def test_who_has_only_a_mobile_is_called_by_its_number() -> None:
    assert read(written(Phone("", "Liis", MOBILE)), {}) == Phone("", MOBILE, MOBILE)
    assert read("101", {}) == Phone("101", "101")
