"""What is done about appointments beside calls, in tasks of the controller: kept in step with calendars elsewhere,
reminded of, offered anew when they become free. Nothing of it is on a call's path."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from switchboard.appointment_ports import Appointments
from switchboard.calendars.appointment_words import told_in_calendar
from switchboard.calendars.caldav_calendar import CaldavCalendar
from switchboard.calendars.icalendar_text import stored
from switchboard.calendars.keeping_in_step import Here, InStep
from switchboard.domain.appointment import Appointment, CalendarElsewhere, EventType
from switchboard.domain.organisation import Organisation
from switchboard.errors import CalendarUnreachable, RecordsUnreachable
from switchboard.ports import AgentLines
from switchboard.postgres.appointment_calls import PostgresAppointmentCalls
from switchboard.postgres.appointment_upkeep import AppointmentUpkeep
from switchboard.postgres.appointments import PostgresAppointments
from switchboard.postgres.calendar_book import PostgresCalendarBook
from switchboard.services.offer_freed_times import Waitlist
from switchboard.services.office import Office
from switchboard.services.remind_of_appointments import Reminding

POLL = 20.0  # seconds between two looks into a calendar
AGAIN = 5.0  # seconds after something broke
LOOK = 2.0  # seconds between two looks at which calendars there are

log = structlog.get_logger(__name__)


def calendar_variable(resource: str) -> str:
    """The environment variable that holds the password of a resource's calendar."""
    return f"SWITCHBOARD_CALENDAR_{resource.upper()}_PASSWORD"


class CalendarsElsewhere:
    """Keeps every calendar that the organisation names in step, each in a task of its own."""

    def __init__(
        self,
        book: PostgresCalendarBook,
        appointments: Appointments,
        organisation: Callable[[], Organisation],
        now: Callable[[], datetime],
        environment: Mapping[str, str] = os.environ,
        *,
        poll: float = POLL,
    ) -> None:
        self._book, self._appointments, self._organisation, self._now = book, appointments, organisation, now
        self._environment, self._poll = environment, poll
        self._tasks: dict[str, tuple[CalendarElsewhere, asyncio.Task[None]]] = {}
        self._told: dict[str, dict[str, Any]] = {}

    def told(self) -> dict[str, dict[str, Any]]:
        """How each goes, by resource: `problem` and `read_at`; JSON values."""
        return {resource: dict(how) for resource, how in sorted(self._told.items())}

    async def run(self) -> None:
        """Keep them in step, until cancelled."""
        known: set[str] | None = None
        try:
            while True:
                wanted = self._wanted()
                for resource in [each for each, (of, _) in self._tasks.items() if wanted.get(each) != of]:
                    await self._end(resource)
                for resource, calendar in wanted.items():
                    if resource not in self._tasks:
                        task = asyncio.create_task(self._keep(resource, calendar), name=f"calendar-{resource}")
                        self._tasks[resource] = (calendar, task)
                if known != wanted.keys():
                    with contextlib.suppress(RecordsUnreachable):  # told as a problem of Postgres already
                        await self._book.forget_others(wanted.keys())
                        known = set(wanted)
                await asyncio.sleep(LOOK)
        finally:
            for resource in list(self._tasks):
                await self._end(resource)

    def _wanted(self) -> dict[str, CalendarElsewhere]:
        resources = self._organisation().appointments.resources.values()
        return {each.id: each.calendar for each in resources if each.calendar is not None}

    async def _end(self, resource: str) -> None:
        _, task = self._tasks.pop(resource)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._told.pop(resource, None)

    async def _keep(self, resource: str, calendar: CalendarElsewhere) -> None:
        how = self._told[resource] = {"problem": None, "read_at": None}
        while True:
            password = self._environment.get(calendar_variable(resource), "")
            remote = CaldavCalendar(calendar.url, calendar.username, password)
            try:
                if password:
                    await self._look_again_and_again(resource, calendar, remote, how)
                how["problem"] = f"no password in {calendar_variable(resource)}"
                await self._note(resource, how["problem"])
            except Exception as error:  # a task's root: whatever broke, the calendar must not wait for a restart
                how["problem"] = f"broke off: {error!r}"
                log.exception("calendar_broke_off", resource=resource, again_in=self._poll)
            finally:
                await remote.close()
            await asyncio.sleep(self._poll)

    async def _look_again_and_again(
        self, resource: str, calendar: CalendarElsewhere, remote: CaldavCalendar, how: dict[str, Any]
    ) -> None:
        while True:
            before = how["problem"]
            try:
                problem = await InStep(resource, remote, self._here(resource, calendar)).once()
                how["problem"], how["read_at"] = problem or None, self._now().isoformat()
                if before and not problem:
                    log.info("calendar_in_step_again", resource=resource)
            except CalendarUnreachable as error:
                how["problem"] = str(error)
                if before != how["problem"]:
                    log.warning("calendar_unreachable", resource=resource, error=str(error))
                await self._note(resource, str(error))
            except RecordsUnreachable as error:
                how["problem"] = str(error)
            await asyncio.sleep(self._poll)

    async def _note(self, resource: str, problem: str) -> None:
        with contextlib.suppress(RecordsUnreachable):  # told as a problem of Postgres already
            await self._book.note(resource, None, problem, self._now())

    def _here(self, resource: str, calendar: CalendarElsewhere) -> Here:
        organisation = self._organisation()
        zone = ZoneInfo(organisation.timezone)

        def text(appointment: Appointment) -> bytes:
            told = told_in_calendar(appointment, organisation, resource, with_client=calendar.with_client)
            return stored(appointment, told, zone, self._now())

        types = organisation.appointments.event_types.values()
        horizon = max((each.horizon for each in types), default=EventType("", {}, timedelta(), ()).horizon)
        return Here(self._book, self._appointments, zone, horizon, text, self._now)


class AppointmentPost:
    """All of it; `told` is how it goes."""

    def __init__(
        self, database_url: str, office: Callable[[], Office], lines: AgentLines, appointments: PostgresAppointments
    ) -> None:
        self._calls, self._book = PostgresAppointmentCalls(database_url), PostgresCalendarBook(database_url)
        self._reminding = Reminding(office, lines, self._calls, appointments)
        self._waitlist = Waitlist(office, lines, self._calls, appointments)
        self._calendars = CalendarsElsewhere(
            self._book, appointments, lambda: office().organisation, lambda: office().clock.now()
        )
        self._upkeep = AppointmentUpkeep(appointments, lambda: office().clock.now(), lambda: office().organisation.keep)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_again_and_again(self._reminding.run, "reminding"))
            tasks.create_task(_again_and_again(self._waitlist.run, "waitlist"))
            tasks.create_task(_again_and_again(self._calendars.run, "calendars"))
            tasks.create_task(_again_and_again(self._upkeep.run, "appointment-upkeep"))

    async def close(self) -> None:
        """Let the connections go."""
        await self._calls.close()
        await self._book.close()

    def told(self) -> dict[str, Any]:
        """For `switchboard status`; JSON values."""
        return {
            "calendars": self._calendars.told(),
            "reminders_problem": self._reminding.problem,
            "upkeep_problem": self._upkeep.problem,
        }


async def _again_and_again(work: Callable[[], Awaitable[None]], name: str) -> None:
    while True:
        try:
            await work()
        except Exception:  # a task's root: whatever broke must not wait for a restart
            log.exception("appointment_post_broke_off", task=name, again_in=AGAIN)
        await asyncio.sleep(AGAIN)
