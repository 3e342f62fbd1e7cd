"""What becomes of appointments with time: holds that nobody booked go, and at last whom they were for is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from switchboard.domain.retention import Retention
from switchboard.errors import RecordsUnreachable
from switchboard.postgres.appointments import PostgresAppointments

log = structlog.get_logger(__name__)

EVERY = 60.0  # seconds
FORGET_EVERY = timedelta(hours=1)
WHO, WHY = "switchboard", "kept as long as organisation.yaml says"


class AppointmentUpkeep:
    """The task that does it; `keep` of organisation.yaml as it is now."""

    def __init__(
        self, appointments: PostgresAppointments, now: Callable[[], datetime], keep: Callable[[], Retention]
    ) -> None:
        self._appointments, self._now, self._keep = appointments, now, keep
        self.problem: str | None = None

    async def run(self) -> None:
        """Now and every minute, until cancelled; people are forgotten every hour."""
        forgotten = self._now() - FORGET_EVERY
        while True:
            try:
                await self._appointments.sweep()
                if not timedelta() <= self._now() - forgotten < FORGET_EVERY:
                    await self.forget()
                    forgotten = self._now()
                self.problem = None
            except RecordsUnreachable as error:
                self.problem = str(error)
            await asyncio.sleep(EVERY)

    async def forget(self) -> int:
        """Forget whom appointments were for that are over for as long as `keep` says; how many. That there were such
        appointments, and what was done to them when, stays. And wishes for a time that has passed. Raises
        RecordsUnreachable."""
        now, queries = self._now(), self._appointments.queries
        await queries.fetch("forget_wishes", now)
        before = self._keep().appointments_forgotten_before(now)
        if before is None:
            return 0
        count = len(await queries.fetch("erase_before", before, now, WHO, WHY))
        if count:
            log.info("appointments_forgotten", appointments=count)
        return count
