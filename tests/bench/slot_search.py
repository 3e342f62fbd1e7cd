"""`python -m tests.bench.slot_search`: CPU time until the first offer, in a year of 50 people's calendars."""

from __future__ import annotations

import random
import statistics
import time
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from switchboard.domain.appointment import AppointmentRules, Busy, EventType, Resource
from switchboard.domain.free_slots import SlotSearch
from switchboard.domain.hours import HoursTable

ZONE = ZoneInfo("Europe/Riga")
PEOPLE, DAYS, ROUNDS = 50, 365, 9
BEGINS = (9, 10, 11, 13, 14, 15, 16)  # hours of the day: all that the office is open for
NOW = datetime(2026, 1, 1, 6, tzinfo=UTC)
PROMISED = 50  # milliseconds, four of five times being taken


def calendars(share: float) -> list[Busy]:
    """A year of bookings, of all times this share, in the order of their beginnings."""
    chance, found = random.Random(50), []
    for number in range(DAYS):
        day = date(2026, 1, 1) + timedelta(days=number)
        for hour in BEGINS:
            start = datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).astimezone(UTC)
            end = start + timedelta(hours=1)
            taken = (person for person in range(PEOPLE) if chance.random() < share)
            found += [Busy(f"p{person}", start, end, "visit", start, uuid4()) for person in taken]
    return found


def first_offer(busy: list[Busy]) -> tuple[float, str]:
    """(median milliseconds of CPU, what was found)."""
    hours = {"office": HoursTable("office", "Mo-Su 09:00-12:00,13:00-17:00; PH off", "Europe/Riga", "LV")}
    people = {f"p{number}": Resource(f"p{number}", {}, "office") for number in range(PEOPLE)}
    visit = EventType("visit", {}, timedelta(minutes=30), (tuple(people),), horizon=timedelta(days=DAYS))
    search = SlotSearch(AppointmentRules({"visit": visit}, people), hours, ZONE)
    took, found = [], None
    for _ in range(ROUNDS):
        began = time.process_time()
        found = next(search.free("visit", busy, NOW, after=NOW), None)
        took.append((time.process_time() - began) * 1000)
    return statistics.median(took), f"{found.start:%d %b}" if found else "none in the year"


def main() -> None:
    """Measure, and print."""
    for share in (0.0, 0.8, 1.0):
        busy = calendars(share)
        took, found = first_offer(busy)
        told = f"promised: {PROMISED} ms" if share < 1 else "all is looked at"
        print(
            f"slots: {PEOPLE} people, {DAYS} days, {share:.0%} taken ({len(busy):,} bookings): "
            f"first offer ({found}) after {took:.1f} ms of CPU ({told})"
        )


if __name__ == "__main__":
    main()
