"""Which conversations are recorded, as a table; and what an answer to the question means."""

from __future__ import annotations

import pytest

from switchboard.domain.call_recording import Record, RecordingRule, Talk, rule_for
from switchboard.domain.consent import Asking, Consent, ConsentRules

AGREED, REFUSED = Consent.AGREED, Consent.REFUSED
RULES = (
    RecordingRule(Record.NEVER, people=frozenset({"mari"})),
    RecordingRule(Record.ALWAYS, queues=frozenset({"lorries"})),
    RecordingRule(Record.AGREED, departments=frozenset({"sales"}), classes=frozenset({"dealer", "key"})),
)
# fmt: off
TABLE = [
    # the conversation                                                          agreed refused not asked
    (Talk("6001000", frozenset({"finance"})),                                   False, False, False),
    (Talk("6001000", frozenset({"sales"}), caller_class="new"),                 False, False, False),
    (Talk("6001000", frozenset({"sales"}), caller_class="dealer"),              True,  False, False),
    (Talk("6001000", frozenset({"sales"}), "mari", caller_class="dealer"),      False, False, False),
    (Talk("6001000", frozenset({"sales"}), "mari", "lorries", "dealer"),        False, False, False),
    (Talk("6001000", frozenset({"logistics"}), "peeter", "lorries"),            True,  False, True),
]
# fmt: on


@pytest.mark.parametrize(("talk", "agreed", "refused", "not_asked"), TABLE)
def test_who_is_recorded(talk: Talk, agreed: bool, refused: bool, not_asked: bool) -> None:
    """Whoever refused never is, whatever the rule."""
    rule = rule_for(RULES, talk)
    found = tuple(rule is not None and rule.allows(consent) for consent in (AGREED, REFUSED, None))
    assert found == (agreed, refused, not_asked)


ASK, TELL = ConsentRules(), ConsentRules(Asking.TELL)


@pytest.mark.parametrize(
    ("rules", "one", "two", "otherwise"),
    [
        (ASK, AGREED, REFUSED, REFUSED),
        (ConsentRules(silence=AGREED), AGREED, REFUSED, AGREED),
        (TELL, None, REFUSED, AGREED),
    ],
)
def test_what_an_answer_means(rules: ConsentRules, one: Consent | None, two: Consent, otherwise: Consent) -> None:
    assert (rules.answered("1"), rules.answered("2"), rules.answered("3")) == (one, two, None)
    assert rules.otherwise is otherwise
