"""What the organisation tells callers who ask: delivery, prices, where it is. Each with dates of validity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from switchboard.domain.language import Language


@dataclass(frozen=True, slots=True)
class FactText:
    """One wording of a fact, and the local days on which it is true; both ends belong to it."""

    texts: Mapping[Language, str]
    first: date = date.min
    last: date = date.max

    def holds_on(self, day: date) -> bool:
        """Is it true on this day?"""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Fact:
    """Something callers ask for; its wordings follow each other in time."""

    id: str
    wordings: tuple[FactText, ...]

    def valid_on(self, day: date) -> FactText | None:
        """What is true on this day: of several the one that began last. None when it has expired or not begun."""
        valid = [wording for wording in self.wordings if wording.holds_on(day)]
        return max(valid, key=lambda wording: wording.first, default=None)
