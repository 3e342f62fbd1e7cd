"""At which instants two versions answer differently: opening hours, and what is told of facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from switchboard.flows.configuration import Configuration
from switchboard.flows.time_cells import boundaries, cells

DAYS = 400
SHORTEST_PATTERN = 3  # times that something must recur to be told as a pattern

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """From `since` until before `until`, wall clock of the organisation, one answer is another."""

    what: str  # "opening hours office", "fact price_list"
    since: datetime
    until: datetime
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Recurring:
    """The same change on many days, or a change of its own."""

    changes: tuple[AnswerChange, ...]

    @property
    def told(self) -> str:
        """ "Mon, Tue, Fri 17:00-18:00, 157 times from Mon 23 Nov 2026 to …" or "Thu 31 Dec 2026 13:00-14:00"."""
        first, last = self.changes[0], self.changes[-1]
        if len(self.changes) < SHORTEST_PATTERN:
            return "; ".join(map(_span, self.changes))
        days = [_WEEKDAYS[day] for day in sorted({change.since.weekday() for change in self.changes})]
        when = "every day" if len(days) == len(_WEEKDAYS) else ", ".join(days)
        times = f"{first.since:%H:%M}-{_end(first)}"
        return f"{when} {times}, {len(self.changes)} times from {_day(first.since)} to {_day(last.since)}"


def answer_changes(old: Configuration, new: Configuration, first: datetime, days: int = DAYS) -> list[AnswerChange]:
    """Every change of an answer in the days that begin at `first` (UTC), of what both versions have."""
    last = first + timedelta(days=days)
    instants = sorted({first, *boundaries(old, first, days), *boundaries(new, first, days)})
    spans = list(zip(instants, [*instants[1:], last], strict=True))
    found: list[AnswerChange] = []
    for what, was_at, now_at in _answers(old, new):
        open_change: AnswerChange | None = None
        for since, until in spans:
            if not first <= since < last:
                continue
            was, now = was_at(since), now_at(since)
            if was == now:
                open_change = None
                continue
            local_since, local_until = new.local(since), new.local(until)
            if open_change is not None and (open_change.was, open_change.now) == (was, now):
                found.pop()
                local_since = open_change.since
            open_change = AnswerChange(what, local_since, local_until, was, now)
            found.append(open_change)
    return found


def instants_apart(old: Configuration, new: Configuration, first: datetime, days: int = DAYS) -> list[datetime]:
    """An instant for each pair of time cells, one of either version, that have one in common; in order."""
    was, now = _by_cell(old, first, days), _by_cell(new, first, days)
    found: dict[tuple[int, int], datetime] = {}
    place = other = 0
    while place < len(was) and other < len(now):
        (since, until, cell), (begins, ends, beside) = was[place], now[other]
        if max(since, begins) < min(until, ends):
            found.setdefault((cell, beside), max(since, begins))
        place, other = place + (until <= ends), other + (ends <= until)
    return sorted(found.values())


def _by_cell(configuration: Configuration, first: datetime, days: int) -> list[tuple[datetime, datetime, int]]:
    """(from, until before, which cell), without gaps."""
    return sorted(
        (since, until, place)
        for place, cell in enumerate(cells(configuration, first, days))
        for since, until in cell.intervals
    )


def recurring(changes: list[AnswerChange]) -> list[Recurring]:
    """The same changes at the same time of day, together; in the order in which they begin."""
    groups: dict[tuple[object, ...], list[AnswerChange]] = {}
    for change in changes:
        is_short = change.until - change.since < timedelta(days=1)
        times = (change.since.time(), change.until.time()) if is_short else (change.since,)
        groups.setdefault((change.what, change.was, change.now, *times), []).append(change)
    return sorted((Recurring(tuple(group)) for group in groups.values()), key=lambda each: each.changes[0].since)


def _answers(
    old: Configuration, new: Configuration
) -> Iterator[tuple[str, Callable[[datetime], str], Callable[[datetime], str]]]:
    for identifier in new.hours.keys() & old.hours.keys():
        yield f"opening hours {identifier}", _hours(old, identifier), _hours(new, identifier)
    for identifier in new.facts.keys() & old.facts.keys():
        yield f"fact {identifier}", _fact(old, identifier), _fact(new, identifier)


def _hours(configuration: Configuration, identifier: str) -> Callable[[datetime], str]:
    table = configuration.hours[identifier]
    return lambda instant: table.state_at(instant).kind.value


def _fact(configuration: Configuration, identifier: str) -> Callable[[datetime], str]:
    fact, language = configuration.facts[identifier], configuration.organisation.default_language

    def told_on(day: date) -> str:
        wording = fact.valid_on(day)
        return f"“{wording.texts.get(language, '')}”" if wording else "nothing"

    return lambda instant: told_on(configuration.local(instant).date())


def _span(change: AnswerChange) -> str:
    if change.until - change.since < timedelta(days=1):
        return f"{_day(change.since)} {change.since:%H:%M}-{_end(change)}"
    return f"{_day(change.since)} {change.since:%H:%M} to {_day(change.until)} {change.until:%H:%M}"


def _end(change: AnswerChange) -> str:
    return "24:00" if change.until.date() > change.since.date() and not change.until.hour else f"{change.until:%H:%M}"


def _day(instant: datetime) -> str:
    return f"{instant:%a %d %b %Y}"
