"""What an expression means once its types are known: trees that can be evaluated, for every value of their types."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from switchboard.domain.hours import HoursTable
from switchboard.flows.expressions.types import WEEKDAYS, Type, Value


class Known(Protocol):
    """What can be asked of a call."""

    def value(self, name: str) -> Value | None:
        """What is known by this name, as noted; None if nothing is."""

    def hours(self, table: HoursTable) -> str:
        """Are we open? "open", "closed" or "holiday"."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the expression."""

    value: Value  # inner
    family: str

    def evaluate(self, known: Known) -> Value | None:
        return self.value


@dataclass(frozen=True, slots=True)
class Name:
    """Something known of every call, or a variable."""

    name: str
    type: Type

    def evaluate(self, known: Known) -> Value | None:
        value = known.value(self.name)
        return None if value is None else self.type.inner(value)


@dataclass(frozen=True, slots=True)
class HoursNow:
    """`hours(office)`."""

    table: HoursTable

    def evaluate(self, known: Known) -> Value | None:
        return known.hours(self.table)


@dataclass(frozen=True, slots=True)
class Rank:
    """A weekday's place in the week."""

    day: Meaning

    def evaluate(self, known: Known) -> Value | None:
        day = self.day.evaluate(known)
        return WEEKDAYS.index(str(day)) if day in WEEKDAYS else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """False where either side is not known."""

    operator: str
    left: Meaning
    right: Meaning

    def evaluate(self, known: Known) -> Value | None:
        left, right = self.left.evaluate(known), self.right.evaluate(known)
        return left is not None and right is not None and bool(_COMPARE[self.operator](left, right))


@dataclass(frozen=True, slots=True)
class Membership:
    """`in` is some `=`, `not in` all `!=`: false where what they need is not known."""

    item: Meaning
    members: tuple[Meaning, ...]
    is_negated: bool

    def evaluate(self, known: Known) -> Value | None:
        item = self.item.evaluate(known)
        members = [member.evaluate(known) for member in self.members]
        if item is None or (self.is_negated and None in members):
            return False
        return (item in members) != self.is_negated


@dataclass(frozen=True, slots=True)
class Negation:
    """`not`: what is not known counts as no."""

    condition: Meaning

    def evaluate(self, known: Known) -> Value | None:
        return not self.condition.evaluate(known)


@dataclass(frozen=True, slots=True)
class Both:
    """`and`; the right side is looked at only if the left is so."""

    left: Meaning
    right: Meaning

    def evaluate(self, known: Known) -> Value | None:
        return bool(self.left.evaluate(known)) and bool(self.right.evaluate(known))


@dataclass(frozen=True, slots=True)
class Either:
    """`or`; the right side is looked at only if the left is not so."""

    left: Meaning
    right: Meaning

    def evaluate(self, known: Known) -> Value | None:
        return bool(self.left.evaluate(known)) or bool(self.right.evaluate(known))


@dataclass(frozen=True, slots=True)
class Calculation:
    """Not known where either side is not known. Python's integers have no end, and the parts are counted."""

    operator: str
    left: Meaning
    right: Meaning

    def evaluate(self, known: Known) -> Value | None:
        left, right = self.left.evaluate(known), self.right.evaluate(known)
        if left is None or right is None:
            return None
        result: int = _CALCULATE[self.operator](left, right)
        return result


@dataclass(frozen=True, slots=True)
class Starts:
    """Does a text begin with one of several?"""

    text: Meaning
    beginnings: tuple[Meaning, ...]

    def evaluate(self, known: Known) -> Value | None:
        text = self.text.evaluate(known)
        beginnings = [beginning.evaluate(known) for beginning in self.beginnings]
        return text is not None and any(b is not None and str(text).startswith(str(b)) for b in beginnings)


@dataclass(frozen=True, slots=True)
class Length:
    """How many characters."""

    text: Meaning

    def evaluate(self, known: Known) -> Value | None:
        text = self.text.evaluate(known)
        return None if text is None else len(str(text))


@dataclass(frozen=True, slots=True)
class Extreme:
    """`min` or `max`."""

    is_most: bool
    parts: tuple[Meaning, ...]

    def evaluate(self, known: Known) -> Value | None:
        values = [part.evaluate(known) for part in self.parts]
        found = [int(value) for value in values if value is not None]
        if len(found) < len(values):
            return None
        return max(found) if self.is_most else min(found)


Meaning = (
    Constant
    | Name
    | HoursNow
    | Rank
    | Comparison
    | Membership
    | Negation
    | Both
    | Either
    | Calculation
    | Starts
    | Length
    | Extreme
)

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CALCULATE: dict[str, Callable[[Any, Any], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def parts(meaning: Meaning) -> tuple[Meaning, ...]:
    """What a meaning is made of."""
    if isinstance(meaning, Comparison | Both | Either | Calculation):
        return meaning.left, meaning.right
    if isinstance(meaning, Membership):
        return meaning.item, *meaning.members
    if isinstance(meaning, Starts):
        return meaning.text, *meaning.beginnings
    if isinstance(meaning, Extreme):
        return meaning.parts
    if isinstance(meaning, Negation):
        return (meaning.condition,)
    if isinstance(meaning, Length):
        return (meaning.text,)
    return (meaning.day,) if isinstance(meaning, Rank) else ()


def every_part(meaning: Meaning) -> Iterator[Meaning]:
    """The meaning and all it is made of."""
    yield meaning
    for part in parts(meaning):
        yield from every_part(part)


def names_in(meaning: Meaning) -> set[str]:
    """What it asks of the call."""
    return {part.name for part in every_part(meaning) if isinstance(part, Name)}
