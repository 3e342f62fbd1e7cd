"""Appointments as iCalendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import pytest

from switchboard.calendars.icalendar_text import Attendee, Method, Told, event, feed, invitation, stored
from switchboard.calendars.outside_events import Span, read_event
from switchboard.domain.appointment import Appointment, AppointmentState, Booker, Slot

RIGA = ZoneInfo("Europe/Riga")
STAMP = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
TOLD = Told(
    "A tasting,\nwith; our chef\\",
    organiser=Attendee("office@example.net", 'The "Office"'),
    attendees=(Attendee("anna@example.net", "Änna"), Attendee("chef@example.net", is_coming=True)),
)
UTC_STAMP = "20261120T120000Z"


def appointment(start: datetime = START, hours: float = 1) -> Appointment:
    return Appointment(
        UUID("01939d6a-0000-7000-8000-000000000001"),
        "123456",
        "tasting",
        Slot(start, start + timedelta(hours=hours), ("chef",)),
        AppointmentState.BOOKED,
        Booker("+37255512345", "Anna", email="anna@example.net", note="has a secret"),
        revision=2,
    )


def parsed(text: bytes) -> Any:
    found = icalendar.Calendar.from_ical(text)
    assert isinstance(found, icalendar.Calendar)
    return found


def test_an_event_as_a_calendar_keeps_it() -> None:
    text = stored(appointment(), TOLD, RIGA, STAMP)
    calendar = parsed(text)
    assert "METHOD" not in calendar, "RFC 4791, 4.1"
    (found,) = calendar.walk("VEVENT")
    assert str(found["uid"]) == "01939d6a-0000-7000-8000-000000000001"
    assert found["sequence"] == 2
    assert b"DTSTART;TZID=Europe/Riga:20261124T143000\r\n" in text
    assert b"DTEND;TZID=Europe/Riga:20261124T153000\r\n" in text
    assert f"DTSTAMP:{UTC_STAMP}\r\n".encode() in text
    assert str(found["summary"]) == "A tasting, with; our chef\\"
    assert [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Riga"]
    assert b"secret" not in text and b"37255512345" not in text, "no more is told than is wanted"


@pytest.mark.parametrize(
    "start",
    [
        START,
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # 03:30 in Riga
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # 03:30 once more
        datetime(2027, 3, 28, 0, 30, tzinfo=UTC),  # 02:30, and an hour later it is 04:30
        datetime(2027, 6, 1, 8, tzinfo=UTC),
    ],
)
@pytest.mark.parametrize("hours", [0.5, 1, 2])
def test_whoever_reads_it_has_the_same_instants(start: datetime, hours: float) -> None:
    text = stored(appointment(start, hours), TOLD, RIGA, STAMP)
    end = start + timedelta(hours=hours)
    elsewhere = ZoneInfo("America/New_York")
    assert read_event(text, start - timedelta(days=3), end + timedelta(days=3), elsewhere).first == Span(start, end)


def test_an_invitation_and_its_cancellation() -> None:
    calendar = parsed(invitation(appointment(), TOLD, RIGA, STAMP, Method.REQUEST))
    assert str(calendar["method"]) == "REQUEST"
    (found,) = calendar.walk("VEVENT")
    assert str(found["organizer"]) == "mailto:office@example.net"
    assert found["organizer"].params["CN"] == "The 'Office'"
    assert [(str(each), each.params["PARTSTAT"]) for each in found["attendee"]] == [
        ("mailto:anna@example.net", "NEEDS-ACTION"),
        ("mailto:chef@example.net", "ACCEPTED"),
    ]
    cancelled = replace(appointment(), state=AppointmentState.CANCELLED, revision=3)
    calendar = parsed(invitation(cancelled, TOLD, RIGA, STAMP, Method.CANCEL))
    (found,) = calendar.walk("VEVENT")
    assert (str(calendar["method"]), str(found["status"]), found["sequence"]) == ("CANCEL", "CANCELLED", 3)


def test_an_invitation_needs_both_sides() -> None:
    with pytest.raises(ValueError, match="organiser"):
        invitation(appointment(), Told("x"), RIGA, STAMP, Method.REQUEST)


def test_a_feed_has_a_name_and_all_events() -> None:
    events = [event(appointment(START + timedelta(days=day)), TOLD, RIGA, STAMP) for day in range(400)]
    calendar = parsed(feed(events, RIGA, "Mari"))
    assert len(calendar.walk("VEVENT")) == 400
    assert str(calendar["name"]) == str(calendar["x-wr-calname"]) == "Mari"
    assert len(calendar.walk("VTIMEZONE")) == 1


def test_a_feed_may_be_empty() -> None:
    assert parsed(feed([], RIGA, "Mari")).walk("VEVENT") == []


def test_a_clients_text_adds_no_line() -> None:
    text = stored(appointment(), Told("x\r\nATTENDEE:mailto:evil@example.net"), RIGA, STAMP)
    (found,) = parsed(text).walk("VEVENT")
    assert "attendee" not in found
