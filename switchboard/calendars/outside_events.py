"""When somebody is busy by their own calendar: what an iCalendar object (RFC 5545) from outside blocks, and when.

Nothing else of it is kept. Series are expanded; a whole day lasts from midnight to midnight of the organisation's zone,
and so do times without any zone pass by its clocks. What cannot be read is told with its reason, and the rest counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

LONGEST_OBJECT = 1024 * 1024  # bytes of one object
MOST_TIMES = 5_000  # of one object within what is looked at: an hourly series of half a year
TOO_OFTEN = ("SECONDLY", "MINUTELY")  # no series of anybody's appointments, and a trap for who expands it
TOO_FINE = ("BYSECOND", "BYMINUTE", "BYHOUR")


@dataclass(frozen=True, slots=True)
class Span:
    """Busy in [start, end), UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class OutsideEvent:
    """What one object says."""

    uid: str = ""
    busy: tuple[Span, ...] = ()
    first: Span | None = None  # the time of an event that is no series
    is_cancelled: bool = False  # all of it
    problem: str = ""  # why something of it could not be read; one line


def read_event(text: bytes, begin: datetime, end: datetime, zone: ZoneInfo) -> OutsideEvent:
    """What blocks between `begin` and `end`. Never fails."""
    if len(text) > LONGEST_OBJECT:
        return OutsideEvent(problem=f"it is longer than {LONGEST_OBJECT} bytes")
    try:
        calendar = icalendar.Calendar.from_ical(text)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        return OutsideEvent(problem=f"it is no iCalendar: {_line(error)}")
    if not isinstance(calendar, icalendar.Calendar):
        return OutsideEvent(problem="it is no VCALENDAR")
    events = [each for each in calendar.walk("VEVENT") if isinstance(each, icalendar.Event)]
    uid = next((str(each["uid"]) for each in events if "uid" in each), "")
    if not events:
        return OutsideEvent(uid)
    problems = []
    for each in events:
        if problem := _unreadable(each):
            problems.append(problem)
            calendar.subcomponents.remove(each)
    is_cancelled = all(_says(each, "status") == "CANCELLED" for each in events)
    busy: tuple[Span, ...] = ()
    try:
        busy = _busy(calendar, begin, end, zone)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        problems.append(f"its times cannot be read: {_line(error)}")
    return OutsideEvent(uid, busy, _first(events, zone), is_cancelled, "; ".join(problems))


def _busy(calendar: icalendar.Calendar, begin: datetime, end: datetime, zone: ZoneInfo) -> tuple[Span, ...]:
    times = recurring_ical_events.of(calendar, skip_bad_series=True).between(
        begin.astimezone(zone), end.astimezone(zone)
    )
    if len(times) > MOST_TIMES:
        raise ValueError(f"it happens more than {MOST_TIMES} times")
    found = set()
    for each in times:
        if _says(each, "status") == "CANCELLED" or _says(each, "transp") == "TRANSPARENT":
            continue
        span = Span(_instant(each.start, zone), _instant(each.end, zone))
        if span.end > max(span.start, begin) and span.start < end:
            found.add(span)
    return tuple(sorted(found, key=lambda span: (span.start, span.end)))


def _first(events: list[icalendar.Event], zone: ZoneInfo) -> Span | None:
    if len(events) != 1 or "rrule" in events[0] or "rdate" in events[0]:
        return None
    try:
        return Span(_instant(events[0].start, zone), _instant(events[0].end, zone))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _unreadable(event: icalendar.Event) -> str:
    """Why an event is not looked at at all."""
    try:
        start = event.start
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f"it has no time that can be read: {_line(error)}"
    if isinstance(start, datetime) and start.tzinfo is None and (named := event["dtstart"].params.get("TZID")):
        return f"it is in the time zone {_line(named)}, which nobody knows"
    rules = event.get("rrule", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        often = str((rule.get("FREQ") or [""])[0]).upper()
        if often in TOO_OFTEN or (often == "HOURLY" and any(rule.get(name) for name in TOO_FINE)):
            return f"it happens too often ({often})"
        if any(len(rule.get(name) or ()) > 24 for name in TOO_FINE):
            return "it happens too often a day"
    return ""


def _instant(at: date, zone: ZoneInfo) -> datetime:
    if not isinstance(at, datetime):
        at = datetime.combine(at, time(), zone)
    elif at.tzinfo is None:
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC)


def _says(event: Any, name: str) -> str:
    return str(event.get(name, "")).upper()


def _line(error: object) -> str:
    told = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
    return told[:200] or type(error).__name__


def window(now: datetime, horizon: timedelta) -> tuple[datetime, datetime]:
    """What is looked at: whatever callers can book."""
    return now - timedelta(days=1), now + horizon + timedelta(days=2)
