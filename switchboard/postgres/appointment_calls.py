"""Reminders and the waitlist, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from switchboard.appointment_ports import Freed, Promise, Wish
from switchboard.domain.appointment import Appointment, ReminderWay, Slot
from switchboard.domain.reminding import Reminder, ReminderState
from switchboard.postgres.appointments import appointment_of, booker_of
from switchboard.postgres.pooled import PooledQueries
from switchboard.postgres.rows import plain_uuid

KINDS = {ReminderWay.MAIL: "email", ReminderWay.SMS: "webhook"}  # of the outbox
LONGEST_LAST = 500  # characters


class PostgresAppointmentCalls(PooledQueries):
    """Implements AppointmentCalls."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, "appointment_calls", "reminders cannot be read or noted")

    async def coming(self, now: datetime, until: datetime) -> Sequence[Promise]:
        """See AppointmentCalls."""
        return [Promise(appointment_of(row), row["since"]) for row in await self.fetch("coming", now, until)]

    async def plan(self, reminders: Sequence[Reminder]) -> None:
        """See AppointmentCalls."""
        if reminders:
            columns = zip(
                *(
                    (each.key, each.appointment, each.start, each.before, each.way.value, each.at, each.latest)
                    for each in reminders
                ),
                strict=True,
            )
            await self.fetch("plan", *map(list, columns))

    async def due(self, now: datetime) -> Sequence[tuple[Reminder, Appointment]]:
        """See AppointmentCalls."""
        await self.fetch("drop", now)
        return [_reminder(row) for row in await self.fetch("due", now)]

    async def send(self, reminder: Reminder) -> bool:
        """See AppointmentCalls."""
        return bool(await self.fetch("send", reminder.key, KINDS[reminder.way]))

    async def note(self, reminder: Reminder, before: Reminder) -> bool:
        """See AppointmentCalls."""
        told = (reminder.state.value, reminder.attempts, reminder.last[:LONGEST_LAST], reminder.at)
        return bool(await self.fetch("note", reminder.key, *told, before.state.value, before.attempts))

    async def begun(self) -> Sequence[tuple[Reminder, Appointment]]:
        """See AppointmentCalls."""
        return [_reminder(row, row["reminder_starts"]) for row in await self.fetch("begun")]

    async def freed(self, now: datetime) -> Sequence[Freed]:
        """See AppointmentCalls."""
        await self.fetch("settle_past", now)
        return [
            Freed(row["id"], row["event_type"], Slot(row["starts"], row["ends"], tuple(row["resources"])))
            for row in await self.fetch("freed", now)
        ]

    async def waiting(self, freed: Freed, now: datetime) -> Sequence[Wish]:
        """See AppointmentCalls."""
        slot = freed.slot
        rows = await self.fetch("waiting", freed.event_type, slot.start, list(slot.resources), now)
        return [_wish(row) for row in rows]

    async def offer(self, freed: Freed, wish: Wish) -> bool:
        """See AppointmentCalls."""
        return bool(await self.fetch("offer", wish.id, freed.slot.start))

    async def fulfilled(self, wish: Wish) -> None:
        """See AppointmentCalls."""
        await self.fetch("fulfilled", wish.id)

    async def settled(self, freed: Freed) -> None:
        """See AppointmentCalls."""
        await self.fetch("settled", freed.id)


def _reminder(row: asyncpg.Record, starts: datetime | None = None) -> tuple[Reminder, Appointment]:
    appointment = appointment_of(row)
    start = starts or appointment.slot.start  # what is due is as it was planned: else it is dropped
    reminder = Reminder(
        appointment.id,
        start,
        row["before"],
        ReminderWay(row["way"]),
        row["next_at"],
        row["latest"],
        ReminderState(row["reminder_state"]),
        row["attempts"],
        row["last"],
    )
    return reminder, appointment


def _wish(row: asyncpg.Record) -> Wish:
    return Wish(
        plain_uuid(row["id"]),
        row["event_type"],
        booker_of(row),
        row["since"],
        row["until"],
        row["resource"],
        plain_uuid(row["appointment"]) if row["appointment"] else None,
    )
