"""When the organisation is open.

Opening hours are written in OpenStreetMap's syntax (wiki.openstreetmap.org/wiki/Key:opening_hours), read by
opening-hours-py. Public holidays (`PH`) are those of the `holidays` package for the organisation's country, because it
knows moved working days and the holidays' names. Overrides replace the hours of single days.

Times are wall clock in the table's time zone; instants are UTC. A wall time that daylight saving skips counts by the
offset before the change, one that comes twice is its first occurrence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from opening_hours import OpeningHours, ParserError, State  # type: ignore[attr-defined]  # its stub forgets one

from switchboard.domain.language import Language

HORIZON = timedelta(days=400)  # how far a change is looked for; none within it is "never"
MOST_DAYS = 1000  # kept computed
LUNCH_LONGEST = timedelta(hours=2)

_PUBLIC_HOLIDAY = re.compile(r"\bPH\b")
_ONE_DAY = timedelta(days=1)


class HoursKind(StrEnum):
    """What the hours say of an instant. Lunch is closed; a public holiday with hours of its own is open in them."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class HoursState:
    """What the hours say of an instant, and why."""

    kind: HoursKind
    reason: str  # English, for the record: "lunch 12:30-13:00"
    next_change: datetime | None  # when open turns to not open or back; None if not within HORIZON
    opens: datetime | None  # the next opening, None when open now or never
    told: str = ""  # the reason, and when it opens on the wall clock: "lunch 12:30-13:00, opens Tue 03 Mar 13:00"


@dataclass(frozen=True, slots=True)
class Override:
    """Other hours on some days. Both ends belong to it; with `yearly` the years don't count."""

    first: date
    last: date
    hours: str  # OpenStreetMap syntax; "off" is closed all day
    reason: str
    yearly: bool = False
    spoken: Mapping[Language, str] = field(default_factory=dict)  # said with the opening hours on these days

    def holds_on(self, day: date) -> bool:
        """Is this day one of them?"""
        if not self.yearly:
            return self.first <= day <= self.last
        first, last = (self.first.month, self.first.day), (self.last.month, self.last.day)
        this = (day.month, day.day)
        return first <= this <= last if first <= last else this >= first or this <= last


@dataclass(frozen=True, slots=True)
class Span:
    """Open from `start` until `end`, UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: its open spans in order, and what is special about it."""

    midnight: datetime  # its beginning, UTC
    following: datetime  # the next midnight, UTC
    spans: tuple[Span, ...]
    holiday: str = ""  # the public holiday's English name
    override: Override | None = None


def check_expression(expression: str) -> str:
    """What is wrong with opening hours, in one line; "" if nothing is."""
    try:
        OpeningHours(expression)
    except ParserError as error:
        found = re.search(r"--> \d+:(\d+)", str(error))
        column = int(found.group(1)) if found else 1
        rest = expression[column - 1 :]
        return f"not understood from `{rest}`" if rest else "ends too early"
    for start, end in re.findall(r"(\d\d?:\d\d)\s*-\s*(\d\d?:\d\d)", expression):
        if start == end:
            return f"`{start}-{end}` begins where it ends"
    return ""


def names_holidays(expression: str) -> bool:
    """Does it say what happens on public holidays?"""
    return expression.strip() == "24/7" or bool(_PUBLIC_HOLIDAY.search(expression))


@lru_cache(maxsize=64)
def public_holidays(country: str, year: int) -> Mapping[date, str]:
    """The country's public holidays of a year, with English names where known. Raises NotImplementedError
    for a country that is not."""
    try:
        return dict(holidays.country_holidays(country, years=year, language="en_US"))
    except NotImplementedError:
        if country not in holidays.list_supported_countries():
            raise
        return dict(holidays.country_holidays(country, years=year))


def is_known_country(country: str) -> bool:
    """Are its public holidays known?"""
    return country in holidays.list_supported_countries()


@dataclass(frozen=True, slots=True)
class HoursTable:
    """Opening hours of an office, a department, a person."""

    id: str
    hours: str  # OpenStreetMap syntax, already checked
    timezone: str  # IANA name
    country: str  # ISO 3166-1 alpha-2
    overrides: tuple[Override, ...] = ()  # the first that holds counts
    spoken: Mapping[Language, str] = field(default_factory=dict)
    _days: dict[date, Day] = field(default_factory=dict, init=False, repr=False, compare=False)
    _latest: list[tuple[datetime, datetime, HoursState]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def state_at(self, instant: datetime) -> HoursState:
        """Open, closed or holiday at this instant."""
        # Calls come by the second, hours change by the hour: the answer holds until the next boundary.
        for since, until, state in self._latest:
            if since <= instant < until:
                return state
        since, until, state = self._work_out(instant)
        self._latest[:] = [(since, until, state)]
        return state

    def day(self, day: date) -> Day:
        """One local day."""
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= MOST_DAYS:
                self._days.clear()
            known = self._days[day] = self._make_day(day)
        return known

    def local(self, instant: datetime) -> datetime:
        """The instant on the table's wall clock."""
        return instant.astimezone(ZoneInfo(self.timezone))

    def _work_out(self, instant: datetime) -> tuple[datetime, datetime, HoursState]:
        today = self.local(instant).date()
        day = self.day(today)
        since = day.midnight
        for span in day.spans:
            if instant < span.start:
                return since, span.start, self._closed(day, today, instant, span.start)
            if instant < span.end:
                end = self._end_of(span.end, today)
                reason = self._why_open(day, span)
                return span.start, span.end, HoursState(HoursKind.OPEN, reason, end, None, reason)
            since = span.end
        return since, day.following, self._closed(day, today, instant, self._next_opening(today))

    def _closed(self, day: Day, today: date, instant: datetime, opens: datetime | None) -> HoursState:
        is_holiday = not day.spans and day.override is None and bool(day.holiday)
        reason = day.holiday if is_holiday else self._why_closed(day, today, instant)
        told = f"{reason}, opens {self.local(opens):%a %d %b %H:%M}" if opens else reason
        return HoursState(HoursKind.HOLIDAY if is_holiday else HoursKind.CLOSED, reason, opens, opens, told)

    def _why_open(self, day: Day, span: Span) -> str:
        until = "24:00" if span.end == day.following else self._clock(span.end)
        is_all_day = span.start == day.midnight and span.end == day.following
        reason = "open all day" if is_all_day else f"open {self._clock(span.start)}-{until}"
        return f"{reason} ({special})" if (special := _special(day)) else reason

    def _why_closed(self, day: Day, today: date, instant: datetime) -> str:
        special = f" ({_special(day)})" if _special(day) else ""
        before = [span for span in day.spans if span.end <= instant]
        after = [span for span in day.spans if instant < span.start]
        if before and after:
            gap = after[0].start - before[-1].end
            noon = self.local(before[-1].end).time() <= time(15) and self.local(after[0].start).time() >= time(11)
            name = "lunch" if noon and gap <= LUNCH_LONGEST else "break"
            return f"{name} {self._clock(before[-1].end)}-{self._clock(after[0].start)}{special}"
        if after:
            return f"before opening at {self._clock(after[0].start)}{special}"
        if before:
            return f"after closing at {self._clock(before[-1].end)}{special}"
        return f"closed all {today:%A}{special}"

    def _end_of(self, end: datetime, today: date) -> datetime | None:
        """When open hours really end: those that go on past midnight are one."""
        limit = end + HORIZON
        while end < limit:
            if end != self.day(today).following:
                return end
            today += _ONE_DAY
            spans = self.day(today).spans
            if not spans or spans[0].start != end:
                return end
            end = spans[0].end
        return None

    def _next_opening(self, today: date) -> datetime | None:
        for ahead in range(1, HORIZON.days):
            if spans := self.day(today + timedelta(days=ahead)).spans:
                return spans[0].start
        return None

    def _make_day(self, day: date) -> Day:
        holiday = public_holidays(self.country, day.year).get(day, "")
        override = next((override for override in self.overrides if override.holds_on(day)), None)
        expression = override.hours if override else self.hours
        if holiday:
            expression = _PUBLIC_HOLIDAY.sub("Mo-Su", expression)
        start = datetime.combine(day, time())
        spans = []
        for begins, ends, state, _ in _parsed(expression).intervals(start, start + _ONE_DAY):
            if state == State.OPEN:
                spans.append(Span(self._instant(begins), self._instant(ends)))
        return Day(self._instant(start), self._instant(start + _ONE_DAY), tuple(spans), holiday, override)

    def _instant(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)

    def _clock(self, instant: datetime) -> str:
        return f"{self.local(instant):%H:%M}"


def _special(day: Day) -> str:
    return day.override.reason if day.override else day.holiday


@lru_cache(maxsize=256)
def _parsed(expression: str) -> OpeningHours:
    return OpeningHours(expression)
