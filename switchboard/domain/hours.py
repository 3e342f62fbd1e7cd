"""When the organisation is open.

Opening hours are written in OpenStreetMap's syntax (hours_expression.py). Public holidays (`PH`) are those of the
table's country. Overrides replace the hours of single days, moved working days exchange two (hours_days.py). What
begins on a day belongs to that day: a shift that goes on past midnight is neither cut by a holiday or an override of
the next day, nor by other hours.

Times are wall clock in the table's time zone; instants are UTC. A wall time that daylight saving skips counts by the
offset before the change, one that comes twice is its first occurrence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from switchboard.domain.hours_days import MovedDay, Override, country_year
from switchboard.domain.hours_expression import open_minutes
from switchboard.domain.language import Language

HORIZON = timedelta(days=400)  # how far a change is looked for; none within it is "never"
MOST_DAYS = 1000  # kept computed
LUNCH_LONGEST = timedelta(hours=2)

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
class Span:
    """Open from `start` until `end`, UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: what begins on it, in order, and what is special about it."""

    day: date
    midnight: datetime  # its beginning, UTC
    following: datetime  # the next midnight, UTC
    spans: tuple[Span, ...]  # the last may end after the next midnight
    holiday: str = ""  # the public holiday's English name; "" where it is worked
    override: Override | None = None
    moved: MovedDay | None = None

    @property
    def is_holiday(self) -> bool:
        """Closed all day, for a public holiday."""
        return not self.spans and self.override is None and bool(self.holiday)

    @property
    def special(self) -> str:
        """Why its hours are not those of any such weekday; "" if they are."""
        if self.override:
            return self.override.reason
        if self.moved and self.day == self.moved.work:
            return f"worked for {self.moved.off:%a %d %b}, {self.moved.reason}"
        if self.moved and not self.holiday:
            return f"off for {self.moved.work:%a %d %b}, {self.moved.reason}"
        return self.holiday


@dataclass(frozen=True, slots=True)
class _Spell:
    """Open without a change of the reason: a span of `owner`, or what an earlier one leaves of it."""

    since: datetime
    until: datetime
    span: Span
    owner: Day  # on which the span begins


@dataclass(frozen=True, slots=True)
class HoursTable:
    """Opening hours of an office, a department, a person."""

    id: str
    hours: str  # OpenStreetMap syntax, already checked
    timezone: str  # IANA name
    country: str  # ISO 3166-1 alpha-2
    overrides: tuple[Override, ...] = ()  # the first that holds counts
    spoken: Mapping[Language, str] = field(default_factory=dict)
    moved: tuple[MovedDay, ...] = ()  # the first that names a day counts; those the country decrees come after
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

    def kinds(self, first: datetime, last: datetime) -> Iterator[tuple[datetime, HoursKind]]:
        """(instant, what the hours say from then on): every local midnight, opening and closing between two instants,
        beginning with the last before or at `first`. At none but these does anything change that is said."""
        day = self._day_of(first)
        while day.midnight < last:
            reached, closed = day.midnight, HoursKind.HOLIDAY if day.is_holiday else HoursKind.CLOSED
            for spell in self._spells(day):
                if reached < spell.since:
                    yield reached, closed
                yield spell.since, HoursKind.OPEN
                reached = spell.until
            if reached < day.following:
                yield reached, closed
            day = self.day(day.day + _ONE_DAY)

    def day(self, day: date) -> Day:
        """One local day."""
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= MOST_DAYS:
                self._days.clear()
            known = self._days[day] = self._make_day(day)
        return known

    def closing(self, instant: datetime) -> datetime | None:
        """When the working day that this instant is in is over, or the next one, if none is: pauses end no day. None if
        nothing opens within HORIZON."""
        today = self._day_of(instant).day
        for ahead in range(-1, HORIZON.days):  # a shift may have begun yesterday
            spans = self.day(today + timedelta(days=ahead)).spans
            if spans and spans[-1].end > instant:
                return spans[-1].end
        return None

    def local(self, instant: datetime) -> datetime:
        """The instant on the table's wall clock."""
        return instant.astimezone(ZoneInfo(self.timezone))

    def _work_out(self, instant: datetime) -> tuple[datetime, datetime, HoursState]:
        """What is said, since when and until when."""
        day = self._day_of(instant)
        since = day.midnight
        for spell in self._spells(day):
            if instant < spell.since:
                return since, spell.since, self._closed(day, instant, spell.since)
            if instant < spell.until:
                reason = self._why_open(spell)
                state = HoursState(HoursKind.OPEN, reason, self._end_of(spell.until), None, reason)
                return spell.since, spell.until, state
            since = spell.until
        return since, day.following, self._closed(day, instant, self._next_opening(day.day))

    def _closed(self, day: Day, instant: datetime, opens: datetime | None) -> HoursState:
        reason = day.holiday if day.is_holiday else self._why_closed(day, instant)
        told = f"{reason}, opens {self.local(opens):%a %d %b %H:%M}" if opens else reason
        return HoursState(HoursKind.HOLIDAY if day.is_holiday else HoursKind.CLOSED, reason, opens, opens, told)

    def _why_open(self, spell: _Spell) -> str:
        span, owner = spell.span, spell.owner
        until = "24:00" if span.end == owner.following else self._clock(span.end)
        is_all_day = span.start == owner.midnight and span.end == owner.following
        reason = "open all day" if is_all_day else f"open {self._clock(span.start)}-{until}"
        return f"{reason} ({owner.special})" if owner.special else reason

    def _why_closed(self, day: Day, instant: datetime) -> str:
        special = f" ({day.special})" if day.special else ""
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
        return f"closed all {day.day:%A}{special}"

    def _end_of(self, end: datetime) -> datetime | None:
        """When open hours really end: those that go on without a pause are one."""
        limit = end + HORIZON
        while end < limit:
            going_on = (spell for spell in self._spells(self._day_of(end)) if spell.since <= end < spell.until)
            spell = next(going_on, None)
            if spell is None:
                return end
            end = spell.until
        return None

    def _next_opening(self, today: date) -> datetime | None:
        for ahead in range(1, HORIZON.days):
            if spans := self.day(today + timedelta(days=ahead)).spans:
                return spans[0].start
        return None

    def _day_of(self, instant: datetime) -> Day:
        """The day whose midnights it lies between."""
        day = self.day(self.local(instant).date())
        while instant < day.midnight:  # clocks that change at midnight: the day before goes on
            day = self.day(day.day - _ONE_DAY)
        while instant >= day.following:
            day = self.day(day.day + _ONE_DAY)
        return day

    def _spells(self, day: Day) -> list[_Spell]:
        """All that is open between the day's midnights, what began the day before included; apart and in order."""
        spells = []
        reached = day.midnight
        for owner in (self.day(day.day - _ONE_DAY), day):
            for span in owner.spans:
                since = max(span.start, reached)
                if since < span.end:
                    spells.append(_Spell(since, span.end, span, owner))
                    reached = span.end
        return spells

    def _make_day(self, day: date) -> Day:
        known = country_year(self.country, day.year)
        moved = next((each for each in self.moved if day in (each.off, each.work)), None)
        moved = moved or next((each for each in known.moved if day == each.work), None)
        override = next((override for override in self.overrides if override.holds_on(day)), None)
        is_worked = moved is not None and day == moved.work
        holiday = "" if is_worked else known.holidays.get(day, "")
        counts_as = moved.stands_for() if moved and is_worked else day
        hours = override.hours if override else self.hours
        if moved and day == moved.off and override is None:
            hours = "off"
        start = datetime.combine(day, time())
        spans = []
        for begins, ends in open_minutes(hours, counts_as, is_holiday=bool(holiday)):
            span = Span(
                self._instant(start + timedelta(minutes=begins)), self._instant(start + timedelta(minutes=ends))
            )
            if span.start < span.end:  # the hour that daylight saving skips can turn a short one around
                spans.append(span)
        following = self._instant(start + _ONE_DAY)
        return Day(day, self._instant(start), following, tuple(spans), holiday, override, moved)

    def _instant(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)

    def _clock(self, instant: datetime) -> str:
        return f"{self.local(instant):%H:%M}"
