"""Who is put through: the rules as a table, lists, and the counting of calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.screening import (
    Attestation,
    Incoming,
    Listed,
    NumberList,
    Rate,
    RateCounter,
    Rule,
    Screened,
    ScreeningRules,
    SpamLimit,
    Verdict,
    attestation_of,
    screen,
)

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
FRIEND, FOE, STRANGER = "+37255500001", "+37290000001", "+46701234567"
RULES = ScreeningRules(
    allow=NumberList([Listed(FRIEND), Listed("+46*", "our colleagues in Sweden")]),
    block=NumberList([Listed("+372900*", "paid calls"), Listed("+46701234567", "a nuisance")]),
    anonymous=Verdict.STATE_NAME,
    rate=Rate(5, timedelta(minutes=10), Verdict.VOICEMAIL),
    attestation={Attestation.FAILED: Verdict.REJECT, Attestation.GATEWAY: Verdict.STATE_NAME},
    spam=SpamLimit(80, Verdict.VOICEMAIL),
)
ALLOW, REJECT, VOICEMAIL, STATE_NAME = Verdict.ALLOW, Verdict.REJECT, Verdict.VOICEMAIL, Verdict.STATE_NAME
BY_HAND = Listed("+37255509999", "shouted at Mari")


@pytest.mark.parametrize(
    ("call", "verdict", "rule", "why"),
    [
        (Incoming(FRIEND), ALLOW, Rule.ALLOWLIST, FRIEND),
        (Incoming(FOE), REJECT, Rule.BLOCKLIST, "+372900*: paid calls"),
        (Incoming(STRANGER), ALLOW, Rule.ALLOWLIST, "+46*: our colleagues in Sweden"),  # allow beats all
        (Incoming(FRIEND, blocked=BY_HAND), ALLOW, Rule.ALLOWLIST, FRIEND),
        (Incoming("+37255509999", blocked=BY_HAND), REJECT, Rule.BLOCKLIST, "+37255509999: shouted at Mari"),
        (Incoming(FOE, allowed=Listed(FOE)), ALLOW, Rule.ALLOWLIST, FOE),
        (Incoming("", is_anonymous=True), STATE_NAME, Rule.ANONYMOUS, "no number"),
        (Incoming("", is_anonymous=False), ALLOW, Rule.NONE, ""),  # a desk phone
        (Incoming("+3725551", calls=5), ALLOW, Rule.NONE, ""),
        (Incoming("+3725551", calls=6), VOICEMAIL, Rule.RATE, "call 6 within 10 min"),
        (Incoming(FRIEND, calls=99, spam_score=100), ALLOW, Rule.ALLOWLIST, FRIEND),
        (Incoming("+3725551", attestation=Attestation.FULL), ALLOW, Rule.NONE, ""),
        (Incoming("+3725551", attestation=Attestation.FAILED), REJECT, Rule.ATTESTATION, "attestation failed"),
        (Incoming("+3725551", attestation=Attestation.GATEWAY), STATE_NAME, Rule.ATTESTATION, "attestation C"),
        (Incoming("+3725551", spam_score=79.9), ALLOW, Rule.NONE, ""),
        (Incoming("+3725551", spam_score=80), VOICEMAIL, Rule.SPAM, "score 80"),
        (Incoming("+3725551", spam_score=None), ALLOW, Rule.NONE, ""),
    ],
)  # fmt: skip
def test_the_first_rule_that_fits_decides(call: Incoming, verdict: Verdict, rule: Rule, why: str) -> None:
    assert screen(call, RULES) == Screened(verdict, rule, why)


@pytest.mark.parametrize(
    "call", [Incoming(FOE), Incoming("", is_anonymous=True), Incoming(FOE, calls=99, spam_score=100)]
)
def test_without_rules_everybody_is_let_pass(call: Incoming) -> None:
    assert screen(call, ScreeningRules()) == Screened()


def test_whom_a_person_blocked_is_refused_without_rules_too() -> None:
    assert screen(Incoming("+37255509999", blocked=BY_HAND), ScreeningRules()).verdict is REJECT


@given(
    st.sampled_from(["", FRIEND, FOE, STRANGER, "+3725551"]),
    st.booleans(),
    st.integers(1, 99),
    st.sampled_from(Attestation),
    st.none() | st.floats(0, 100),
    st.booleans(),
)
def test_allow_beats_all_and_block_all_else(
    number: str, anonymous: bool, calls: int, attestation: Attestation, score: float | None, by_hand: bool
) -> None:
    call = Incoming(number, anonymous, calls, attestation, score, blocked=BY_HAND if by_hand else None)
    found = screen(call, RULES)
    assert (found.rule is Rule.NONE) == (found == Screened())
    if RULES.allow.find(number):
        assert found.verdict is ALLOW
    elif by_hand or RULES.block.find(number):
        assert (found.verdict, found.rule) == (REJECT, Rule.BLOCKLIST)
    assert screen(replace(call, allowed=BY_HAND), RULES).verdict is ALLOW


@pytest.mark.parametrize(
    ("number", "pattern"),
    [
        ("+37255501234", "+37255501234"),
        ("+37255501235", "+3725550*"),
        ("+37255591234", "+372555*"),
        ("+3725559", "+372555*"),
        ("+372555", "+372555*"),
        ("+37255", None),
        ("+37155501234", None),
        ("", None),
        ("55501234", None),
    ],
)
def test_a_list_knows_numbers_and_beginnings_the_nearest_first(number: str, pattern: str | None) -> None:
    found = NumberList(map(Listed, ["+372555*", "+3725550*", "+37255501234"])).find(number)
    assert (found and found.pattern) == pattern


def test_a_list_of_everybody() -> None:
    assert NumberList([Listed("+*")]).find("+37255501234") == Listed("+*")
    assert NumberList([Listed("+*")]).find("") is None


@pytest.mark.parametrize(
    ("rules", "verdicts"),
    [
        (ScreeningRules(), [ALLOW]),
        (RULES, [ALLOW, VOICEMAIL, STATE_NAME]),
        (ScreeningRules(blocked=VOICEMAIL, anonymous=REJECT), [ALLOW, VOICEMAIL]),
    ],
)
def test_what_a_flow_must_be_ready_for(rules: ScreeningRules, verdicts: list[Verdict]) -> None:
    assert list(rules.verdicts) == verdicts


@pytest.mark.parametrize(
    ("identity", "indicator", "found"),
    [
        ("", "", Attestation.NONE),
        ("", "A", Attestation.NONE),  # a level without a validation is nobody's word
        ("<sip:+37255501234@example.net>", "", Attestation.NONE),
        ("<sip:+37255501234;verstat=TN-Validation-Passed@example.net;user=phone>", "", Attestation.FULL),
        ("<sip:+37255501234;verstat=TN-Validation-Passed@example.net;user=phone>", "B", Attestation.PARTIAL),
        ("<tel:+37255501234;verstat=TN-Validation-Passed-A>", "C", Attestation.FULL),
        ("<tel:+37255501234; verstat=TN-Validation-Passed-C>", "", Attestation.GATEWAY),
        ("<tel:+37255501234;verstat=tn-validation-failed>", "A", Attestation.FAILED),
        ("<tel:+37255501234;verstat=TN-Validation-Failed-B>", "", Attestation.FAILED),
        ("<tel:+37255501234;verstat=No-TN-Validation>", "A", Attestation.NONE),
        ('"x;verstat" <tel:+37255501234;verstat=${SHELL(x)}>', "Z", Attestation.NONE),
    ],
)
def test_what_the_trunks_headers_tell(identity: str, indicator: str, found: Attestation) -> None:
    assert attestation_of(identity, indicator) is found


RATE = Rate(2, timedelta(minutes=1), REJECT)


def test_calls_are_counted_within_their_time() -> None:
    counter = RateCounter()

    def count(seconds: float, number: str = FRIEND) -> int:
        return counter.count(number, NOON + timedelta(seconds=seconds), RATE)

    assert [count(0), count(10), count(20)] == [1, 2, 3]
    assert count(20, FOE) == 1
    assert count(25) == 3, "one beyond the rate is enough to know"
    assert counter.known(FRIEND, NOON + timedelta(seconds=26), RATE) == 3
    assert count(90) == 1
    assert counter.known(FOE, NOON + timedelta(seconds=90), RATE) == 0


def test_a_changed_rate_counts_on() -> None:
    counter = RateCounter()
    for second in range(3):
        counter.count(FRIEND, NOON + timedelta(seconds=second), RATE)
    assert counter.count(FRIEND, NOON + timedelta(seconds=3), replace(RATE, calls=10)) == 4
    assert counter.count(FRIEND, NOON + timedelta(seconds=4), replace(RATE, calls=1)) == 2


def test_memory_is_bounded_however_many_call() -> None:
    counter = RateCounter(most_numbers=100)
    for number in range(1000):
        counter.count(f"+3725{number:07}", NOON, RATE)
    assert len(counter._calls) == 100
    for _ in range(50):
        counter.count("+37250000999", NOON, RATE)
    assert len(counter._calls["+37250000999"]) == 3
