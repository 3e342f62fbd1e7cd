"""Is somebody there? As a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from switchboard.domain.absence import Absence
from switchboard.domain.dialling import Phone
from switchboard.domain.forwarding import Situation
from switchboard.domain.hours import HoursTable
from switchboard.domain.organisation import Person
from switchboard.domain.presence import DeviceState, Presence, Status, later, presence_of, situation

ZONE = ZoneInfo("Europe/Tallinn")
NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)  # Tuesday noon in Tallinn
HOUR = timedelta(hours=1)
MARI = Person("mari", "Mari", "sales", Phone("101", "Mari"))
MOBILE = replace(MARI, mobile="+37255501234")
SKIING = Absence(NOW - HOUR, NOW + HOUR, "skiing")
WEEKDAYS = HoursTable("h", "Mo-Fr 09:00-17:00; PH off", "Europe/Tallinn", "EE")
MONDAYS = HoursTable("h", "Mo 09:00-17:00; PH off", "Europe/Tallinn", "EE")
THERE = Situation()


def said(status: Status, until: timedelta | None = None) -> Presence:
    return Presence("mari", status, NOW - HOUR, None if until is None else NOW + until)


AWAY_SKIING = Situation(False, "absent until Tue 03 Mar 13:00 (skiing)", until=NOW + HOUR)
NOT_TODAY = Situation(False, "not at work: closed on Tuesdays, opens Mon 09 Mar 09:00")
NOT_DISTURBED = Situation(False, "do not disturb")
AWAY, DND, BUSY, AVAILABLE = Status.AWAY, Status.DO_NOT_DISTURB, Status.BUSY, Status.AVAILABLE
IN_USE, GONE = DeviceState.IN_USE, DeviceState.UNREGISTERED
CASES: list[tuple[str, Person, dict[str, object], Situation]] = [
    ("nothing said", MARI, {}, THERE),
    ("available", MARI, {"presence": said(AVAILABLE)}, THERE),
    ("do not disturb", MARI, {"presence": said(DND)}, NOT_DISTURBED),
    ("busy", MARI, {"presence": said(BUSY)}, Situation(False, "busy", is_busy=True)),
    ("away", MARI, {"presence": said(AWAY, HOUR)}, Situation(False, "away until Tue 03 Mar 13:00", until=NOW + HOUR)),
    ("away is over", MARI, {"presence": said(AWAY, -timedelta(seconds=1))}, THERE),
    ("away is over now", MARI, {"presence": said(AWAY, timedelta())}, THERE),
    ("absent", MARI, {"absences": [SKIING]}, AWAY_SKIING),
    ("absent by the YAML", replace(MARI, absences=(SKIING,)), {}, AWAY_SKIING),
    ("absent, whatever was set", MARI, {"absences": [SKIING], "presence": said(BUSY)}, AWAY_SKIING),
    ("back from absence", MARI, {"absences": [replace(SKIING, ends=NOW)]}, THERE),
    ("at work", MARI, {"hours": WEEKDAYS}, THERE),
    ("not at work", MARI, {"hours": MONDAYS}, NOT_TODAY),
    ("in a call", MARI, {"device": IN_USE}, Situation(False, "in a call", is_busy=True)),
    ("in a call, and do not disturb", MARI, {"device": IN_USE, "presence": said(DND)}, NOT_DISTURBED),
    ("ringing", MARI, {"device": DeviceState.RINGING}, THERE),
    ("not registered", MARI, {"device": GONE}, Situation(False, "desk phone not registered")),
    ("not registered, but a mobile", MOBILE, {"device": GONE}, THERE),
    ("state not known", MARI, {"device": DeviceState.UNKNOWN}, THERE),
]  # fmt: skip


@pytest.mark.parametrize(("person", "known", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_situations(person: Person, known: dict[str, object], expected: Situation) -> None:
    found = situation(person, NOW, ZONE, **known)  # type: ignore[arg-type]
    if expected.why.startswith("not at work"):
        assert (found.is_there, found.is_busy) == (False, False)
        assert found.why.startswith("not at work: ")
        assert "09 Mar 09:00" in found.why
    else:
        assert found == expected


def test_the_later_setting_counts_whoever_tells_it_first() -> None:
    early, late = said(AWAY, HOUR), replace(said(AVAILABLE), set_at=NOW)
    assert later(early, late) is later(late, early) is late
    assert later(None, early) is later(early, None) is early
    assert later(None, None) is None


@pytest.mark.parametrize(
    "row",
    [
        {"person": "mari", "status": "asleep", "set_at": "2026-03-03T10:00:00+00:00", "until": None, "by": ""},
        {"person": "mari", "status": "away", "set_at": "2026-03-03T10:00:00", "until": None, "by": ""},
        {"person": "mari", "status": "away", "set_at": "noon", "until": None, "by": ""},
        {"person": "mari", "status": "away", "set_at": None, "until": None, "by": ""},
    ],
)
def test_what_is_no_presence_is_refused(row: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        presence_of(row)
