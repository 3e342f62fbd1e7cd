"""Telephone numbers in the one form that clients, lists and rules compare: E.164, `+37255501234`.

The network, a desk phone's display and a spreadsheet write the same number in many ways: `5550 1234`,
`00372 5550 1234`, `37255501234`, `tel:+372-5550-1234;ext=12`.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

LONGEST_WRITTEN = 64  # characters; longer is no telephone number
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_INTERNAL = re.compile(r"[0-9]{2,6}")
_BEGINNING = re.compile(r"\+[1-9][0-9]{0,13}")
_REMEMBERED = 4096  # numbers; callers ring again


@lru_cache(maxsize=_REMEMBERED)
def e164(written: str, country: str) -> str:
    """The number in E.164, "" if it is none: withheld, a word, an extension of our own, too short for the country.

    `country` (ISO 3166-1 alpha-2) is where a number without a country's code belongs. A direct-dial extension is left
    off. A number that is not assigned but could be is taken: numbering plans change faster than programs.
    """
    written = written.strip()
    if _E164.fullmatch(written):
        return written
    if not written or len(written) > LONGEST_WRITTEN or not any(letter.isdigit() for letter in written):
        return ""
    if _INTERNAL.fullmatch(written):
        return ""  # a desk phone, or a short number that means nothing abroad
    national = _parsed(written, country)
    if national is not None and phonenumbers.is_valid_number(national):
        return _told(national)
    # Trunks deliver foreign numbers without their plus, too.
    abroad = _parsed("+" + written, None) if written[0] in "123456789" else None
    if abroad is not None and phonenumbers.is_valid_number(abroad):
        return _told(abroad)
    return _told(national) if national is not None and phonenumbers.is_possible_number(national) else ""


def is_beginning(text: str) -> bool:
    """May numbers in E.164 begin so? `+`, `+372`, `+372900`."""
    return text == "+" or _BEGINNING.fullmatch(text) is not None


def masked(number: str) -> str:
    """For logs: enough to recognise a number that one knows, too little to call it."""
    return f"{number[:5]}…{number[-2:]}" if len(number) >= 9 else "…" if number else ""


def _parsed(written: str, country: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None


def _told(number: phonenumbers.PhoneNumber) -> str:
    text = f"+{number.country_code}{phonenumbers.national_significant_number(number)}"
    return text if _E164.fullmatch(text) else ""
