"""What is known of the calendars that people keep elsewhere. Raises RecordsUnreachable."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from switchboard.calendars.outside_events import Span
from switchboard.domain.appointment import Appointment


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one calendar is read."""

    token: str = ""  # of its server, for what changes from then on
    read_at: datetime | None = None  # all of it; None: never


@dataclass(frozen=True, slots=True)
class Copy:
    """An appointment of ours in somebody's calendar, as it was when both last agreed."""

    appointment: UUID
    href: str
    etag: str
    revision: int  # of the appointment; lower than any: to be written again
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """An object of somebody else's that was read."""

    href: str
    etag: str
    uid: str
    busy: tuple[Span, ...]
    problem: str = ""  # what of it could not be read


class CalendarBook(Protocol):
    """Of each resource that has a calendar elsewhere: what is there, what of ours, and how far we are."""

    async def progress(self, resource: str) -> Progress:
        """How far its calendar is read."""

    async def copies(self, resource: str) -> Sequence[Copy]:
        """Appointments of ours that are there."""

    async def etags(self, resource: str) -> Mapping[str, str]:
        """Of everything that is there, by href."""

    async def appointment(self, identifier: UUID) -> Appointment | None:
        """One of ours, whatever became of it; a hold is none."""

    async def to_write(self, resource: str, now: datetime) -> Sequence[Appointment]:
        """Those that end after now and were promised, and those whose copy is to go."""

    async def keep_copy(self, resource: str, copy: Copy) -> None:
        """Note what both agree on."""

    async def drop_copy(self, resource: str, appointment: UUID) -> None:
        """It is not there any more."""

    async def keep_outside(self, resource: str, kept: Kept) -> None:
        """What an object blocks, in place of what it blocked."""

    async def drop_outside(self, resource: str, hrefs: Collection[str]) -> None:
        """These objects are gone."""

    async def refused(self, resource: str, appointment: Appointment, why: str, key: str) -> None:
        """Let its person know that a change in the calendar was not followed; once for each key."""

    async def note(self, resource: str, progress: Progress | None, problem: str, now: datetime) -> None:
        """How it went: how far it is read (None: no further), and what is wrong; "" if nothing is."""
