"""Which conversations are recorded, and for how long a recording is kept.

The first rule that fits decides; where none fits, nothing is recorded. Whoever refused is never recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from switchboard.domain.consent import Consent

KEEP = timedelta(days=90)  # where a rule does not say
LONGEST_KEEP = timedelta(days=3650)
NAME_KEPT = timedelta(days=30)  # what callers recorded when asked for a name


class Record(StrEnum):
    """What a rule says of a conversation."""

    ALWAYS = "always"  # also of who was not asked
    AGREED = "agreed"  # only of who agreed
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation that begins."""

    number: str  # of ours, that was dialled
    departments: frozenset[str] = frozenset()  # of the phone that was reached
    person: str = ""  # whose phone that is
    queue: str = ""  # that the caller waited in
    caller_class: str = ""


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """Fits a conversation that has one of each list that is not empty."""

    record: Record
    keep: timedelta = KEEP
    numbers: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()

    def fits(self, talk: Talk) -> bool:
        """Whether the rule is about this conversation."""
        return (
            (not self.numbers or talk.number in self.numbers)
            and (not self.departments or bool(self.departments & talk.departments))
            and (not self.people or talk.person in self.people)
            and (not self.queues or talk.queue in self.queues)
            and (not self.classes or talk.caller_class in self.classes)
        )

    def allows(self, consent: Consent | None) -> bool:
        """Whether a caller who said this (None: was not asked) is recorded."""
        if consent is Consent.REFUSED or self.record is Record.NEVER:
            return False
        return self.record is Record.ALWAYS or consent is Consent.AGREED


def rule_for(rules: Iterable[RecordingRule], talk: Talk) -> RecordingRule | None:
    """The rule that decides on a conversation; None: it is not recorded."""
    return next((rule for rule in rules if rule.fits(talk)), None)
