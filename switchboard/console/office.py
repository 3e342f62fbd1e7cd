"""What the console stands on; switchboard/commands/console.py wires it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from switchboard.appointment_ports import AppointmentRecords, Appointments
from switchboard.domain.absence import NotedAbsence
from switchboard.domain.api_token import ApiToken
from switchboard.domain.appointment import Appointment
from switchboard.domain.audit import Change
from switchboard.domain.hours import HoursTable
from switchboard.domain.organisation import Organisation
from switchboard.domain.presence import Presence
from switchboard.ports import Clock


class Store(Protocol):
    """What is kept. Everything raises RecordsUnreachable where it can't be read or kept within a deadline; a change
    that returned survives, is in the audit log, and reaches calls by itself."""

    async def check(self) -> None:
        """Return if it would answer."""

    async def token(self, digest: bytes) -> ApiToken | None:
        """The token whose SHA-256 that is, in force or not; None if there never was one."""

    async def presences(self) -> Sequence[Presence]:
        """What each person set last."""

    async def absences(self) -> Sequence[NotedAbsence]:
        """Absences beside people.yaml that are not over for long, the earliest first."""

    async def set_presence(self, presence: Presence, change: Change) -> Presence:
        """Keep it; as it counts now."""

    async def add_absence(
        self, noted: NotedAbsence, change: Change, *, key: str, request: bytes, answer: Mapping[str, Any]
    ) -> tuple[bytes, Mapping[str, Any]] | None:
        """Note it, and keep the answer to that key ("": to none). If the token used the key within a day nothing is
        done: the request (its SHA-256) and the answer of then."""

    async def answer_of(self, token: UUID, key: str) -> tuple[bytes, Mapping[str, Any]] | None:
        """What was answered to a request with this key within a day: the request (its SHA-256), and the answer."""

    async def note(
        self, change: Change, *, key: str = "", request: bytes = b"", answer: Mapping[str, Any] | None = None
    ) -> None:
        """Note what was done elsewhere, and keep the answer to that key ("": to none)."""

    async def remove_absence(self, identifier: UUID, person: str, change: Change) -> bool:
        """Forget it. False if that person has none of that id."""


class CalendarFeeds(Protocol):
    """Whose appointments are at which address. Raises RecordsUnreachable."""

    async def person(self, digest: bytes) -> str | None:
        """Whose address that is, by the SHA-256 of its secret."""

    async def appointments(self, resources: Sequence[str], since: datetime) -> Sequence[tuple[Appointment, datetime]]:
        """What these resources have or had that ends after then, cancelled ones too, and when each changed last."""


@dataclass(frozen=True, slots=True)
class Bookings:
    """The calendars."""

    appointments: Appointments
    records: AppointmentRecords
    hours: Callable[[], Awaitable[Mapping[str, HoursTable]]]  # as ConsoleOffice.organisation


@dataclass(frozen=True, slots=True)
class ConsoleOffice:
    """Everything a request may need."""

    store: Store
    organisation: Callable[[], Awaitable[Organisation]]  # of the live version; raises ConfigurationError without one
    clock: Clock
    is_controller_answering: Callable[[], Awaitable[bool]]
    bookings: Bookings
    feeds: CalendarFeeds | None = field(default=None, kw_only=True)  # None: appointments cannot be subscribed to
