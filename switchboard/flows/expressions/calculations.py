"""Which types can be calculated with, what comes out, and which comparisons of numbers their ranges decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from switchboard.flows.expressions.meaning import Constant, Meaning
from switchboard.flows.expressions.types import Day, Days, Minutes, Number, TimeOfDay, Type, told

CALCULATIONS = ("+", "-", "*")
LARGEST = 1_000_000_000  # what a calculation may come to

_RESULTS: dict[tuple[str, str, str], Type] = {
    (TimeOfDay.family, "+", Minutes.family): TimeOfDay(),
    (Minutes.family, "+", TimeOfDay.family): TimeOfDay(),
    (Minutes.family, "+", Minutes.family): Minutes(),
    (TimeOfDay.family, "-", Minutes.family): TimeOfDay(),
    (TimeOfDay.family, "-", TimeOfDay.family): Minutes(),
    (Minutes.family, "-", Minutes.family): Minutes(),
    (Day.family, "+", Days.family): Day(),
    (Days.family, "+", Day.family): Day(),
    (Days.family, "+", Days.family): Days(),
    (Day.family, "-", Days.family): Day(),
    (Day.family, "-", Day.family): Days(),
    (Days.family, "-", Days.family): Days(),
}
_TELL = {
    "text": "a text",
    "yes or no": "yes or no",
    "number": "a number",
    "time": "a time",
    "date": "a date",
    "minutes": "a length of time",
    "days": "a number of days",
}


@dataclass(frozen=True, slots=True)
class Unclear(Type):
    """Of a part with a fault, or of a word that is not known yet to be one of something."""

    family: ClassVar[str] = "unclear"


def calculated(operator: str, left: Type, right: Type) -> Type | str:
    """The type of a calculation's result; what was expected, where it has none."""
    if isinstance(left, Number) and isinstance(right, Number):
        found = _range(operator, left, right)
        if max(-found.least, found.most) > LARGEST:
            return f"a number of at most {LARGEST}"
        return found
    result = _RESULTS.get((left.family, operator, right.family))
    return result or "numbers; or a time and `30m`, a date and `7d`, two times, two dates"


def _range(operator: str, left: Number, right: Number) -> Number:
    if operator == "+":
        return Number(left.least + right.least, left.most + right.most)
    if operator == "-":
        return Number(left.least - right.most, left.most - right.least)
    ends = [one * other for one in (left.least, left.most) for other in (right.least, right.most)]
    return Number(min(ends), max(ends))


def decided(operator: str, left: Number, right: Number) -> bool | None:
    """Whether the ranges of two numbers make a comparison always or never so; None where it may be either."""
    if operator in (">", ">="):
        return decided({">": "<", ">=": "<="}[operator], right, left)
    if operator == "<":
        return True if left.most < right.least else (False if left.least >= right.most else None)
    if operator == "<=":
        return True if left.most <= right.least else (False if left.least > right.most else None)
    if left.most < right.least or right.most < left.least:
        return operator == "!="
    return None


def kind_of_type(type_: Type) -> str:
    """A kind of values, in an administrator's words."""
    return _TELL.get(type_.family, "something unclear")


def outer(meaning: Meaning) -> str:
    """A constant as it is written."""
    if not isinstance(meaning, Constant):
        return ""
    value = meaning.value
    if meaning.family == TimeOfDay.family:
        return f"{int(value) // 60:02}:{int(value) % 60:02}"
    return date.fromordinal(int(value)).isoformat() if meaning.family == Day.family else told(value)
