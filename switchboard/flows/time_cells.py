"""Time, cut where an answer may change: opening hours, facts, what steps compare the clock with.

Between two boundaries every step decides alike, so one instant stands for all of them. Instants at which everything is
answered alike make a cell; a week of an office has a dozen, a year little more. Exploring a flow in each cell explores
it at every instant, and a cell's successors say what the time of a call may become while the call lasts.

Where the clocks change, a wall time may come twice or never. Boundaries are instants: both occurrences of a time are
among them, and the change itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from switchboard.domain.facts import Fact
from switchboard.domain.hours import HoursKind, HoursTable
from switchboard.domain.rota import Rota
from switchboard.flows.configuration import Configuration

HORIZON = 400  # days
MOST_CELLS = 200
MOST_NAMED = 4  # names told of a kind

_ONE_DAY = timedelta(days=1)
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Cell:
    """Instants at which everything is answered alike."""

    instant: datetime  # the first of them, UTC: it stands for all
    intervals: tuple[tuple[datetime, datetime], ...]  # all of them: from, until before; UTC
    told: str  # "Tue 24 Nov 2026 09:00, office open, showroom closed"
    successors: tuple[int, ...]  # the places of the cells that may come next, in the list of cells
    answers: int = 1  # how many different answers are in it: more than one only where there were over MOST_CELLS


@dataclass(frozen=True, slots=True)
class _Question:
    """Something that is asked of the time, and its answers: (from then on, answer), beginning before the horizon."""

    what: str  # "office", "christmas"; "" of what has no name
    answers: list[tuple[datetime, object]]


_Span = tuple[datetime, datetime, tuple[object, ...]]  # from, until before, the answers to all questions


def boundaries(configuration: Configuration, first: datetime, days: int = HORIZON) -> list[datetime]:
    """Every instant (UTC) of the days after `first` at which an answer, or what is told of it, may change: midnights
    of every time zone, openings and closings, the wall-clock times and dates that steps compare with, changes of
    clocks and of who is on call. In order; `first` is the first of them."""
    first, last = first.astimezone(UTC), first.astimezone(UTC) + timedelta(days=days)
    zones = {configuration.organisation.timezone, *(table.timezone for table in configuration.hours.values())}
    found = {first}
    for table in _different(configuration.hours.values()):
        found.update(instant for instant, _ in table.kinds(first, last))
    for rota in _rotas(configuration):
        found.update(since for since, _ in rota.changes(first, last))
    times, _ = _marks(configuration)
    for zone in zones:
        found.update(clock_changes(zone, first, last))
    found.update(_instants(ZoneInfo(configuration.organisation.timezone), {*times, _MIDNIGHT}, first, last))
    return sorted(instant for instant in found if first <= instant < last)


def cells(configuration: Configuration, first: datetime, days: int = HORIZON) -> list[Cell]:
    """The cells of the days after `first`, in the order in which they come.

    More than MOST_CELLS are put together: the longest-lasting stay, each other is counted to that which differs from it
    in the fewest answers, and `answers` says so.
    """
    first, last = first.astimezone(UTC), first.astimezone(UTC) + timedelta(days=days)
    questions = _questions(configuration, first, last)
    spans = list(_spans(questions, first, last))
    places = _places(spans)
    intervals: list[list[tuple[datetime, datetime]]] = [[] for _ in set(places.values())]
    answers: list[tuple[object, ...]] = [() for _ in intervals]
    for since, until, answer in spans:
        place = places[answer]
        answers[place] = answers[place] or answer
        if intervals[place] and intervals[place][-1][1] == since:
            since = intervals[place].pop()[0]
        intervals[place].append((since, until))
    order = sorted(range(len(intervals)), key=lambda place: intervals[place][0])
    rank = {place: number for number, place in enumerate(order)}
    following: list[dict[int, None]] = [{} for _ in order]
    for (_, _, answer), (_, _, later) in pairwise(spans):
        if places[answer] != places[later]:
            following[rank[places[answer]]][rank[places[later]]] = None
    varying = [len({answer[number] for answer in places}) > 1 for number in range(len(questions))]
    together = list(places.values())
    return [
        Cell(
            intervals[place][0][0],
            tuple(intervals[place]),
            _told(configuration, questions, varying, intervals[place][0][0], answers[place]),
            tuple(following[rank[place]]),
            together.count(place),
        )
        for place in order
    ]


def clock_changes(zone: str, first: datetime, last: datetime) -> Iterator[datetime]:
    """Every instant between two at which the clocks of a zone change, to the second."""
    local = ZoneInfo(zone)
    before, day = first, first
    while day < last:
        day = min(day + _ONE_DAY, last)
        if before.astimezone(local).utcoffset() != day.astimezone(local).utcoffset():
            early, late = before, day
            while late - early > timedelta(seconds=1):
                middle = (early + (late - early) / 2).replace(microsecond=0)
                same = middle.astimezone(local).utcoffset() == before.astimezone(local).utcoffset()
                early, late = (middle, late) if same and middle > early else (early, middle)
            yield late.replace(microsecond=0)
        before = day


def _questions(configuration: Configuration, first: datetime, last: datetime) -> list[_Question]:
    zone = ZoneInfo(configuration.organisation.timezone)
    questions: list[_Question] = []
    known: dict[int, list[tuple[datetime, object]]] = {}
    different = _different(configuration.hours.values())
    for table in configuration.hours.values():
        like = next(other for other in different if _same_answers(table, other))
        if id(like) not in known:
            known[id(like)] = _changes(like.kinds(first, last))
        questions.append(_Question(table.id, known[id(like)]))
    questions += [
        _Question(fact.id, _changes(_told_or_not(fact, zone, first))) for fact in configuration.facts.values()
    ]
    for rota in _rotas(configuration):
        questions.append(_Question("", [(since, who.person) for since, who in rota.changes(first, last)]))
    times, dates = _marks(configuration)
    if times or dates:
        by_clock = _by_clock(sorted(times), sorted(dates), zone, first, last)
        questions.append(_Question("", _changes(by_clock)))
    return questions


def _changes(answers: Iterable[tuple[datetime, object]]) -> list[tuple[datetime, object]]:
    """Only where the answer is another."""
    kept: list[tuple[datetime, object]] = []
    for instant, answer in answers:
        if not kept or kept[-1][1] != answer:
            kept.append((instant, answer))
    return kept


def _told_or_not(fact: Fact, zone: ZoneInfo, first: datetime) -> Iterator[tuple[datetime, bool]]:
    """Is the fact told? From each local midnight at which that may change."""
    today = first.astimezone(zone).date()
    days = {today}
    for wording in fact.wordings:
        days.add(wording.first)
        if wording.last < date.max:
            days.add(wording.last + _ONE_DAY)
    for day in sorted(day for day in days if day >= today):
        yield _utc(datetime.combine(day, _MIDNIGHT), zone), fact.valid_on(day) is not None


def _by_clock(
    times: list[time], dates: list[date], zone: ZoneInfo, first: datetime, last: datetime
) -> Iterator[tuple[datetime, object]]:
    """Between which of the marks the wall clock stands. Midnight among them means that weekdays may count."""
    with_weekdays = _MIDNIGHT in times
    for instant in sorted(
        {first, *_instants(zone, {*times, _MIDNIGHT}, first, last), *clock_changes(zone.key, first, last)}
    ):
        local = instant.astimezone(zone)
        weekday = local.weekday() if with_weekdays else -1
        yield instant, (bisect_right(times, local.time()), bisect_right(dates, local.date()), weekday)


def _rotas(configuration: Configuration) -> list[Rota]:
    """Those that steps ask who is on call."""
    steps = (step for flow in configuration.flows.values() for step in flow.steps.values())
    found = (getattr(step.fields, "rota", None) for step in steps)
    return list({rota.id: rota for rota in found if isinstance(rota, Rota)}.values())


def _marks(configuration: Configuration) -> tuple[set[time], set[date]]:
    """The wall-clock times and the dates that steps compare with."""
    times: set[time] = set()
    dates: set[date] = set()
    for flow in configuration.flows.values():
        for step in flow.steps.values():
            for mark in step.fields.marks() if hasattr(step.fields, "marks") else ():
                if isinstance(mark, time):
                    times.add(mark)
                else:
                    dates.add(mark)
    return times, dates


def _instants(zone: ZoneInfo, times: Iterable[time], first: datetime, last: datetime) -> Iterator[datetime]:
    """Every instant between two at which a wall clock shows one of these times: of a time that comes twice both, of
    one that is skipped the instant it would have been."""
    day, end = first.astimezone(zone).date(), last.astimezone(zone).date()
    while day <= end:
        for each in times:
            wall = datetime.combine(day, each)
            early, late = _utc(wall, zone), _utc(wall.replace(fold=1), zone)
            yield from (instant for instant in {early, late} if first <= instant < last)
        day += _ONE_DAY


def _spans(questions: list[_Question], first: datetime, last: datetime) -> Iterator[_Span]:
    """Each stretch of time with its answers, in order and without gaps."""
    events = sorted(
        (
            (max(instant, first), number, answer)
            for number, each in enumerate(questions)
            for instant, answer in each.answers
        ),
        key=lambda event: event[0],
    )
    current: list[object] = [None] * len(questions)
    since = first
    for instant, number, answer in events:
        if instant >= last:
            break
        if instant > since:
            yield since, instant, tuple(current)
            since = instant
        current[number] = answer
    yield since, last, tuple(current)


def _places(spans: list[_Span]) -> dict[tuple[object, ...], int]:
    """For all answers the place of their cell."""
    lasting: dict[tuple[object, ...], timedelta] = {}
    for since, until, answer in spans:
        lasting[answer] = lasting.get(answer, timedelta()) + (until - since)
    kept = sorted(lasting, key=lambda answer: lasting[answer], reverse=True)[:MOST_CELLS]
    places = {answer: place for place, answer in enumerate(kept)}
    for answer in lasting:
        if answer not in places:
            nearest = min(kept, key=lambda other: sum(one != two for one, two in zip(answer, other, strict=True)))
            places[answer] = places[nearest]
    return places


def _told(
    configuration: Configuration,
    questions: list[_Question],
    varying: list[bool],
    instant: datetime,
    answer: tuple[object, ...],
) -> str:
    """A cell in English, by its first instant."""
    parts = [f"{configuration.local(instant):%a %d %b %Y %H:%M}"]
    asked = list(zip(questions, answer, varying, strict=True))
    for kind in HoursKind:
        if names := [question.what for question, said, _ in asked if said is kind]:
            holidays = (
                {_holiday(configuration.hours[name], instant) for name in names} if kind is HoursKind.HOLIDAY else ()
            )
            parts.append(f"public holiday: {', '.join(sorted(holidays))}" if holidays else f"{_listed(names)} {kind}")
    for said, verb in ((True, "told"), (False, "not told")):
        if names := [question.what for question, found, varies in asked if varies and found is said]:
            parts.append(f"{_listed(names)} {verb}")
    return ", ".join(parts)


def _listed(names: list[str]) -> str:
    shown = names if len(names) <= MOST_NAMED else [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} others"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _holiday(table: HoursTable, instant: datetime) -> str:
    return table.state_at(instant).reason


def _different(tables: Iterable[HoursTable]) -> list[HoursTable]:
    """One of each that answer alike: a department's hours are often those of the office."""
    found: list[HoursTable] = []
    for table in tables:
        if not any(_same_answers(table, other) for other in found):
            found.append(table)
    return found


def _same_answers(one: HoursTable, other: HoursTable) -> bool:
    return (one.hours, one.timezone, one.country, one.overrides, one.moved) == (
        other.hours,
        other.timezone,
        other.country,
        other.overrides,
        other.moved,
    )


def _utc(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)
