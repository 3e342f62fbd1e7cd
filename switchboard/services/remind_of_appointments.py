"""Reminds clients of their appointments: by mail and text through the outbox, by calls of our own.

All that is to be done is planned in Postgres and noted there before it is done. With Postgres away nobody is reminded,
and afterwards whoever is still to be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from switchboard.appointment_ports import AppointmentCalls, Appointments
from switchboard.domain.appointment import Appointment, ReminderWay
from switchboard.domain.callback import callback_role
from switchboard.domain.decent_hours import DecentHours
from switchboard.domain.hours import HoursKind
from switchboard.domain.phone_numbers import masked
from switchboard.domain.queueing import CallbackRules
from switchboard.domain.reminding import (
    INTERRUPTED,
    Reminder,
    ReminderState,
    attempt_failed,
    begin_attempt,
    close,
    reminders_of,
)
from switchboard.domain.webhook import Matter
from switchboard.errors import RecordsUnreachable
from switchboard.ports import AgentLines
from switchboard.services.office import Office
from switchboard.services.remind_by_call import OutsideCall, call_about, outside_line, remind

LOOK = 15.0  # seconds between two looks for what is due
AHEAD = timedelta(days=32)  # how far reminders are planned: the earliest is 30 days before
AT_ONCE = 2  # calls

_log = structlog.get_logger(__name__)


def decent_hours(office: Office) -> DecentHours:
    """When people may be called."""
    organisation = office.organisation
    return DecentHours(ZoneInfo(organisation.timezone), office.hours.get(organisation.appointments.decent_hours))


def may_call(office: Office, now: datetime) -> bool:
    """Is the role that our calls go out by allowed to call at this hour?"""
    role = callback_role(CallbackRules(role=office.organisation.appointments.call_role), office.organisation)
    hours = office.hours.get(role.hours) if role is not None and role.hours else None
    return hours is None or hours.state_at(now).kind is HoursKind.OPEN


class Reminding:
    """The task that reminds. `office` is the one that calls begin with now."""

    def __init__(
        self, office: Callable[[], Office], lines: AgentLines, calls: AppointmentCalls, appointments: Appointments
    ) -> None:
        self._office, self._lines, self._calls, self._appointments = office, lines, calls, appointments
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self.problem: str | None = None

    async def run(self) -> None:
        """Remind, until cancelled."""
        is_settled = False
        try:
            while True:
                try:
                    if not is_settled:
                        await self.settle_begun()
                        is_settled = True
                    await self.once()
                    self.problem = None
                except RecordsUnreachable as error:
                    if self.problem is None:
                        _log.warning("reminders_wait_for_postgres", error=str(error))
                    self.problem = str(error)
                await asyncio.sleep(LOOK)
        finally:
            for task in self._under_way.values():
                task.cancel()
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def settle_begun(self) -> None:
        """What an earlier controller left half done: only who had not picked up is called again."""
        for reminder, appointment in await self._calls.begun():
            if reminder.state is ReminderState.ANSWERED:
                await self._calls.note(close(reminder, ReminderState.DONE, INTERRUPTED), reminder)
            else:
                await self._failed(reminder, appointment, INTERRUPTED)

    async def once(self) -> None:
        """Plan, and do what is due. Calls go on by themselves."""
        office = self._office()
        now = office.clock.now()
        await self._plan(office, now)
        for reminder, appointment in await self._calls.due(now):
            if reminder.way is not ReminderWay.CALL:
                if await self._calls.send(reminder):
                    _log.info("reminder_sent", appointment=str(appointment.id), way=reminder.way.value)
            elif self._may_begin(reminder, appointment, office, now):
                task = asyncio.create_task(self._call(reminder, appointment), name=reminder.key)
                self._under_way[reminder.key] = task
                task.add_done_callback(partial(self._call_over, reminder.key))

    async def calls_over(self) -> None:
        """Return when no call is under way."""
        while self._under_way:
            await asyncio.wait(list(self._under_way.values()))
            await asyncio.sleep(0)

    def _may_begin(self, reminder: Reminder, appointment: Appointment, office: Office, now: datetime) -> bool:
        return (
            len(self._under_way) < AT_ONCE
            and reminder.key not in self._under_way
            and may_call(office, now)
            and decent_hours(office).are_at(now, appointment.booker.number)
        )

    async def _plan(self, office: Office, now: datetime) -> None:
        organisation = office.organisation
        rules, decent = organisation.appointments, decent_hours(office)
        has_texts = any(Matter.SMS in each.of for each in organisation.webhooks.values())
        for promise in await self._calls.coming(now, now + AHEAD):
            event_type = rules.event_types.get(promise.appointment.event_type)
            if event_type is None or not event_type.reminders:
                continue
            number = promise.appointment.booker.number
            possible = {ReminderWay.MAIL}
            possible |= {ReminderWay.SMS} if has_texts else set()
            possible |= {ReminderWay.CALL} if outside_line(number, organisation) is not None else set()
            ways = [way for way in rules.remind_by if way in possible]
            await self._calls.plan(reminders_of(promise.appointment, event_type, promise.since, ways, decent))

    async def _call(self, waiting: Reminder, appointment: Appointment) -> None:
        office = self._office()
        dialling = begin_attempt(waiting)
        if not await self._calls.note(dialling, waiting):
            return  # changed meanwhile
        answered = replace(dialling, state=ReminderState.ANSWERED)

        async def picked_up() -> None:
            await self._calls.note(answered, dialling)

        async def conversation(call: OutsideCall) -> str:
            return await remind(call, appointment, self._appointments)

        about = {"appointment": str(appointment.id), "number": masked(appointment.booker.number)}
        try:
            reached, told = await call_about(appointment, "reminder", office, self._lines, picked_up, conversation)
            _log.info("reminded_by_call", reached=reached, outcome=told, attempt=dialling.attempts, **about)
            if reached:
                await self._calls.note(close(answered, ReminderState.DONE, told), answered)
            else:
                await self._failed(dialling, appointment, told)
        except RecordsUnreachable as error:  # it stays as it is noted, and is settled at the next start
            _log.error("reminder_not_noted", error=str(error), **about)

    async def _failed(self, reminder: Reminder, appointment: Appointment, why: str) -> None:
        office = self._office()
        number, now = appointment.booker.number, office.clock.now()
        after = attempt_failed(reminder, why, decent_hours(office), number, now)
        await self._calls.note(after, reminder)
        if after.state is ReminderState.GIVEN_UP:
            _log.error("not_reminded", appointment=str(appointment.id), number=masked(number), last=why)

    def _call_over(self, key: str, task: asyncio.Task[None]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled() and (error := task.exception()) is not None:  # whatever broke, others are called
            _log.error("reminder_broke_off", reminder=key, error=repr(error), exc_info=error)
