"""Appointments in Postgres, and an organisation whose sales can be met."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from switchboard.appointment_ports import Appointments
from switchboard.domain.appointment import (
    Appointment,
    AppointmentRules,
    Booker,
    CalendarElsewhere,
    ChangedBy,
    EventType,
    Resource,
    Slot,
)
from switchboard.domain.language import ENGLISH, Language
from switchboard.domain.organisation import Organisation, Person
from switchboard.postgres.appointments import PostgresAppointments
from switchboard.testing.manual_clock import ManualClock
from tests.sample_organisation import MARI, sample_organisation

RIGA = ZoneInfo("Europe/Riga")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANNA = Booker("+37255512345", "Anna Kask", Language("et"), "anna@example.net", "likes <b>coffee</b>")
CLIENT = ChangedBy("caller +37255512345")


def office(calendar: CalendarElsewhere | None = None) -> Organisation:
    """Mari can be met, in a room of its own."""
    mari = Person("mari", "Mari Tamm", "sales", MARI, email="mari@example.net")
    rules = AppointmentRules(
        {"meeting": EventType("meeting", {ENGLISH: "a meeting"}, HOUR, (("mari",), ("room",)), reminders=(DAY,))},
        {
            "mari": Resource("mari", {ENGLISH: "Mari"}, "office", "mari", calendar=calendar),
            "room": Resource("room", {ENGLISH: "the room"}, "office"),
        },
    )
    return replace(sample_organisation(), people={"mari": mari}, appointments=rules, timezone="Europe/Riga")


@asynccontextmanager
async def appointments(
    dsn: str, clock: ManualClock, organisation: Callable[[], Organisation] = office
) -> AsyncIterator[PostgresAppointments]:
    store = PostgresAppointments(dsn, clock, lambda: organisation().appointments, lambda: RIGA)
    yield store
    await store.close()


async def booked(
    store: Appointments, clock: ManualClock, start: datetime, booker: Booker = ANNA, moves: UUID | None = None
) -> Appointment:
    """A meeting of an hour."""
    slot = Slot(start, start + HOUR, ("mari", "room"))
    by = replace(CLIENT, key=uuid4().hex)
    held = await store.hold("meeting", slot, booker, clock.now() + HOUR, by, moves)
    assert held is not None
    made = await store.book(held.id, booker, by)
    assert made is not None
    return made
