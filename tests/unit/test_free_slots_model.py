"""The search for slots against a model that tries every five minutes, over random calendars and both clock changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import product
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.domain.absence import Absence
from switchboard.domain.appointment import AppointmentRules, Busy, EventType, Resource, Slot
from switchboard.domain.free_slots import SlotSearch
from switchboard.domain.hours import HoursKind, HoursTable

TICK = timedelta(minutes=5)  # everything drawn lies on ticks
DAYS = 3
CHANGES = {  # zone -> country, days around which we look: both changes of its clock, and a plain week
    "Europe/Riga": ("LV", (date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 10))),
    "America/New_York": ("US", (date(2026, 3, 8), date(2026, 11, 1), date(2026, 7, 2))),
    "Australia/Lord_Howe": ("AU", (date(2026, 10, 4), date(2026, 4, 5), date(2026, 6, 10))),
    "Asia/Kolkata": ("IN", (date(2026, 1, 25), date(2026, 8, 14))),
}
OPEN = (
    "24/7",
    "Mo-Fr 09:00-12:30,13:00-17:00; PH off",
    "Mo-Su 00:00-06:00",
    "Mo-Su 22:00-26:00,01:30-03:15",
    "Sa-Su 01:00-04:00,23:00-24:00",
)
PEOPLE = ("ann", "bob", "cat")


@cache
def table(hours: str, zone: str) -> HoursTable:
    """One for all examples: days are worked out once."""
    return HoursTable(hours, hours, zone, CHANGES[zone][0])


@dataclass(frozen=True)
class Case:
    """What is searched, and in what."""

    rules: AppointmentRules
    zone: str
    hours: dict[str, HoursTable]
    away: dict[str, list[Absence]]
    busy: list[Busy]
    now: datetime

    @property
    def event_type(self) -> EventType:
        return self.rules.event_types["visit"]

    @property
    def search(self) -> SlotSearch:
        return SlotSearch(self.rules, self.hours, ZoneInfo(self.zone), self.away)


def minutes(*choices: int) -> st.SearchStrategy[timedelta]:
    return st.sampled_from([timedelta(minutes=each) for each in choices])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone = draw(st.sampled_from(sorted(CHANGES)))
    day = draw(st.sampled_from(CHANGES[zone][1]))
    midnight = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    now = midnight + TICK * draw(st.integers(-288, 0))

    def spans(most: int) -> list[tuple[datetime, datetime]]:
        pair = st.tuples(st.integers(-24, DAYS * 288), st.integers(1, 150))
        return [(now + TICK * at, now + TICK * (at + long)) for at, long in draw(st.lists(pair, max_size=most))]

    needs = tuple(
        tuple(draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True)))
        for _ in range(draw(st.integers(1, 2)))
    )
    visit = EventType(
        "visit",
        {},
        draw(minutes(5, 30, 45, 120)),
        needs,
        draw(minutes(0, 15)),
        draw(minutes(0, 10, 40)),
        draw(minutes(0, 125, 1440)),
        draw(minutes(15, 20, 30, 60, 7 * 60)),
        draw(st.sampled_from([0, 1, 2])),
        timedelta(days=DAYS),
    )
    resources, hours, busy = {}, {}, []
    for number, person in enumerate(PEOPLE):
        opened = table(draw(st.sampled_from(OPEN)), draw(st.sampled_from([zone, zone, "Asia/Kolkata"])))
        hours[f"{opened.hours} {opened.timezone}"] = opened
        resources[person] = Resource(
            person, {}, f"{opened.hours} {opened.timezone}", person, draw(st.sampled_from([1, 1, 2]))
        )
        for place, (start, end) in enumerate(spans(6)):
            if draw(st.integers(0, 4)) == 0:
                busy.append(Busy(person, start, end))
            else:
                kind = draw(st.sampled_from(["visit", "visit", "other"]))
                booking = UUID(int=draw(st.sampled_from([number * 100 + place, 1])))
                busy.append(Busy(person, start, end, kind, start + TICK, booking))
    away = {person: [Absence(*each) for each in spans(2)] for person in PEOPLE}
    return Case(AppointmentRules({"visit": visit}, resources), zone, hours, away, busy, now)


def model(case: Case) -> Iterator[Slot]:
    """Every tick of the horizon, asked everything anew."""
    visit, zone = case.event_type, ZoneInfo(case.zone)
    for number in range(DAYS * 288):
        start = case.now + number * TICK
        local = start.astimezone(zone)
        since_midnight = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        if start < case.now + visit.notice or since_midnight % visit.interval:
            continue
        bookings = {
            each.appointment
            for each in case.busy
            if each.event_type == "visit" and each.begins and each.begins.astimezone(zone).date() == local.date()
        }
        if visit.per_day and len(bookings) >= visit.per_day:
            continue
        for chosen in product(*visit.needs):
            if len(set(chosen)) == len(chosen) and all(has_room(case, each, start) for each in chosen):
                yield Slot(start, start + visit.duration, chosen)
                break


def has_room(case: Case, identifier: str, start: datetime) -> bool:
    visit, resource = case.event_type, case.rules.resources[identifier]
    end = start + visit.duration
    opened = case.hours[resource.hours]
    meets = [
        each for each in case.away[identifier] if each.begins < end and start < each.ends
    ]  # an absence lies within the appointment, or it within an absence
    if meets or any(opened.state_at(tick).kind is not HoursKind.OPEN for tick in ticks(start, end)):
        return False
    for tick in ticks(start - visit.before, end + visit.after):
        taken = [each for each in case.busy if each.resource == identifier and each.start <= tick < each.end]
        if sum(1 if each.event_type else resource.capacity for each in taken) >= resource.capacity:
            return False
    return True


def ticks(start: datetime, end: datetime) -> list[datetime]:
    return [start + number * TICK for number in range((end - start) // TICK)]


FEW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@FEW
@given(cases())
def test_the_search_finds_what_trying_every_time_finds(case: Case) -> None:
    found = list(case.search.free("visit", case.busy, case.now, after=case.now))
    assert found == list(model(case))


@FEW
@given(cases(), st.integers(-10, DAYS * 288), st.integers(1, 288), st.sampled_from(PEOPLE))
def test_a_part_of_the_search_is_a_part_of_what_it_finds(case: Case, at: int, long: int, person: str) -> None:
    search, taken = case.search, case.search.taken(case.busy)
    after = case.now + TICK * at
    until = after + TICK * long
    whole = list(search.free("visit", taken, case.now, after=case.now))
    part = list(search.free("visit", taken, case.now, after=after, until=until))
    assert part == [slot for slot in whole if after <= slot.start < until]
    assert all(search.is_free("visit", slot, taken, case.now) for slot in whole)
    with_one = list(search.free("visit", taken, case.now, after=case.now, resource=person))
    assert all(slot.resources[0] == person and search.is_free("visit", slot, taken, case.now) for slot in with_one)
    starts = {slot.start for slot in with_one}
    assert all(slot.start in starts for slot in whole if slot.resources[0] == person)


@FEW
@given(cases(), st.integers(0, DAYS * 288), st.sampled_from(PEOPLE))
def test_whether_one_slot_is_free_is_what_the_model_says(case: Case, at: int, person: str) -> None:
    visit = case.event_type
    start = case.now + TICK * at
    chosen = (person, *(need[0] for need in visit.needs[1:]))
    slot = Slot(start, start + visit.duration, chosen)
    narrowed = Case(
        AppointmentRules({"visit": narrowed_to(visit, chosen)}, case.rules.resources),
        case.zone,
        case.hours,
        case.away,
        case.busy,
        case.now,
    )
    could = person in visit.needs[0] and slot in list(model(narrowed))
    assert case.search.is_free("visit", slot, case.busy, case.now) is could


def narrowed_to(event_type: EventType, chosen: tuple[str, ...]) -> EventType:
    return replace(event_type, needs=tuple((each,) for each in chosen))
