"""Who is on call: shifts by the week, people taking turns, days on which somebody stands in.

At each instant there is one person on call, or nobody:

    first     an override that covers it (the one written last): somebody stands in
    then      the first shift in the rota's order that covers it; its people take turns, by the day or by the week
    else      nobody: a gap

Whoever it is, a swap of that day puts the other of its two in their place, one swap after the other.

A shift goes by the wall clock of the rota's time zone: one until 08:00 ends at 08:00, though the night before the
clocks change is an hour shorter or longer. It belongs to the day on which it begins, past midnight too. A time that
the clocks pass over is the instant at which they do; of one that comes twice the first counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

_ONE_DAY = timedelta(days=1)


class Turn(StrEnum):
    """How often the people of a shift take turns."""

    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Shift:
    """Hours of a week, and who takes them in turn."""

    people: tuple[str, ...]  # Persons' ids
    days: frozenset[int]  # on which it begins: 0 is Monday
    begins: time
    ends: time  # as `begins` or before: of the next day
    turn: Turn = Turn.WEEKLY
    since: date = date(2024, 1, 1)  # the first person's first day; of weekly turns, its week's Monday

    def person_of(self, day: date) -> str:
        """Who takes the shift that begins on this day."""
        days = (day - self.since).days
        weeks = (_monday(day) - _monday(self.since)).days // 7
        return self.people[(days if self.turn is Turn.DAILY else weeks) % len(self.people)]

    def covers(self, day: date, instant: datetime, zone: ZoneInfo) -> bool:
        """Does the shift that begins on this day, if one does, cover the instant?"""
        begins, ends = self.of(day, zone)
        return day.weekday() in self.days and begins <= instant < ends

    def of(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From when until when (UTC) the shift is that begins on this day."""
        last = day if self.ends > self.begins else day + _ONE_DAY
        return _instant(day, self.begins, zone), _instant(last, self.ends, zone)


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody is on call from one instant until another, whoever's turn it is."""

    begins: datetime  # UTC
    ends: datetime  # UTC; the first instant after it
    person: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class Swap:
    """Two people change places for a day: its shifts, past midnight too, and whoever stands in by the calendar."""

    day: date  # of the rota's wall clock
    one: str  # Persons' ids
    other: str
    because: str
    by: str  # who noted it

    def put_in_place_of(self, person: str) -> str:
        """Who is on call where it would be this person."""
        return {self.one: self.other, self.other: self.one}.get(person, person)


@dataclass(frozen=True, slots=True)
class NotedSwap:
    """A swap as it was noted beside rota.yaml."""

    id: UUID
    rota: str  # its id
    swap: Swap


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call, and why."""

    person: str  # id; "" if nobody is
    why: str  # "shift 2, weekly turn of 2026-03-02", "stands in: skiing", "nobody's shift"
    instead_of: str = ""  # whose turn it would be without a swap


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is called at an instant."""

    called: tuple[str, ...]  # Persons' ids, one after the other
    instead_of: str  # whose turn it would be without a swap; "" if it is


@dataclass(frozen=True, slots=True)
class Rota:
    """One rota."""

    id: str
    timezone: str  # IANA name
    shifts: tuple[Shift, ...]
    stand_ins: tuple[StandIn, ...] = ()
    then: tuple[str, ...] = ()  # Persons' ids: called one after the other, if the first doesn't take the call
    has_gaps: bool = False  # meant so: at some hours nobody is on call
    swaps: tuple[Swap, ...] = ()  # in the order in which they were noted
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_zone", ZoneInfo(self.timezone))

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who is ever called, each once."""
        of_shifts = (person for shift in self.shifts for person in shift.people)
        return tuple(dict.fromkeys((*of_shifts, *(each.person for each in self.stand_ins), *self.then)))

    def swapped(self, swaps: Iterable[Swap]) -> Rota:
        """The same with these swaps. Those of people whom the rota has no more are left out."""
        return replace(self, swaps=tuple(swap for swap in swaps if {swap.one, swap.other} <= set(self.people)))

    def on_call(self, instant: datetime) -> OnCall:
        """Who is on call at an instant (UTC)."""
        day, found = self._whose_turn(instant)
        person, why = found.person, ""
        for swap in self.swaps:
            if swap.day == day and swap.put_in_place_of(person) != person:
                person, why = swap.put_in_place_of(person), f"{swap.because} ({swap.by})"
        if person == found.person:
            return found
        return OnCall(person, f"{found.why}, swapped with {found.person}: {why}", found.person)

    def on_duty(self, instant: datetime) -> OnDuty:
        """Who is called at an instant (UTC)."""
        return OnDuty(tuple(self.called(instant)), self.on_call(instant).instead_of)

    def fault_of(self, swap: Swap, now: datetime) -> str:
        """Why a swap cannot be noted, in an administrator's words; "" if it can."""
        if strangers := [each for each in (swap.one, swap.other) if each not in self.people]:
            return f"{strangers[0]} is not in rota {self.id}: its people are {', '.join(self.people)}"
        if swap.one == swap.other:
            return f"{swap.one} cannot change places with {swap.other}: name two people"
        hours = self.hours_of(swap.day)
        on_call = list(dict.fromkeys(person for _, _, person in hours))
        if not {swap.one, swap.other} & set(on_call):
            told = f"on call are {', '.join(on_call)}" if on_call else "nobody is on call"
            return f"neither {swap.one} nor {swap.other} is on call on {swap.day}: {told}"
        if hours[-1][1] <= now:
            return f"{swap.day} is over"
        return ""

    def _whose_turn(self, instant: datetime) -> tuple[date, OnCall]:
        """Of which day the shift is that covers an instant, and who is on call if nobody swapped."""
        today = instant.astimezone(self._zone).date()
        for stand_in in reversed(self.stand_ins):
            if stand_in.begins <= instant < stand_in.ends:
                because = f": {stand_in.because}" if stand_in.because else ""
                return today, OnCall(stand_in.person, f"stands in{because}")
        for number, shift in enumerate(self.shifts, 1):
            for day in (today, today - _ONE_DAY):
                if shift.covers(day, instant, self._zone):
                    whose = f", {shift.turn.value} turn" if len(shift.people) > 1 else ""
                    return day, OnCall(shift.person_of(day), f"shift {number} of {day}{whose}")
        return today, OnCall("", "nobody's shift")

    def hours_of(self, day: date) -> list[tuple[datetime, datetime, str]]:
        """(from, until before, person) of everybody who is on call for that day, in order; past midnight too."""
        first, last = _instant(day, time(), self._zone), _instant(day + 2 * _ONE_DAY, time(), self._zone)
        found: list[tuple[datetime, datetime, str]] = []
        for begins, ends in pairwise([*sorted({first, *self._marks(first, last)}), last]):
            person = self.on_call(begins).person
            if not person or self._whose_turn(begins)[0] != day:
                continue
            if found and found[-1][1:] == (begins, person):
                begins = found.pop()[0]
            found.append((begins, ends, person))
        return found

    def called(self, instant: datetime) -> tuple[str, ...]:
        """Whom to call, one after the other, each once; nobody in a gap."""
        first = self.on_call(instant).person
        return tuple(dict.fromkeys((first, *self.then))) if first else ()

    def changes(self, first: datetime, last: datetime) -> Iterator[tuple[datetime, OnCall]]:
        """(from then on, who is on call) from `first` until before `last` (UTC), in order, each another than before."""
        before: OnCall | None = None
        for instant in sorted({first, *self._marks(first, last)}):
            now = self.on_call(instant)
            if before is None or now.person != before.person:
                yield instant, now
            before = now

    def gaps(self, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
        """(from, until before) at which nobody is on call."""
        changes = [*self.changes(first, last), (last, OnCall("", ""))]
        for (begins, who), (ends, _) in pairwise(changes):
            if not who.person:
                yield begins, ends

    def _marks(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """Every instant between two at which somebody else may come on call."""
        day = first.astimezone(self._zone).date() - _ONE_DAY
        final = last.astimezone(self._zone).date()
        marks: list[datetime] = [at for each in self.stand_ins for at in (each.begins, each.ends)]
        for swap in self.swaps:  # of somebody who stands in: at midnight
            marks += (_instant(each, time(), self._zone) for each in (swap.day, swap.day + _ONE_DAY))
        while day <= final:
            marks += (at for shift in self.shifts if day.weekday() in shift.days for at in shift.of(day, self._zone))
            day += _ONE_DAY
        return (at for at in marks if first < at < last)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A wall-clock time as an instant. One that the clocks pass over is the instant of their change."""
    local = datetime.combine(day, at, zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # Read with the offset after the change it lies before the change, with that before it lies after: by the gap each.
    late, early = instant, local.replace(fold=1).astimezone(UTC)
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        same = middle.astimezone(zone).utcoffset() == early.astimezone(zone).utcoffset()
        early, late = (middle, late) if same and middle > early else (early, middle)
    return late.replace(microsecond=0)
