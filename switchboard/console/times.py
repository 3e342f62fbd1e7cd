"""Times as the API reads them: RFC 3339, with a time zone, in a future that somebody may mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, WithJsonSchema

from switchboard.domain.absence import end_instant, first_instant

FARTHEST = timedelta(days=3660)  # what is farther off was mistyped

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def instant(text: str) -> datetime:
    """`2026-12-24T15:00:00+02:00`. Raises ValueError."""
    if not _INSTANT.fullmatch(text):
        raise ValueError("expected a time with its zone, such as 2026-12-24T15:00:00+02:00")
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.upper()))
    except ValueError:
        raise ValueError("there is no such time") from None


def beginning(text: str, zone: ZoneInfo) -> datetime:
    """When something begins: at that time, or with that day on the organisation's clocks. Raises ValueError."""
    return _on(text, zone, first_instant)


def end(text: str, zone: ZoneInfo) -> datetime:
    """When something is over: at that time, or after that day on the organisation's clocks. Raises ValueError."""
    return _on(text, zone, end_instant)


def _on(text: str, zone: ZoneInfo, of_day: Callable[[str, ZoneInfo], datetime]) -> datetime:
    if not _DAY.fullmatch(text):
        return instant(text)
    try:
        return of_day(text, zone)
    except OverflowError:
        raise ValueError("is more than ten years off") from None
    except ValueError:
        raise ValueError("there is no such day") from None


def _day_or_instant(text: str) -> str:
    if not _DAY.fullmatch(text) and not _INSTANT.fullmatch(text):
        raise ValueError("expected a day such as 2026-12-21, or a time such as 2026-12-21T13:00:00+02:00")
    return text


Instant = Annotated[
    str,
    AfterValidator(lambda text: (instant(text), text)[1]),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
DayOrInstant = Annotated[
    str,
    AfterValidator(_day_or_instant),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]
