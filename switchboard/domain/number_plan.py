"""The world's numbering plans as patterns: what numbers a country has, and which of them cost the caller extra.

The plans are libphonenumber's (package phonenumbers), which writes them as regular expressions of a small kind: digits,
classes of digits, groups, alternatives, repetitions. Here each is unfolded into patterns with one class of digits for
each place, which is all that a dialplan can match. Numbers are in E.164 (`+3725551234`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

ANY = "0123456789"
LONGEST = 15  # digits of a number in E.164, the country's code included


@dataclass(frozen=True, slots=True, order=True)
class NumberPattern:
    """Numbers in E.164: their country's code and first digits, then a class of digits for each place."""

    places: tuple[str, ...]  # each the digits that may stand there, in order: "5", "0123456789"
    is_open: bool = False  # any number of digits may follow, one at least

    def takes(self, number: str) -> bool:
        """Whether the number (`+3725551234`) is one of these."""
        digits = number[1:]
        is_long_enough = len(digits) > len(self.places) if self.is_open else len(digits) == len(self.places)
        is_number = number[:1] == "+" and set(digits) <= {*ANY} and len(digits) <= LONGEST
        return (
            is_number
            and is_long_enough
            and all(digit in place for digit, place in zip(digits, self.places, strict=False))
        )


def beginning(text: str) -> NumberPattern:
    """All numbers that begin so: `+372`, `+` for every one."""
    return NumberPattern(tuple(text[1:]), is_open=True)


def is_country(code: str) -> bool:
    """Whether there is a numbering plan of this country (ISO 3166-1 alpha-2)."""
    return code in phonenumbers.SUPPORTED_REGIONS


@lru_cache(maxsize=64)
def numbers_of(country: str) -> tuple[NumberPattern, ...]:
    """What can be dialled in a country. Of those that share a code (US, Jamaica …) each has its own numbers only."""
    plan, code = _plan(country), calling_code(country)
    shares = len(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]) > 1
    whole = (plan.fixed_line, plan.mobile, plan.toll_free, plan.voip, plan.personal_number, plan.uan)
    kinds = whole if shares else (plan.general_desc,)
    return _patterns(code, kinds)


@lru_cache(maxsize=256)
def costly_numbers(code: int) -> tuple[NumberPattern, ...]:
    """Premium rate numbers, and those whose cost is shared, of all countries with this calling code."""
    plans = [
        _plan(region)
        for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
        if region != phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY
    ]
    found = [pattern for plan in plans for pattern in _patterns(code, (plan.premium_rate, plan.shared_cost))]
    return tuple(sorted(set(found)))


def calling_codes(begin: str) -> list[int]:
    """The calling codes of numbers that begin so: `+372` 372 alone, `+37` ten, `+3725` 372, `+` all."""
    digits = begin[1:]
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return sorted(code for code in codes if str(code).startswith(digits) or digits.startswith(str(code)))


def calling_code(country: str) -> int:
    """372 of EE."""
    return int(phonenumbers.country_code_for_region(country))


@dataclass(frozen=True, slots=True)
class DialledAtHome:
    """How numbers are dialled in a country."""

    code: str  # the country's own, "372"
    abroad: str  # what stands before other countries' codes, "00"
    trunk: str  # what stands before a national number and is no part of it, "0"; mostly ""

    def e164(self, dialled: str) -> str:
        """What was dialled (digits, + in front allowed) in E.164: `5551234` is +3725551234, `0046…` is +46…"""
        if dialled.startswith("+"):
            return dialled
        if dialled.startswith(self.abroad):
            return "+" + dialled.removeprefix(self.abroad)
        return f"+{self.code}{dialled.removeprefix(self.trunk)}"


def dialled_at_home(country: str) -> DialledAtHome:
    """Raises ValueError if there is no such country."""
    plan = _plan(country)
    written = plan.preferred_international_prefix or plan.international_prefix or "00"
    abroad = written.replace("~", "")  # a second dial tone is waited for there
    return DialledAtHome(str(calling_code(country)), abroad if abroad.isdigit() else "00", plan.national_prefix or "")


def _plan(country: str) -> phonenumbers.PhoneMetadata:
    plan = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if plan is None:
        raise ValueError(f"there is no numbering plan of {country!r}")
    return plan


def _patterns(code: int, kinds: tuple[phonenumbers.PhoneNumberDesc | None, ...]) -> tuple[NumberPattern, ...]:
    own = tuple(str(code))
    expressions = {kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern}
    unfolded = {places for expression in expressions for places in _Unfolding(expression).all()}
    return tuple(sorted(NumberPattern((*own, *places)) for places in unfolded if len(own) + len(places) <= LONGEST))


class _Unfolding:
    """One of libphonenumber's expressions, read from left to right."""

    def __init__(self, expression: str) -> None:
        self._tokens = re.findall(r"\\d|\[[0-9-]+\]|\{\d+(?:,\d+)?\}|\(\?:|[()|?]|[0-9]", expression)
        if "".join(self._tokens) != expression:
            raise ValueError(f"{expression!r} is no expression of a numbering plan")
        self._at = 0

    def all(self) -> set[tuple[str, ...]]:
        """Every sequence of classes."""
        return self._alternatives()

    def _alternatives(self) -> set[tuple[str, ...]]:
        found = self._sequence()
        while self._next() == "|":
            self._at += 1
            found |= self._sequence()
        return found

    def _sequence(self) -> set[tuple[str, ...]]:
        found: set[tuple[str, ...]] = {()}
        while self._next() not in ("", "|", ")"):
            piece = self._piece()
            found = {(*one, *other) for one in found for other in piece}
        return found

    def _piece(self) -> set[tuple[str, ...]]:
        token = self._next()
        self._at += 1
        if token in ("(", "(?:"):
            piece = self._alternatives()
            self._at += 1  # the closing bracket
        else:
            piece = {(_digits(token),)}
        times = self._next()
        if times == "?":
            self._at += 1
            return piece | {()}
        if times.startswith("{"):
            self._at += 1
            least, _, most = times[1:-1].partition(",")
            return {each for count in range(int(least), int(most or least) + 1) for each in _repeated(piece, count)}
        return piece

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""


def _digits(written: str) -> str:
    if written == r"\d":
        return ANY
    spans = re.sub(r"(\d)-(\d)", lambda span: ANY[int(span[1]) : int(span[2]) + 1], written)
    return "".join(sorted({*spans} & {*ANY}))


def _repeated(piece: set[tuple[str, ...]], count: int) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = {()}
    for _ in range(count):
        found = {(*one, *other) for one in found for other in piece}
    return found
