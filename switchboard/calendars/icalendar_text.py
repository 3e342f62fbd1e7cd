"""Appointments as iCalendar (RFC 5545): in a calendar, and as an invitation or its cancellation (iTIP, RFC 5546).

UID is the appointment's id, SEQUENCE its revision. Times are those of the organisation's clocks, with the rules of its
zone; in the hour that a clock shows twice a local time means the first (RFC 5545, 3.3.5), so the second is told in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import icalendar

from switchboard.domain.appointment import Appointment, AppointmentState

PRODUCT = "-//switchboard//appointments//EN"
ZONE_BEFORE, ZONE_AFTER = timedelta(days=366), timedelta(days=366)  # around the appointments: the rules that are told


class Method(StrEnum):
    """What an invitation says (RFC 5546)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody an appointment is with."""

    address: str  # of mail
    name: str = ""
    is_coming: bool = False  # said so; else they are asked nothing: nobody reads answers


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of an appointment beside its time. No more of a client than who reads it may know."""

    summary: str
    description: str = ""
    location: str = ""
    organiser: Attendee | None = None  # RFC 5546 wants one in an invitation
    attendees: tuple[Attendee, ...] = ()


def stored(appointment: Appointment, told: Told, zone: ZoneInfo, stamp: datetime) -> bytes:
    """As a calendar keeps it (RFC 4791: one event, no METHOD). `stamp`: when it became so."""
    return _text([event(appointment, told, zone, stamp)], zone)


def invitation(appointment: Appointment, told: Told, zone: ZoneInfo, stamp: datetime, method: Method) -> bytes:
    """As mail carries it: text/calendar with this method. Raises ValueError where nobody is the organiser."""
    if told.organiser is None or not told.attendees:
        raise ValueError("an invitation needs an organiser and an attendee")
    return _text([event(appointment, told, zone, stamp)], zone, method=method)


def feed(events: Iterable[icalendar.Event], zone: ZoneInfo, name: str) -> bytes:
    """A calendar to subscribe to."""
    return _text(list(events), zone, method="PUBLISH", name=name)


def exported(events: Iterable[icalendar.Event], zone: ZoneInfo) -> bytes:
    """A file that any calendar imports: events, and nothing that is asked of whoever reads them (no METHOD)."""
    return _text(list(events), zone)


def event(appointment: Appointment, told: Told, zone: ZoneInfo, stamp: datetime) -> icalendar.Event:
    """One VEVENT."""
    made = icalendar.Event()
    made.add("uid", str(appointment.id))
    made.add("sequence", appointment.revision)
    made.add("dtstamp", stamp.astimezone(UTC).replace(microsecond=0))
    made.add("dtstart", local(appointment.slot.start, zone))
    made.add("dtend", local(appointment.slot.end, zone))
    made.add("summary", one_line(told.summary))
    if told.description:
        made.add("description", told.description)
    if told.location:
        made.add("location", one_line(told.location))
    is_cancelled = appointment.state is AppointmentState.CANCELLED
    made.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    made.add("transp", "TRANSPARENT" if is_cancelled else "OPAQUE")
    if told.organiser is not None:
        made.add("organizer", _address(told.organiser))
    for attendee in told.attendees:
        written = _address(attendee)
        written.params["ROLE"] = "REQ-PARTICIPANT"
        written.params["PARTSTAT"] = "ACCEPTED" if attendee.is_coming else "NEEDS-ACTION"
        written.params["RSVP"] = "FALSE"
        made.add("attendee", written)
    return made


def local(at: datetime, zone: ZoneInfo) -> datetime:
    """An instant as it is told: by the zone's clock, or in UTC where that clock shows this time for the second time."""
    there = at.astimezone(zone)
    return at.astimezone(UTC) if there.fold else there


def one_line(text: str) -> str:
    """A text on one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _address(who: Attendee) -> icalendar.vCalAddress:
    written = icalendar.vCalAddress(f"mailto:{who.address}")
    if who.name:
        written.params["CN"] = one_line(who.name).replace('"', "'")
    return written


def _text(events: list[icalendar.Event], zone: ZoneInfo, *, method: str = "", name: str = "") -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", str(method))
    if name:
        calendar.add("name", one_line(name))
        calendar.add("x-wr-calname", one_line(name))
    starts = [each.decoded("dtstart") for each in events]
    if starts:
        first, last = min(starts).astimezone(zone) - ZONE_BEFORE, max(starts).astimezone(zone) + ZONE_AFTER
        calendar.add_component(icalendar.Timezone.from_tzinfo(zone, first_date=first.date(), last_date=last.date()))
    for each in events:
        calendar.add_component(each)
    return bytes(calendar.to_ical())
