"""PINs of mailboxes: which are too easily guessed, and when guessing has gone too far.

Whoever knows a mailbox's number and PIN hears it from any telephone in the world, so a PIN has at least six digits, and
what people choose first, which guessers try first, is refused (table in tests/unit/test_pin.py).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

SHORTEST, LONGEST = 6, 12  # digits
WITHIN = timedelta(minutes=15)  # in which wrong PINs are counted
WRONG_OF_MAILBOX = 5  # so many lock the mailbox for access from outside
WRONG_OF_CALLER = 8  # so many, at whatever mailboxes, shut out the number they came from
WRONG_OF_ALL = 40  # so many of everybody's shut access from outside altogether, as somebody tries many mailboxes
LOCKED_FOR = timedelta(hours=24)  # unless the owner, at their own phone, or an administrator opens it before

_LONGEST_REPEATED = 4  # digits of a group: 1212…, 123123…, 12341234…
_YEARS = range(1900, 2030)
# What people take that no rule above finds: lines and shapes on the keys, doubles, a mirrored row.
_POPULAR = """
    112233 121314 123321 123654 147258 147852 159357 159753 258456 332211 369258 456123 520131 741852 789456 963852
    987456 102030 101112 142536 12344321 11223344 14725836 147258369 1122334455
"""


class Weakness(StrEnum):
    """Why a PIN is refused; the prompt `pin_<value>` says so."""

    NO_DIGITS = "no_digits"
    LENGTH = "length"
    REPEATED = "repeated"  # a digit or a group of them again and again
    SEQUENCE = "sequence"  # 123456, 987654, 135791
    EXTENSION = "extension"  # the mailbox's own number is in it, or a number of the organisation
    DATE = "date"  # a birthday or a year
    POPULAR = "popular"


def weakness(pin: str, extension: str = "", numbers: Collection[str] = ()) -> Weakness | None:
    """Why it may not be the PIN of this mailbox; None if it may. `numbers` are those of the organisation."""
    if not (pin.isascii() and pin.isdigit()):
        return Weakness.NO_DIGITS
    if not SHORTEST <= len(pin) <= LONGEST:
        return Weakness.LENGTH
    if _is_repeated(pin):
        return Weakness.REPEATED
    if _is_sequence(pin):
        return Weakness.SEQUENCE
    if (len(extension) > 2 and extension in pin) or any(pin in number for number in numbers):
        return Weakness.EXTENSION
    if _is_date(pin):
        return Weakness.DATE
    return Weakness.POPULAR if pin in _POPULAR.split() else None


def _is_repeated(pin: str) -> bool:
    groups = range(1, min(_LONGEST_REPEATED, len(pin) // 2) + 1)
    return any((pin[:size] * len(pin))[: len(pin)] == pin for size in groups) or len({*pin}) <= 2


def _is_sequence(pin: str) -> bool:
    """Every digit as far from the one before: up or down, 0 after 9."""
    return len({(int(after) - int(before)) % 10 for before, after in pairwise(pin)}) == 1


def _is_date(pin: str) -> bool:
    """Day, month and year in the orders they are written in; or a year with two digits more."""
    if len(pin) == 6:
        first, second, third = (int(pin[at : at + 2]) for at in (0, 2, 4))
        if _is_day(first, second) or _is_day(second, first) or _is_day(third, second):
            return True
        return int(pin[:4]) in _YEARS or int(pin[2:]) in _YEARS
    if len(pin) != 8:
        return False
    day_first = _is_day(int(pin[:2]), int(pin[2:4])) or _is_day(int(pin[2:4]), int(pin[:2]))
    return (day_first and int(pin[4:]) in _YEARS) or (int(pin[:4]) in _YEARS and _is_day(int(pin[6:]), int(pin[4:6])))


def _is_day(day: int, month: int) -> bool:
    return 1 <= day <= 31 and 1 <= month <= 12


class Admission(StrEnum):
    """What comes of a mailbox's number and a PIN. Callers hear the same of the last three."""

    ADMITTED = "admitted"
    WRONG = "wrong"  # or there is no such mailbox, or it has no PIN
    LOCKED = "locked"  # this mailbox
    SHUT = "shut"  # to this number, or to all


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong PINs within the last WITHIN, this one included."""

    of_mailbox: int
    of_caller: int
    of_all: int

    @property
    def locks(self) -> bool:
        """Whether the mailbox is locked from now on."""
        return self.of_mailbox >= WRONG_OF_MAILBOX


def admission_before(tries: Tries, locked_until: datetime | None, now: datetime) -> Admission | None:
    """What is decided before the PIN is looked at, by the wrong ones before this one; None: it is looked at."""
    if tries.of_all >= WRONG_OF_ALL or tries.of_caller >= WRONG_OF_CALLER:
        return Admission.SHUT
    if locked_until is not None and now < locked_until:
        return Admission.LOCKED
    return Admission.LOCKED if tries.locks else None
