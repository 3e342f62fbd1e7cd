"""Appointments in files: CSV for spreadsheets, iCalendar (RFC 5545) for calendars."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from switchboard.calendars.icalendar_text import Told, event, exported
from switchboard.domain.appointment import Appointment
from switchboard.domain.client_csv import FORMULA
from switchboard.domain.organisation import Organisation

COLUMNS = (
    "reference", "starts", "ends", "event_type", "resources", "state", "number", "name", "language", "email", "note",
    "revision", "id",
)  # fmt: skip


def as_csv(appointments: Sequence[Appointment], zone: ZoneInfo) -> bytes:
    """A heading and a row for each; times on the organisation's clocks, with their offset."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for each in appointments:
        slot, booker = each.slot, each.booker
        cells = (
            each.reference,
            slot.start.astimezone(zone).isoformat(),
            slot.end.astimezone(zone).isoformat(),
            each.event_type,
            " ".join(slot.resources),
            each.state.value,
            booker.number,
            booker.name,
            str(booker.language or ""),
            booker.email,
            booker.note,
            str(each.revision),
            str(each.id),
        )
        writer.writerow([_cell(cell) for cell in cells])
    return text.getvalue().encode()


def as_icalendar(
    appointments: Sequence[Appointment], organisation: Organisation, zone: ZoneInfo, now: datetime
) -> bytes:
    """Events with all that is known of the clients: for the organisation's own calendars."""
    return exported([event(each, _told(each, organisation), zone, now) for each in appointments], zone)


def _told(appointment: Appointment, organisation: Organisation) -> Told:
    rules, booker = organisation.appointments, appointment.booker
    event_type = rules.event_types.get(appointment.event_type)
    name = event_type.names.get(organisation.languages[0], event_type.id) if event_type else appointment.event_type
    client = booker.name or booker.number
    with_whom = ", ".join(appointment.slot.resources)
    lines = (f"{booker.name} {booker.number}".strip(), booker.email, booker.note, with_whom, appointment.reference)
    return Told(f"{name}: {client}" if client else name, "\n".join(each for each in lines if each))


def _cell(text: str) -> str:
    """What a client said is never a formula of a spreadsheet."""
    return f"'{text}" if text.startswith(FORMULA) and not text.removeprefix("+").isdigit() else text
