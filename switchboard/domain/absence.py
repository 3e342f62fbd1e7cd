"""Times in which somebody is not at work: from when, until when, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

WRITTEN = "a day such as `2026-12-21`, or a day and a time such as `2026-12-21 13:00`"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAY_AND_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Absence:
    """One absence. It ends by itself."""

    begins: datetime  # UTC
    ends: datetime  # UTC; the first instant after it
    because: str = ""

    def covers(self, instant: datetime) -> bool:
        """Is the person away at this instant?"""
        return self.begins <= instant < self.ends


@dataclass(frozen=True, slots=True)
class NotedAbsence:
    """An absence as it was noted beside people.yaml."""

    id: UUID
    person: str
    absence: Absence
    by: str


def absence_at(absences: Iterable[Absence], instant: datetime) -> Absence | None:
    """The absence at an instant: of several the one that ends last. None if the person is there."""
    return max((each for each in absences if each.covers(instant)), key=lambda each: each.ends, default=None)


def first_instant(text: str, zone: ZoneInfo) -> datetime:
    """When an absence begins that is written so: that day's first instant, or that time. Raises ValueError."""
    return _instant(text, zone, days_later=0)


def end_instant(text: str, zone: ZoneInfo) -> datetime:
    """When one is over that is written so: at that time; a day is absent whole. Raises ValueError."""
    return _instant(text, zone, days_later=1)


def _instant(text: str, zone: ZoneInfo, *, days_later: int) -> datetime:
    text = text.strip()
    if found := _DAY_AND_TIME.fullmatch(text):
        local = datetime.combine(date.fromisoformat(found[1]), time.fromisoformat(found[2]))
    elif _DAY.fullmatch(text):
        local = datetime.combine(date.fromisoformat(text) + timedelta(days=days_later), time())
    else:
        raise ValueError(f"`{text}` is no day and no time")
    return local.replace(tzinfo=zone).astimezone(UTC)
