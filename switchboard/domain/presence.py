"""Is somebody there to take a call: what they set, absences, hours and their desk phone, as one answer.

    in this order                                           then they are
    ------------------------------------------------------  ----------------------------------------------------
    an absence that has begun and not ended                 not there: "absent until …"
    set to `away`, until a time that has not come           not there: "away until …"
    set to `do_not_disturb`                                 not there
    set to `busy`                                           busy
    outside hours of their own (people.yaml)                not there
    desk phone in a call                                    busy
    desk phone not registered, and no mobile                not there
    otherwise                                               there

Whatever was set with a time ends at it by itself: nothing has to be taken back. Of two settings the later one counts,
whoever tells of them first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from switchboard.domain.absence import Absence, absence_at
from switchboard.domain.forwarding import Situation
from switchboard.domain.hours import HoursKind

if TYPE_CHECKING:
    from switchboard.domain.hours import HoursTable
    from switchboard.domain.organisation import Person


class Status(StrEnum):
    """What somebody says of themselves."""

    AVAILABLE = "available"
    BUSY = "busy"
    DO_NOT_DISTURB = "do_not_disturb"
    AWAY = "away"


class DeviceState(StrEnum):
    """What Asterisk knows of a desk phone."""

    IDLE = "idle"
    RINGING = "ringing"
    IN_USE = "in_use"
    UNREGISTERED = "unregistered"
    UNKNOWN = "unknown"  # Asterisk was not asked, or cannot be: ringing will tell


@dataclass(frozen=True, slots=True)
class Presence:
    """What somebody set, when, by which way."""

    person: str  # id
    status: Status
    set_at: datetime  # UTC
    until: datetime | None = None  # UTC; None: until it is set anew
    by: str = ""  # for the record: "star code on 101", an account of the machine

    def status_at(self, instant: datetime) -> Status:
        """What counts at an instant."""
        return self.status if self.until is None or instant < self.until else Status.AVAILABLE

    def told(self, zone: ZoneInfo) -> str:
        """In words: `away until Tue 03 Mar 15:00`."""
        words = self.status.value.replace("_", " ")
        return f"{words} until {self.until.astimezone(zone):%a %d %b %H:%M}" if self.until else words


def later(one: Presence | None, other: Presence | None) -> Presence | None:
    """The one that was set later."""
    if one is None or other is None:
        return one or other
    return other if other.set_at > one.set_at else one


def situation(
    person: Person,
    instant: datetime,
    zone: ZoneInfo,
    *,
    presence: Presence | None = None,
    absences: Iterable[Absence] = (),
    hours: HoursTable | None = None,
    device: DeviceState = DeviceState.UNKNOWN,
) -> Situation:
    """The table above. `absences` come on top of those of people.yaml; `hours` are the person's own, if any."""
    if absence := absence_at((*person.absences, *absences), instant):
        because = f" ({absence.because})" if absence.because else ""
        told = f"absent until {absence.ends.astimezone(zone):%a %d %b %H:%M}{because}"
        return Situation(False, told, until=absence.ends)
    if presence is not None and (status := presence.status_at(instant)) is not Status.AVAILABLE:
        return Situation(False, presence.told(zone), is_busy=status is Status.BUSY, until=presence.until)
    if hours is not None and (state := hours.state_at(instant)).kind is not HoursKind.OPEN:
        return Situation(False, f"not at work: {state.told}")
    if device is DeviceState.IN_USE:
        return Situation(False, "in a call", is_busy=True)
    if device is DeviceState.UNREGISTERED and not person.mobile:
        return Situation(False, "desk phone not registered")
    return Situation()


def presence_of(row: Mapping[str, Any]) -> Presence:
    """From JSON or a row of Postgres. Raises ValueError, KeyError or TypeError."""
    until = row["until"]
    return Presence(
        person=str(row["person"]),
        status=Status(row["status"]),
        set_at=_instant(row["set_at"]),
        until=None if until is None else _instant(until),
        by=str(row["by"]),
    )


def _instant(value: object) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError(f"{value!r} says no time zone")
    return at
