"""Races for appointments: many callers, one time."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from switchboard.domain.appointment import (
    Appointment,
    AppointmentRules,
    Booker,
    ChangedBy,
    EventType,
    Resource,
    Slot,
)
from switchboard.ports import Clock
from switchboard.postgres.appointments import PostgresAppointments

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
BEGINNING = NOON + HOUR
ZONE = ZoneInfo("Europe/Tallinn")
LIMIT = 3  # of event type `rare`, on a day
RULES = AppointmentRules(
    event_types={
        each.id: each
        for each in (
            EventType("visit", {}, HOUR, (("chef",),)),
            EventType("tasting", {}, HOUR, (("room",), ("chef",))),
            EventType("cleaning", {}, HOUR, (("chef",), ("room",))),
            EventType("class", {}, HOUR, (("desks",),)),
            EventType("rare", {}, HOUR / 2, (("cook",),), per_day=LIMIT),
        )
    },
    resources={
        each.id: each
        for each in (
            Resource("chef", {}, "opening"),
            Resource("room", {}, "opening"),
            Resource("cook", {}, "opening"),
            Resource("desks", {}, "opening", capacity=5),
        )
    },
)
_BY = ChangedBy("a caller", "a race")


@dataclass
class Seen:
    """What callers met with."""

    races: int = 0
    claims: list[float] = field(default_factory=list)  # seconds each took
    winners: int = 0

    def told(self) -> str:
        """In a line: times in milliseconds."""
        ordered = sorted(self.claims)
        p50, p99 = (1000 * ordered[int(part * (len(ordered) - 1))] for part in (0.5, 0.99))
        return (
            f"{self.races} races, {len(ordered)} claims: p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
            f"max {1000 * ordered[-1]:.1f} ms; load {os.getloadavg()[0]:.1f}"
        )

    @property
    def p99(self) -> float:
        """Seconds."""
        return sorted(self.claims)[int(0.99 * (len(self.claims) - 1))]


def store_at(dsn: str, clock: Clock) -> PostgresAppointments:
    """Calendars that are raced for; who waits there waits longer than on the telephone, for tests share a machine."""
    return PostgresAppointments(dsn, clock, lambda: RULES, lambda: ZONE, deadline=60, lock_timeout=30)


def slot_of(event_type: str, number: int) -> Slot:
    """The `number`th time of it, none of which meets another."""
    wanted = RULES.event_types[event_type]
    start = BEGINNING + number * HOUR
    return Slot(start, start + wanted.duration, tuple(need[0] for need in wanted.needs))


def caller(number: int) -> Booker:
    """One of many."""
    return Booker(f"+3725{number:07}", f"Caller {number}")


async def claim(
    store: PostgresAppointments, who: int, event_type: str, slot: Slot, seen: Seen, key: str = ""
) -> Appointment | None:
    """One caller's attempt to have it held; RecordsUnreachable, which a deadlock would be, is nobody's to catch."""
    began = time.perf_counter()
    held = await store.hold(event_type, slot, caller(who), NOON + HOUR, ChangedBy(f"caller {who}", key=key))
    seen.claims.append(time.perf_counter() - began)
    return held


async def race(store: PostgresAppointments, callers: int, event_types: Sequence[str], number: int, seen: Seen) -> None:
    """Callers at once for one time, each by one of these ways to it; who has it books it."""

    async def one(who: int) -> Appointment | None:
        event_type = event_types[who % len(event_types)]
        held = await claim(store, who, event_type, slot_of(event_type, number), seen)
        return None if held is None else await store.book(held.id, caller(who), _BY)

    found = [each for each in await asyncio.gather(*(one(who) for who in range(callers))) if each is not None]
    resource = RULES.event_types[event_types[0]].needs[0][0]
    assert len(found) == min(callers, RULES.resources[resource].capacity), (number, found)
    seen.races += 1
    seen.winners += len(found)
