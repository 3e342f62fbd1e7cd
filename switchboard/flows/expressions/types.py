"""The types of variables and expressions.

A value has two forms: as it is noted in a call and written into its position, which JSON can hold (a time is
"12:30", a date "2026-12-24"), and as expressions calculate with it (minutes since midnight, Python's ordinals).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

Value = str | int | bool  # as noted

LONGEST_TEXT = 200  # characters
LAST_MINUTE = 24 * 60 - 1
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Type:
    """What values there are."""

    family: ClassVar[str]  # values of one family can be compared

    @property
    def told(self) -> str:
        """In an administrator's words."""
        raise NotImplementedError

    def parse(self, text: str) -> Value | None:
        """The value so written in YAML; None if it is none of this type."""
        raise NotImplementedError

    def accepts(self, value: object) -> bool:
        """Is this a value of the type, as noted?"""
        return isinstance(value, str) and self.parse(value) == value

    def inner(self, value: Value) -> Value:
        """What expressions calculate with."""
        return value

    def noted(self, inner: Value) -> Value:
        """What is noted of a calculated value: the nearest of this type."""
        return inner


@dataclass(frozen=True, slots=True)
class Words(Type):
    """One of a few words."""

    words: tuple[str, ...]
    family: ClassVar[str] = "text"

    @property
    def told(self) -> str:
        shown = ", ".join(self.words[:12])
        return f"one of {shown}" + (", …" if len(self.words) > 12 else "")

    def parse(self, text: str) -> Value | None:
        return text if text in self.words else None

    @property
    def is_ordered(self) -> bool:
        """Weekdays follow each other, from monday to sunday."""
        return set(self.words) <= set(WEEKDAYS)


@dataclass(frozen=True, slots=True)
class Text(Type):
    """Any text."""

    family: ClassVar[str] = "text"

    @property
    def told(self) -> str:
        return "a text"

    def parse(self, text: str) -> Value | None:
        return text if len(text) <= LONGEST_TEXT else None

    def noted(self, inner: Value) -> Value:
        return str(inner)[:LONGEST_TEXT]


@dataclass(frozen=True, slots=True)
class YesNo(Type):
    """Yes or no."""

    family: ClassVar[str] = "yes or no"

    @property
    def told(self) -> str:
        return "yes or no"

    def parse(self, text: str) -> Value | None:
        return {"yes": True, "no": False}.get(text)

    def accepts(self, value: object) -> bool:
        return isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Number(Type):
    """A whole number from `least` to `most`."""

    least: int
    most: int
    family: ClassVar[str] = "number"

    @property
    def told(self) -> str:
        if self.least == self.most:
            return f"the number {self.least}"
        return f"a whole number from {self.least} to {self.most}"

    def parse(self, text: str) -> Value | None:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
            return None
        number = int(text)
        return number if str(number) == text and self.accepts(number) else None

    def accepts(self, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most

    def noted(self, inner: Value) -> Value:
        return min(max(int(inner), self.least), self.most)


@dataclass(frozen=True, slots=True)
class TimeOfDay(Type):
    """A time on the organisation's wall clock, to the minute."""

    family: ClassVar[str] = "time"

    @property
    def told(self) -> str:
        return "a time such as `12:30`"

    def parse(self, text: str) -> Value | None:
        hours, colon, minutes = text.partition(":")
        is_written = text.isascii() and len(text) == 5 and colon and hours.isdigit() and minutes.isdigit()
        return text if is_written and int(hours) < 24 and int(minutes) < 60 else None

    def inner(self, value: Value) -> Value:
        hours, _, minutes = str(value).partition(":")
        return int(hours) * 60 + int(minutes)

    def noted(self, inner: Value) -> Value:
        minutes = min(max(int(inner), 0), LAST_MINUTE)
        return f"{minutes // 60:02}:{minutes % 60:02}"


@dataclass(frozen=True, slots=True)
class Day(Type):
    """A date."""

    family: ClassVar[str] = "date"

    @property
    def told(self) -> str:
        return "a date such as `2026-12-24`"

    def parse(self, text: str) -> Value | None:
        try:
            return text if date.fromisoformat(text).isoformat() == text else None
        except ValueError:
            return None

    def inner(self, value: Value) -> Value:
        return date.fromisoformat(str(value)).toordinal()

    def noted(self, inner: Value) -> Value:
        return date.fromordinal(min(max(int(inner), 1), date.max.toordinal())).isoformat()


@dataclass(frozen=True, slots=True)
class Minutes(Type):
    """A length of time, within expressions only."""

    family: ClassVar[str] = "minutes"

    @property
    def told(self) -> str:
        return "a length of time such as `30m`"


@dataclass(frozen=True, slots=True)
class Days(Type):
    """A number of days, within expressions only."""

    family: ClassVar[str] = "days"

    @property
    def told(self) -> str:
        return "a number of days such as `7d`"


ORDERED = (Number.family, TimeOfDay.family, Day.family, Minutes.family, Days.family)


def told(value: Value | None) -> str:
    """A value for the record, and as it is written in YAML."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not known" if value in (None, "") else str(value)
