"""What an iCalendar object from somebody's own calendar blocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from switchboard.calendars.outside_events import OutsideEvent, Span, read_event

RIGA = ZoneInfo("Europe/Riga")  # daylight saving ends on 2026-10-25, and begins on 2027-03-28
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)


def read(*lines: str) -> OutsideEvent:
    text = "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *lines, "END:VCALENDAR", ""))
    return read_event(text.encode(), BEGIN, END, RIGA)


def vevent(*lines: str, uid: str = "one") -> tuple[str, ...]:
    return ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT")


def utc(*of: int) -> datetime:
    return datetime(*of, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("lines", "blocked"),
    [
        (("DTSTART:20261124T080000Z", "DTEND:20261124T090000Z"), [(utc(2026, 11, 24, 8), utc(2026, 11, 24, 9))]),
        (("DTSTART:20261124T080000Z", "DURATION:PT15M"), [(utc(2026, 11, 24, 8), utc(2026, 11, 24, 8, 15))]),
        # without a zone: by the organisation's clocks
        (("DTSTART:20261124T100000", "DTEND:20261124T110000"), [(utc(2026, 11, 24, 8), utc(2026, 11, 24, 9))]),
        (
            ("DTSTART;TZID=America/New_York:20261124T100000", "DURATION:PT1H"),
            [(utc(2026, 11, 24, 15), utc(2026, 11, 24, 16))],
        ),
        # whole days: of the organisation's zone, 25 and 23 hours long when the clocks change
        (("DTSTART;VALUE=DATE:20261124",), [(utc(2026, 11, 23, 22), utc(2026, 11, 24, 22))]),
        (("DTSTART;VALUE=DATE:20261025",), [(utc(2026, 10, 24, 21), utc(2026, 10, 25, 22))]),
        (("DTSTART;VALUE=DATE:20270328",), [(utc(2027, 3, 27, 22), utc(2027, 3, 28, 21))]),
        (
            ("DTSTART;VALUE=DATE:20261221", "DTEND;VALUE=DATE:20261224"),
            [(utc(2026, 12, 20, 22), utc(2026, 12, 23, 22))],
        ),
        # a series keeps its wall clock over both nights
        (
            ("DTSTART;TZID=Europe/Riga:20261024T100000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2"),
            [(utc(2026, 10, 24, 7), utc(2026, 10, 24, 8)), (utc(2026, 10, 25, 8), utc(2026, 10, 25, 9))],
        ),
        (
            ("DTSTART;TZID=Europe/Riga:20270327T100000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2"),
            [(utc(2027, 3, 27, 8), utc(2027, 3, 27, 9)), (utc(2027, 3, 28, 7), utc(2027, 3, 28, 8))],
        ),
        (
            (
                "DTSTART:20261124T080000Z",
                "DURATION:PT1H",
                "RRULE:FREQ=WEEKLY;COUNT=3",
                "EXDATE:20261201T080000Z",
            ),
            [(utc(2026, 11, 24, 8), utc(2026, 11, 24, 9)), (utc(2026, 12, 8, 8), utc(2026, 12, 8, 9))],
        ),
        # free all the same
        (("DTSTART:20261124T080000Z", "DTEND:20261124T090000Z", "TRANSP:TRANSPARENT"), []),
        (("DTSTART:20261124T080000Z", "DTEND:20261124T090000Z", "STATUS:CANCELLED"), []),
        (("DTSTART:20261124T080000Z", "DTEND:20261124T080000Z"), []),
        (("DTSTART:20251124T080000Z", "DTEND:20251124T090000Z"), []),
    ],
)
def test_what_blocks(lines: tuple[str, ...], blocked: list[tuple[datetime, datetime]]) -> None:
    found = read(*vevent(*lines))
    assert list(found.busy) == [Span(*each) for each in blocked]
    assert not found.problem and found.uid == "one"


def test_a_time_of_a_series_that_was_moved_blocks_where_it_is_now() -> None:
    found = read(
        *vevent("DTSTART;TZID=Europe/Riga:20261124T100000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2"),
        *vevent(
            "RECURRENCE-ID;TZID=Europe/Riga:20261125T100000",
            "DTSTART;TZID=Europe/Riga:20261126T150000",
            "DURATION:PT30M",
        ),
    )
    assert [span.start for span in found.busy] == [utc(2026, 11, 24, 8), utc(2026, 11, 26, 13)]
    assert found.first is None, "a series has no one time"


def test_a_zone_of_its_own_is_understood() -> None:
    found = read(
        *("BEGIN:VTIMEZONE", "TZID:Ours", "BEGIN:STANDARD", "DTSTART:19700101T000000"),
        *("TZOFFSETFROM:+0500", "TZOFFSETTO:+0500", "TZNAME:X", "END:STANDARD", "END:VTIMEZONE"),
        *vevent("DTSTART;TZID=Ours:20261124T100000", "DURATION:PT1H"),
    )
    assert found.busy == (Span(utc(2026, 11, 24, 5), utc(2026, 11, 24, 6)),)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("DTSTART;TZID=Nowhere/Foo:20261124T100000", "DURATION:PT1H"), "time zone Nowhere/Foo, which nobody knows"),
        (("DTSTART:2026x",), "no time that can be read"),
        (("SUMMARY:no time",), "no time that can be read"),
        (("DTSTART:20261124T080000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY"), "too often (SECONDLY)"),
        (("DTSTART:20261124T080000Z", "RRULE:FREQ=HOURLY;BYMINUTE=1,2,3"), "too often (HOURLY)"),
        (("DTSTART:20260101T080000Z", "DURATION:PT1H", "RRULE:FREQ=HOURLY"), "more than 5000 times"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_counts(lines: tuple[str, ...], reason: str) -> None:
    found = read(*vevent(*lines, uid="bad"))
    assert reason in found.problem
    assert not found.busy
    if "5000" not in reason:
        found = read(*vevent(*lines, uid="bad"), *vevent("DTSTART:20261124T080000Z", "DURATION:PT1H", uid="good"))
        assert found.busy == (Span(utc(2026, 11, 24, 8), utc(2026, 11, 24, 9)),)
        assert reason in found.problem


@pytest.mark.parametrize(
    "text", [b"", b"garbage", b"\xff\xfe\x00", b"BEGIN:VCALENDAR\r\n", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n"]
)
def test_what_is_no_icalendar_is_told(text: bytes) -> None:
    found = read_event(text, BEGIN, END, RIGA)
    assert found.problem.startswith("it is no ") and not found.busy


def test_too_long_an_object_is_not_read() -> None:
    assert "longer" in read_event(b"x" * (1024 * 1024 + 1), BEGIN, END, RIGA).problem


def test_to_dos_block_nothing() -> None:
    found = read("BEGIN:VTODO", "UID:1", "DTSTAMP:20260101T000000Z", "DUE:20261124T080000Z", "END:VTODO")
    assert found == OutsideEvent()


def test_only_what_is_looked_at_counts() -> None:
    text = "\r\n".join(
        (
            *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x"),
            *vevent("DTSTART:20261124T080000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"),
            *("END:VCALENDAR", ""),
        )
    )
    begin = utc(2026, 12, 1)
    found = read_event(text.encode(), begin, begin + timedelta(days=3), RIGA)
    assert [span.start.day for span in found.busy] == [1, 2, 3]
