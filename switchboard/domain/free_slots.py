"""The search for free slots: when an event type can be, by its own rules, opening hours, absences and what is taken.

A slot is free where

    it begins       not before the notice is over, within the horizon, at a multiple of the interval counted from local
                    midnight (slot_grid.py: both nights on which clocks change)
    each need       has a resource of its own, the preferred first, the same one never twice
    each resource   is open from its beginning to its end, and not absent
    each resource   has room from `before` its beginning to `after` its end: what is taken has its buffers in it already
    its local day   has fewer bookings of the event type than `per_day`

Buffers may reach beyond opening hours and into absences: they are for preparing and clearing away. Local means on the
organisation's wall clock. Everything is worked out lazily, the earliest slot first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import merge
from zoneinfo import ZoneInfo

from switchboard.domain.absence import Absence, NotedAbsence
from switchboard.domain.appointment import AppointmentRules, Busy, EventType, Resource, Slot
from switchboard.domain.hours import HoursTable
from switchboard.domain.organisation import Organisation
from switchboard.domain.slot_grid import ONE_DAY, beginnings, bounds_of, first_from
from switchboard.domain.taken_times import NOTHING_YET, Taken

Window = tuple[datetime, datetime]  # the first and the last instant at which an appointment could begin

_INSTANT = timedelta(microseconds=1)


class SlotSearch:
    """What could be booked, as the configuration and absences are."""

    def __init__(
        self,
        rules: AppointmentRules,
        hours: Mapping[str, HoursTable],
        zone: ZoneInfo,
        absences: Mapping[str, Sequence[Absence]] | None = None,
    ) -> None:
        """`zone` is the organisation's; `absences` are people's, by id, from wherever they are known."""
        self.rules = rules
        self.zone = zone
        self._hours = hours
        self._absences = absences or {}

    @classmethod
    def of(
        cls, organisation: Organisation, hours: Mapping[str, HoursTable], noted: Iterable[NotedAbsence] = ()
    ) -> SlotSearch:
        """With the absences of people.yaml, and those noted beside it."""
        absences = {person.id: list(person.absences) for person in organisation.people.values()}
        for each in noted:
            absences.setdefault(each.person, []).append(each.absence)
        return cls(organisation.appointments, hours, ZoneInfo(organisation.timezone), absences)

    def window(self, event_type: str, now: datetime) -> tuple[datetime, datetime, tuple[str, ...]]:
        """(begin, end, resources) for `Appointments.busy`: all that can matter to a search. Raises KeyError for an
        unknown event type, as all here do."""
        wanted = self.rules.event_types[event_type]
        first, last = self._span(wanted, now)
        begin = bounds_of(first.astimezone(self.zone).date(), self.zone)[0]
        end = bounds_of((last + wanted.duration).astimezone(self.zone).date(), self.zone)[1]
        resources = dict.fromkeys(each for need in wanted.needs for each in need)
        return begin - wanted.before, end + wanted.after, tuple(resources)

    def taken(self, busy: Sequence[Busy] | Taken) -> Taken:
        """The same in order, for whoever asks more than once."""
        if isinstance(busy, Taken):
            return busy
        return Taken(busy, {each.id: each.capacity for each in self.rules.resources.values()})

    def free(
        self,
        event_type: str,
        busy: Sequence[Busy] | Taken,
        now: datetime,
        *,
        after: datetime,
        until: datetime | None = None,
        resource: str = "",
    ) -> Iterator[Slot]:
        """Every free slot that begins from `after` on and before `until`, the earliest first; at each time one, with
        the resources that are preferred. With `resource` only those in which it is the first need's."""
        wanted = self.rules.event_types[event_type]
        first, last = self._span(wanted, now)
        first, last = max(first, after), min(last, until or last)
        needs = self._needs(wanted, resource)
        if first >= last or not all(needs):
            return
        taken, spans = self.taken(busy), _SharedSpans(self._hours, first, last)
        waiting = [_Need(need, [self._windows(wanted, each, taken, spans) for each in need]) for need in needs]
        yield from self._slots(wanted, waiting, taken, first, last)

    def is_free(self, event_type: str, slot: Slot, busy: Sequence[Busy] | Taken, now: datetime) -> bool:
        """Could this very slot be booked?"""
        wanted = self.rules.event_types[event_type]
        first, last = self._span(wanted, now)
        on_grid = slot.start in beginnings(slot.start.astimezone(self.zone).date(), wanted.interval, self.zone)
        fits = len(slot.resources) == len(wanted.needs) == len(set(slot.resources))
        if not (fits and on_grid and first <= slot.start < last and slot.end - slot.start == wanted.duration):
            return False
        taken, spans = self.taken(busy), _SharedSpans(self._hours, slot.start, slot.start + _INSTANT)
        return not self._is_day_full(wanted, taken, slot.start) and all(
            each in need and any(a <= slot.start <= b for a, b in self._windows(wanted, each, taken, spans))
            for each, need in zip(slot.resources, wanted.needs, strict=True)
        )

    def _span(self, wanted: EventType, now: datetime) -> Window:
        """[from, before) which slots can begin."""
        return now + wanted.notice, now + wanted.horizon

    def _needs(self, wanted: EventType, resource: str) -> list[tuple[str, ...]]:
        needs = list(wanted.needs)
        if resource and needs:
            needs[0] = (resource,) if resource in needs[0] else ()
        return needs

    def _slots(
        self, wanted: EventType, needs: Sequence[_Need], taken: Taken, first: datetime, last: datetime
    ) -> Iterator[Slot]:
        instant = first_from(first, wanted.interval, self.zone)
        while instant < last:
            reached = instant
            for need in needs:
                possible = need.first_from(instant)
                if possible is None:
                    return
                reached = max(reached, possible)
            if reached > instant:
                instant = first_from(reached, wanted.interval, self.zone)
                continue
            if self._is_day_full(wanted, taken, instant):
                instant = first_from(self._day_of(instant)[1], wanted.interval, self.zone)
                continue
            if resources := _one_each([need.free_at(instant) for need in needs]):
                yield Slot(instant, instant + wanted.duration, resources)
            instant = first_from(instant + _INSTANT, wanted.interval, self.zone)

    def _is_day_full(self, wanted: EventType, taken: Taken, instant: datetime) -> bool:
        return 0 < wanted.per_day <= taken.bookings(wanted.id, *self._day_of(instant))

    def _day_of(self, instant: datetime) -> Window:
        return bounds_of(instant.astimezone(self.zone).date(), self.zone)

    def _windows(self, wanted: EventType, identifier: str, taken: Taken, spans: _SharedSpans) -> Iterator[Window]:
        """When an appointment with this resource could begin, in order."""
        resource = self.rules.resources[identifier]
        starts, ends = taken.blocks(identifier)
        duration, before = wanted.duration, wanted.before
        lead = duration + wanted.after
        place, count, known = 0, 0, NOTHING_YET
        opening = spans.of(resource.hours)
        away = self._away(resource)
        for opened, closed in without(opening, away) if away else opening:
            latest = closed - duration
            if latest < opened:
                continue
            prepares, cleared = opened - before, latest + lead
            if cleared > known:
                known = taken.read(cleared)
                count = len(starts)
            while place < count and ends[place] <= prepares:
                place += 1
            since, here = opened, place
            while here < count and starts[here] < cleared:
                if since <= (until := starts[here] - lead):
                    yield since, until
                since = max(since, ends[here] + before)
                here += 1
            if since <= latest:
                yield since, latest

    def _away(self, resource: Resource) -> list[Window]:
        """When a resource is absent, in order; they may overlap."""
        of_person = self._absences.get(resource.person, ()) if resource.person else ()
        return sorted((each.begins, each.ends) for each in (*resource.absences, *of_person))


class _SharedSpans:
    """Opening hours around a time, worked out once for all resources that keep them, and no further than asked."""

    def __init__(self, hours: Mapping[str, HoursTable], first: datetime, last: datetime) -> None:
        self._hours = hours
        self._first = first
        self._last = last
        self._known: dict[str, tuple[list[Window], Iterator[Window]]] = {}

    def of(self, table: str) -> Iterator[Window]:
        """When a table is open, in order, spans that meet put together."""
        if table not in self._known:
            self._known[table] = [], open_spans(self._hours[table], self._first, self._last)
        known, more = self._known[table]
        place = 0
        while True:
            if place == len(known):
                if (following := next(more, None)) is None:
                    return
                known.append(following)
            yield known[place]
            place += 1


class _Need:
    """One resource of several, asked about at later and later instants."""

    def __init__(self, resources: Sequence[str], windows: Sequence[Iterator[Window]]) -> None:
        self._resources = resources
        self._coming = merge(*(_ranked(rank, each) for rank, each in enumerate(windows)))
        self._next = next(self._coming, None)
        self._open: list[tuple[datetime, int]] = []  # (last instant, rank) of windows that have begun

    def first_from(self, instant: datetime) -> datetime | None:
        """The first instant from this one on at which one of them could begin; None if never."""
        self._advance(instant)
        if self._open:
            return instant
        return self._next[0] if self._next else None

    def free_at(self, instant: datetime) -> list[str]:
        """Those that could begin at this instant, the preferred first."""
        self._advance(instant)
        return [self._resources[rank] for rank in sorted({rank for _, rank in self._open})]

    def _advance(self, instant: datetime) -> None:
        self._open = [each for each in self._open if each[0] >= instant]
        while self._next and self._next[0] <= instant:
            if self._next[1] >= instant:
                self._open.append(self._next[1:])
            self._next = next(self._coming, None)


def open_spans(table: HoursTable, first: datetime, last: datetime) -> Iterator[Window]:
    """When a table is open, from a day before `first` on and beginning before `last`, spans that meet put together."""
    day = table.local(first).date() - ONE_DAY
    pending: Window | None = None
    while True:
        known = table.day(day)
        for span in known.spans:
            if pending is not None and span.start <= pending[1]:
                pending = pending[0], max(pending[1], span.end)
                continue
            if pending is not None:
                yield pending
            pending = span.start, span.end
        if known.midnight >= last:
            break
        day += ONE_DAY
    if pending is not None:
        yield pending


def without(spans: Iterable[Window], away: Sequence[Window]) -> Iterator[Window]:
    """Spans with these times cut out of them. Both are in order."""
    for since, until in spans:
        for begins, ends in away:
            if ends <= since:
                continue
            if begins >= until:
                break
            if since < begins:
                yield since, begins
            since = max(since, ends)
        if since < until:
            yield since, until


def _ranked(rank: int, windows: Iterator[Window]) -> Iterator[tuple[datetime, datetime, int]]:
    return ((begin, end, rank) for begin, end in windows)


def _one_each(possible: Sequence[Sequence[str]], taken: tuple[str, ...] = ()) -> tuple[str, ...]:
    """One for each need, none twice, the preferred first; () if that is impossible."""
    if not possible:
        return taken
    for each in possible[0]:
        if each not in taken and (found := _one_each(possible[1:], (*taken, each))):
            return found
    return ()
