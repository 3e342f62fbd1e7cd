"""Who may call outside from a desk phone, where to, when and how much.

An allowlist: what no role allows is not dialled. The dialplan is compiled from these rules and decides alone, so that
they hold while the controller is dead (asterisk/outbound_values.py); `verdict` says the same in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from switchboard.domain.number_plan import (
    NumberPattern,
    beginning,
    calling_code,
    calling_codes,
    costly_numbers,
    numbers_of,
)

LONGEST_CALL = timedelta(hours=2)
SHORTEST_LEFT = 60  # seconds of a day's minutes; with fewer left no call is begun


class Verdict(StrEnum):
    """What a desk phone is told that dials a number outside."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not_allowed"  # this number, from this phone
    COSTLY = "costly"  # premium rate or shared cost
    NOT_NOW = "not_now"  # outside the role's hours, or nobody there to tell whether it is
    LIMIT = "limit"  # a cap is reached


@dataclass(frozen=True, slots=True)
class OutboundRole:
    """What some phones may dial. Caps are each phone's own; a day begins at midnight of the organisation's zone."""

    id: str  # a word: "staff"
    allowed: tuple[str, ...]  # countries ("EE") and beginnings in E.164 ("+4670")
    forbidden: tuple[str, ...] = ()  # beginnings in E.164, even where a country allows them
    costly: bool = False  # premium rate and shared cost numbers are allowed where `allowed` has them
    hours: str = ""  # an hours table's id: only while it is open; empty: always
    longest_call: timedelta = LONGEST_CALL
    calls_at_once: int = 2
    calls_per_day: int | None = None  # attempts; None: as many as they like
    minutes_per_day: int | None = None  # of talk; None: as many as they like

    @property
    def allowed_numbers(self) -> tuple[NumberPattern, ...]:
        """What `allowed` says, one by one."""
        return _each(beginning_or_country for text in self.allowed for beginning_or_country in _meant(text))

    @property
    def forbidden_numbers(self) -> tuple[NumberPattern, ...]:
        """What `forbidden` says."""
        return _each(beginning(text) for text in self.forbidden)

    @property
    def costly_numbers(self) -> tuple[NumberPattern, ...]:
        """Those among the allowed that are refused for their cost."""
        if self.costly:
            return ()
        codes = {code for text in self.allowed for code in _codes(text)}
        return _each(pattern for code in codes for pattern in costly_numbers(code))


@dataclass(frozen=True, slots=True)
class OutboundRules:
    """All roles, and which phone has which. None at all: what the trunks allow is allowed to every phone."""

    roles: Mapping[str, OutboundRole] = field(default_factory=dict)
    role_of_phone: Mapping[str, str] = field(default_factory=dict)  # extension -> a role's id
    role_of_others: str = ""  # of phones not named; empty: they may not call outside

    def role_of(self, extension: str) -> OutboundRole | None:
        """The role of a desk phone; None if it may not call outside."""
        return self.roles.get(self.role_of_phone.get(extension, self.role_of_others))


@dataclass(frozen=True, slots=True)
class Used:
    """What a desk phone has called outside today, and calls now."""

    calls: int = 0  # attempts
    seconds: int = 0  # of talk; of calls that have not ended, all that they may last
    at_once: int = 0  # calls that have not ended


def seconds_left(role: OutboundRole, used: Used) -> int:
    """How long one more call of a phone may last; 0 where a cap of its role is reached."""
    if used.at_once >= role.calls_at_once or (role.calls_per_day is not None and used.calls >= role.calls_per_day):
        return 0
    longest = max(1, int(role.longest_call.total_seconds()))
    if role.minutes_per_day is None:
        return longest
    left = role.minutes_per_day * 60 - used.seconds
    return min(left, longest) if left >= SHORTEST_LEFT else 0


def verdict(role: OutboundRole | None, number: str) -> Verdict:
    """May a phone of this role dial this number (E.164), as far as the number goes?"""
    if role is None or any(each.takes(number) for each in role.forbidden_numbers):
        return Verdict.NOT_ALLOWED
    if any(each.takes(number) for each in role.costly_numbers):
        return Verdict.COSTLY
    return Verdict.ALLOWED if any(each.takes(number) for each in role.allowed_numbers) else Verdict.NOT_ALLOWED


def _meant(text: str) -> tuple[NumberPattern, ...]:
    return (beginning(text),) if text.startswith("+") else numbers_of(text)


def _codes(text: str) -> list[int]:
    return calling_codes(text) if text.startswith("+") else [calling_code(text)]


def _each(patterns: Iterable[NumberPattern]) -> tuple[NumberPattern, ...]:
    return tuple(sorted(set(patterns)))
