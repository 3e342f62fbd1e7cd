"""Whom appointments were for is forgotten in time, and holds that nobody booked go; with a real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest_asyncio

from switchboard.appointment_ports import Wish
from switchboard.domain.appointment import Appointment, AppointmentRules, Booker, ChangedBy, EventType, Resource, Slot
from switchboard.domain.retention import Retention
from switchboard.postgres.appointment_list import AppointmentList
from switchboard.postgres.appointment_upkeep import AppointmentUpkeep
from switchboard.postgres.appointments import EXPIRED_KEPT, PostgresAppointments
from switchboard.testing.manual_clock import ManualClock

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = AppointmentRules({"visit": EventType("visit", {}, HOUR, (("chef",),))}, {"chef": Resource("chef", {}, "open")})
ANNA = Booker("+37255501234", "Anna Saar", email="anna@example.net", note="nut allergy")
CALLER = ChangedBy(f"caller {ANNA.number}", "Anna said so", uuid4(), "call/book/1")


@pytest_asyncio.fixture
async def store(dsn: str) -> AsyncIterator[PostgresAppointments]:
    opened = PostgresAppointments(dsn, ManualClock(NOON), lambda: RULES, lambda: ZoneInfo("Europe/Tallinn"))
    yield opened
    await opened.close()


def upkeep(store: PostgresAppointments, at: datetime, keep: Retention) -> AppointmentUpkeep:
    return AppointmentUpkeep(store, lambda: at, lambda: keep)


async def booked(store: PostgresAppointments, start: datetime, by: ChangedBy) -> Appointment:
    held = await store.hold("visit", Slot(start, start + HOUR, ("chef",)), ANNA, NOON + HOUR, by)
    assert held is not None
    found = await store.book(held.id, ANNA, by)
    assert found is not None
    return found


async def everything(dsn: str) -> str:
    """All that is written anywhere about appointments."""
    connection = await asyncpg.connect(dsn, timeout=20)
    told = ""
    for table in ("appointments", "appointment_events", "appointment_resources", "appointment_wishes"):
        rows = await connection.fetch(f"select each::text from {table} each")
        told += "\n".join(row["each"] for row in rows)
    await connection.close(timeout=20)
    return told


async def test_whom_it_was_for_is_forgotten_and_what_was_stays(dsn: str, store: PostgresAppointments) -> None:
    past = await booked(store, NOON + HOUR, CALLER)
    await store.cancel(past.id, replace(CALLER, who="mari", why="Anna is ill"))
    later = await booked(store, NOON + 5 * DAY, replace(CALLER, key="call/book/2"))
    keep = Retention(appointments=30 * DAY)
    assert await upkeep(store, past.slot.end + 30 * DAY, keep).forget() == 0
    assert await upkeep(store, past.slot.end + 30 * DAY + HOUR, Retention()).forget() == 0
    after = upkeep(store, past.slot.end + 30 * DAY + HOUR, keep)
    assert (await after.forget(), await after.forget()) == (1, 0)
    listing = AppointmentList(store.queries)
    forgotten = replace(past, booker=Booker(""), state=past.state.CANCELLED, revision=1)
    assert await listing.get(past.id) == forgotten
    history = [(each.what, each.who, each.why, each.call_id) for each in await listing.history(past.id)]
    why = "kept as long as organisation.yaml says"
    assert history == [
        ("booked", "caller", "", None),
        ("cancelled", "mari", "", None),
        ("erased", "switchboard", why, None),
    ]
    assert await listing.get(later.id) == later
    assert await upkeep(store, NOON + 400 * DAY, keep).forget() == 1
    told = await everything(dsn)
    for trace in (ANNA.number, "Anna", ANNA.email, ANNA.note, str(CALLER.call_id), "call/book"):
        assert trace not in told


async def test_wishes_for_what_has_passed_go(dsn: str, store: PostgresAppointments) -> None:
    await store.wish(Wish(uuid4(), "visit", ANNA, NOON, NOON + DAY))
    await upkeep(store, NOON + DAY, Retention()).forget()
    assert ANNA.number in await everything(dsn)
    await upkeep(store, NOON + DAY + HOUR, Retention()).forget()
    assert ANNA.number not in await everything(dsn)


async def test_holds_go_a_while_after_they_expired(dsn: str, store: PostgresAppointments) -> None:
    slot = Slot(NOON + DAY, NOON + DAY + HOUR, ("chef",))
    held = await store.hold("visit", slot, ANNA, NOON + HOUR, CALLER)
    kept = await booked(store, NOON + 2 * DAY, replace(CALLER, key="other"))
    assert held is not None
    later = ManualClock(NOON + HOUR + EXPIRED_KEPT)
    other = PostgresAppointments(dsn, later, lambda: RULES, lambda: ZoneInfo("Europe/Tallinn"))
    assert await other.sweep() == 0
    later.pass_time(HOUR)
    assert (await other.sweep(), await other.sweep()) == (1, 0)
    assert await store.book(held.id, ANNA, CALLER) is None
    assert await store.of(ANNA.number, NOON) == [kept]
    await other.close()
