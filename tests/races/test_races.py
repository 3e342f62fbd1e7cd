"""Many callers, one time: one has it, the others another. Nobody waits in a circle, nobody waits for long."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from switchboard.domain.appointment import Appointment, ChangedBy
from switchboard.postgres.appointments import PostgresAppointments
from switchboard.testing.manual_clock import ManualClock
from tests.races.racing import HOUR, LIMIT, NOON, ZONE, Seen, caller, claim, race, slot_of, store_at

CALLERS = 90
AT_MOST = 0.1  # seconds for a claim, of 99 in 100, where nothing else works on this machine
WAYS = (("visit",), ("tasting", "cleaning"), ("class",))  # the second: the same two resources, in both orders

TWICE = """
    select one.appointment from appointment_resources one join appointment_resources other
    on one.resource = other.resource and one.seat = other.seat and one.blocked && other.blocked
    and one.appointment < other.appointment where one.claimant <> other.claimant
"""


@pytest_asyncio.fixture
async def store(dsn: str) -> AsyncIterator[PostgresAppointments]:
    opened = store_at(dsn, ManualClock(NOON))
    yield opened
    await opened.close()


async def deadlocks(dsn: str) -> int:
    """How many there were, ever; and nothing may be given twice."""
    connection = await asyncpg.connect(dsn, timeout=20)
    assert await connection.fetch(TWICE) == []
    await connection.execute("select pg_stat_force_next_flush()")
    count = await connection.fetchval("select deadlocks from pg_stat_database where datname = current_database()")
    await connection.close(timeout=20)
    return int(count)


async def raced(dsn: str, store: PostgresAppointments, great: int, small: int) -> Seen:
    """So many races of 90 callers, and of 6."""
    seen = Seen()
    for number in range(great + small):
        await race(store, CALLERS if number < great else 6, WAYS[number % 3], number, seen)
    assert await deadlocks(dsn) == 0
    print(seen.told())
    return seen


async def test_one_has_it(dsn: str, store: PostgresAppointments) -> None:
    seen = await raced(dsn, store, 6, 60)
    assert seen.winners == 22 * 1 + 22 * 1 + 22 * 5


@pytest.mark.thorough
async def test_one_has_it_ten_thousand_times(dsn: str, store: PostgresAppointments) -> None:
    seen = await raced(dsn, store, 500, 9_500)
    assert seen.races == 10_000
    assert seen.p99 < AT_MOST or os.getloadavg()[0] > os.cpu_count() + 1, seen.told()


async def test_who_comes_too_late_finds_another_time(dsn: str, store: PostgresAppointments) -> None:
    """90 callers want the first time there is, and take the next until they have one."""
    seen = Seen()

    async def one(who: int) -> Appointment:
        for number in range(CALLERS):
            held = await claim(store, who, "visit", slot_of("visit", number), seen, key=f"call {who}")
            if held is not None:
                booked = await store.book(held.id, caller(who), ChangedBy(f"caller {who}"))
                assert booked is not None
                return booked
        raise AssertionError(f"caller {who} found none")

    found = await asyncio.gather(*(one(who) for who in range(CALLERS)))
    assert sorted(each.slot.start for each in found) == [slot_of("visit", each).start for each in range(CALLERS)]
    assert len({each.reference for each in found}) == CALLERS
    assert await deadlocks(dsn) == 0
    print(seen.told())


async def test_a_limit_per_day_is_kept(dsn: str, store: PostgresAppointments) -> None:
    """Though each wants a time of their own, on two days of the organisation's clocks."""
    seen = Seen()
    held = await asyncio.gather(*(claim(store, who, "rare", slot_of("rare", who % 33), seen) for who in range(66)))
    days = Counter(each.slot.start.astimezone(ZONE).date() for each in held if each is not None)
    assert sorted(days.values()) == [LIMIT, LIMIT]
    assert await deadlocks(dsn) == 0


async def test_whatever_callers_do_nobody_waits_in_a_circle(dsn: str, store: PostgresAppointments) -> None:
    """Callers hold, move, book, cancel and let go of neighbouring times of the same resources, in any order."""
    luck, clock = random.Random(6), ManualClock(NOON)
    other = store_at(dsn, clock)  # whose clock goes on: holds of both expire, and are taken over

    async def one(who: int) -> None:
        mine: list[UUID] = []
        for turn in range(12):
            where = luck.choice((store, other))
            event_type = luck.choice(("visit", "tasting", "cleaning", "class", "rare"))
            slot, by = slot_of(event_type, luck.randrange(6)), ChangedBy(f"caller {who}", key=f"call {who}/{turn // 3}")
            moves = luck.choice(mine) if mine and luck.random() < 0.5 else None
            held = await where.hold(event_type, slot, caller(who), clock.now() + HOUR / 60, by, moves)
            if held is not None and luck.random() < 0.6:
                booked = await where.book(held.id, caller(who), by)
                mine += [booked.id] if booked is not None else []
            elif held is not None and luck.random() < 0.5:
                await where.release(held.id)
            if mine and luck.random() < 0.5:
                await where.cancel(mine.pop(), by)
            if luck.random() < 0.1:
                clock.pass_time(HOUR / 60)
                await where.sweep()

    await asyncio.gather(*(one(who) for who in range(30)))
    await other.close()
    assert await deadlocks(dsn) == 0
