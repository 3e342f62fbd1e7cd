"""Appointments in Postgres. That no time is given away twice is kept by the schema: see its migration.

Each change is one statement, which a function of the schema carries out: a process killed at any point leaves it done
or not begun, and asked again with the same key it is done once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import orjson

from switchboard.appointment_ports import Wish
from switchboard.domain.absence import end_instant, first_instant
from switchboard.domain.appointment import (
    Appointment,
    AppointmentRules,
    AppointmentState,
    Booker,
    Busy,
    ChangedBy,
    EventType,
    Slot,
)
from switchboard.domain.language import Language
from switchboard.ports import Clock
from switchboard.postgres.pooled import PooledQueries
from switchboard.postgres.rows import plain_uuid

NOTIFICATION = "appointments"  # told whenever one is booked, moved, confirmed or cancelled
DEADLINE = 2.0  # seconds, for connecting and for each request: somebody waits on the telephone
LOCK_TIMEOUT = 1.0  # seconds
CONNECTIONS = 8
CANDIDATES = 8  # references that are tried: with 100,000 to come, none is free once in 10^8
REFERENCES = 10**6
EXPIRED_KEPT = timedelta(minutes=10)  # so long a hold that nobody took over can still be booked


class PostgresAppointments:
    """Implements appointment_ports.Appointments. Many may, in any number of processes. Connects when first asked."""

    def __init__(
        self,
        dsn: str | Callable[[], str],
        clock: Clock,
        rules: Callable[[], AppointmentRules],
        zone: Callable[[], ZoneInfo],
        *,
        deadline: float = DEADLINE,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        """`rules` and `zone`, the organisation's, are those that count now."""
        self._clock, self._rules, self._zone = clock, rules, zone
        self.queries = PooledQueries(
            dsn,
            "appointments",
            "appointments cannot be read or changed",
            deadline=deadline,
            connections=CONNECTIONS,
            lock_timeout=lock_timeout,
        )

    async def close(self) -> None:
        """Let the connections go."""
        await self.queries.close()

    async def busy(self, resources: Collection[str], begin: datetime, end: datetime) -> Sequence[Busy]:
        """See Appointments."""
        rows = await self.queries.fetch("busy", list(resources), begin, end, self._clock.now())
        return [_busy(row) for row in rows]

    async def hold(
        self, event_type: str, slot: Slot, booker: Booker, until: datetime, by: ChangedBy, moves: UUID | None = None
    ) -> Appointment | None:
        """See Appointments. None, too, for an event type or a resource that the configuration does not know."""
        rules = self._rules()
        wanted = rules.event_types.get(event_type)
        if wanted is None or not slot.resources or not all(each in rules.resources for each in slot.resources):
            return None
        rows = await self.queries.fetch(
            "hold",
            uuid4(),
            _references(),
            event_type,
            slot.start,
            slot.end,
            list(slot.resources),
            [rules.resources[each].capacity for each in slot.resources],
            *blocked(wanted, slot),
            *local_day(slot.start, self._zone()),
            wanted.per_day,
            until,
            moves,
            *_columns(booker),
            by.key,
            self._clock.now(),
        )
        return appointment_of(rows[0]) if rows else None

    async def book(self, hold: UUID, booker: Booker, by: ChangedBy) -> Appointment | None:
        """See Appointments."""
        held = await self.queries.fetch("held", hold)
        now, rules = self._clock.now(), self._rules()
        rows = await self.queries.fetch(
            "book",
            hold,
            orjson.dumps({each.id: each.capacity for each in rules.resources.values()}).decode(),
            orjson.dumps({each.id: each.per_day for each in rules.event_types.values()}).decode(),
            *local_day(held[0]["starts"] if held else now, self._zone()),
            _references(),
            *_columns(booker),
            *_who(by),
            now,
        )
        return appointment_of(rows[0]) if rows else None

    async def release(self, hold: UUID) -> None:
        """See Appointments."""
        await self.queries.fetch("release", hold)

    async def sweep(self) -> int:
        """Let holds go that expired a while ago; how many those were."""
        before, count = self._clock.now() - EXPIRED_KEPT, 0
        for row in await self.queries.fetch("expired", before):
            count += (await self.queries.fetch("sweep", row["id"], before))[0]["swept"]
        return count

    async def cancel(self, appointment: UUID, by: ChangedBy) -> Appointment | None:
        """See Appointments."""
        rows = await self.queries.fetch("cancel", appointment, *_who(by), self._clock.now())
        return appointment_of(rows[0]) if rows else None

    async def confirm(self, appointment: UUID, by: ChangedBy) -> Appointment | None:
        """See Appointments."""
        rows = await self.queries.fetch("confirm", appointment, *_who(by), self._clock.now())
        return appointment_of(rows[0]) if rows else None

    async def of(self, number: str, since: datetime) -> Sequence[Appointment]:
        """See Appointments."""
        return [appointment_of(row) for row in await self.queries.fetch("of_number", number, since)]

    async def by_reference(self, reference: str, since: datetime) -> Appointment | None:
        """See Appointments."""
        rows = await self.queries.fetch("by_reference", reference, since)
        return appointment_of(rows[0]) if rows else None

    async def wish(self, wish: Wish) -> None:
        """See Appointments."""
        times = wish.since, wish.until
        await self.queries.fetch(
            "wish", wish.id, wish.event_type, *_columns(wish.booker), *times, wish.resource, wish.appointment
        )


def blocked(event_type: EventType, slot: Slot) -> tuple[datetime, datetime]:
    """What a slot takes its resources for, with its buffers."""
    return slot.start - event_type.before, slot.end + event_type.after


def local_day(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The day of a clock in which an instant lies: its first instant, and the first after it."""
    day = at.astimezone(zone).date().isoformat()
    return first_instant(day, zone), end_instant(day, zone)


def appointment_of(row: asyncpg.Record) -> Appointment:
    """A row of `appointments`."""
    return Appointment(
        id=plain_uuid(row["id"]),
        reference=row["reference"],
        event_type=row["event_type"],
        slot=Slot(row["starts"], row["ends"], tuple(row["resources"])),
        state=AppointmentState(row["state"]),
        booker=booker_of(row),
        revision=row["revision"],
        held_until=row["held_until"],
        moves=plain_uuid(row["moves"]) if row["moves"] else None,
    )


def booker_of(row: asyncpg.Record) -> Booker:
    """Whom a row of `appointments` or `appointment_wishes` is for."""
    language = Language(row["language"]) if row["language"] else None
    return Booker(row["number"], row["name"], language, row["email"], row["note"])


def _busy(row: asyncpg.Record) -> Busy:
    start, end = row["blocked"].lower, row["blocked"].upper
    identifier = plain_uuid(row["id"]) if row["id"] else None
    return Busy(row["resource"], start, end, row["event_type"], row["starts"], identifier)


def _columns(booker: Booker) -> tuple[Any, ...]:
    language = str(booker.language) if booker.language else None
    return booker.number, booker.name[:500], language, booker.email[:320], booker.note[:2000]


def _who(by: ChangedBy) -> tuple[Any, ...]:
    return by.who[:500], by.why[:500], by.call_id, by.key


def _references() -> list[str]:
    return [f"{secrets.randbelow(REFERENCES):06}" for _ in range(CANDIDATES)]
