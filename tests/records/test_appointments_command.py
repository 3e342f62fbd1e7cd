"""`switchboard appointments`, with a real Postgres and the example organisation."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime, timedelta
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import typer
from typer.testing import CliRunner, Result

from switchboard.commands import appointments, people_named
from switchboard.commands.draft import load_draft
from switchboard.flows.configuration import Configuration
from tests.flows.playing import EXAMPLE, PROMPTS

TALLINN = ZoneInfo("Europe/Tallinn")


@pytest.fixture(autouse=True)
def database(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"DATABASE_URL": dsn, "STATE": tmp_path / "state", "IVR": EXAMPLE, "PROMPTS": PROMPTS}
    for name, value in settings.items():
        monkeypatch.setenv(f"SWITCHBOARD_{name}", str(value))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(people_named, "configuration_served", _configuration)
    monkeypatch.chdir(tmp_path)


@cache
def _configuration() -> Configuration:
    """Read once for all these tests."""
    return load_draft(EXAMPLE, PROMPTS)


def run(*arguments: str) -> Result:
    app = typer.Typer()
    appointments.register(app)
    app.command("other")(lambda: None)  # or Typer would take the only command for granted
    return CliRunner().invoke(app, ["appointments", *arguments])


def told(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def asked(*arguments: str) -> Any:
    return json.loads(told(*arguments, "--json"))


def free(number: int) -> tuple[str, dict[str, Any]]:
    """How a free time is written, and all of it; from tomorrow on, so that the notice is never just over."""
    slot = asked("slots", "meeting", "--from", f"{datetime.now(TALLINN) + timedelta(days=1):%Y-%m-%d}")[number]
    return f"{datetime.fromisoformat(slot['starts']).astimezone(TALLINN):%Y-%m-%d %H:%M}", slot


def booked(time: str, *more: str) -> str:
    """Its reference."""
    name = () if "--name" in more else ("--name", "Anna Saar")
    line = told("book", "meeting", time, *name, "--why", "called in", "--as", "mari", *more)
    return line.removeprefix("booked: ").split()[0]


def test_booked_moved_and_cancelled_with_who_and_why() -> None:
    (first, slot), (second, other) = free(0), free(7)
    reference = booked(first, "--number", "+372 5550 1234", "--email", "anna@example.net", "--note", "brings a friend")
    shown = asked("show", reference)
    assert (shown["name"], shown["number"], shown["email"]) == ("Anna Saar", "+37255501234", "anna@example.net")
    assert (shown["starts"], shown["resources"], shown["state"]) == (slot["starts"], slot["resources"], "booked")
    whom = other["resources"][0]
    assert told("move", reference, second, "--with", whom, "--why", "a train", "--as", "jaan").startswith("moved: ")
    assert told("cancel", shown["id"], "--why", "ill", "--as", "anna").startswith("cancelled: ")
    assert told("cancel", reference, "--why", "ill", "--as", "anna").startswith("cancelled: ")
    after = asked("show", reference)
    assert (after["starts"], after["state"], after["revision"]) == (other["starts"], "cancelled", 2)
    history = [(each["what"], each["who"], each["why"]) for each in after["history"]]
    assert history == [("booked", "mari", "called in"), ("moved", "jaan", "a train"), ("cancelled", "anna", "ill")]
    printed = told("show", reference)
    assert "brings a friend" in printed and "jaan: moved" in printed
    result = run("move", reference, second, "--why", "again")
    assert result.exit_code == 2 and "is cancelled" in result.output


def test_what_is_taken_is_told_with_what_is_free() -> None:
    time, slot = free(0)
    while True:  # everybody who could
        if (written := free(0)[0]) != time:
            break
        booked(written)
    result = run("book", "meeting", time, "--name", "Bob", "--why", "wants to")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0] == "that time is not free; these are:"
    assert len(lines) == 4
    assert all(each["starts"] != slot["starts"] for each in asked("slots", "meeting", "--limit", "100"))


def test_the_list_is_of_what_is_to_come() -> None:
    assert told() == "No appointments.\n"
    (first, slot), (second, _) = free(0), free(9)
    later, sooner = booked(second, "--number", "+37255505678"), booked(first)
    assert [each["reference"] for each in asked()] == [sooner, later]
    assert [each["reference"] for each in asked("--number", "5550 5678")] == [later]
    assert next(each["reference"] for each in asked("--day", first[:10])) == sooner
    assert sooner in [each["reference"] for each in asked("--with", slot["resources"][0])]
    told("cancel", sooner, "--why", "ill")
    assert [each["reference"] for each in asked()] == [later]
    assert [each["reference"] for each in asked("--all")] == [sooner, later]
    assert f"{later}  " in told() and "Anna Saar" in told()


def test_exported_for_spreadsheets_and_calendars() -> None:
    time, slot = free(0)
    reference = booked(time, "--name", "=1+1", "--number", "+37255501234")
    (row,) = csv.DictReader(StringIO(told("export", "csv")))
    assert (row["reference"], row["name"], row["number"]) == (reference, "'=1+1", "+37255501234")
    assert datetime.fromisoformat(row["starts"]) == datetime.fromisoformat(slot["starts"])
    calendar = icalendar.Calendar.from_ical(told("export", "ics"))
    (event,) = calendar.walk("VEVENT")
    assert "method" not in calendar
    assert (str(event["uid"]), int(event["sequence"])) == (asked("show", reference)["id"], 0)
    assert event.decoded("dtstart") == datetime.fromisoformat(slot["starts"])
    assert event["dtstart"].params["TZID"] == str(calendar.walk("VTIMEZONE")[0]["tzid"]) == "Europe/Tallinn"
    assert list(csv.DictReader(StringIO(told("export", "csv", "--until", "2020-01-02", "--from", "2020-01-01")))) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["show", "000000"], "no appointment has the reference or id '000000'"),
        (["show", "x"], "no appointment has the reference or id 'x'"),
        (["slots", "nothing"], "there is no event type 'nothing': there are tasting, meeting"),
        (["slots", "meeting", "--with", "nobody"], "there is no resource 'nobody'"),
        (["slots", "meeting", "--from", "soon"], "expected a time such as"),
        (["book", "meeting", "2026-12-24 15:00", "--why", "x"], "say whom it is for"),
        (["book", "meeting", "2026-12-24 15:00", "--why", "x", "--number", "12"], "is no telephone number"),
        (["book", "meeting", "2026-12-24 15:00", "--why", "x", "--name", "A", "--email", "b"], "an address of mail"),
        (["book", "meeting", "2026-12-24 15:00", "--why", "x", "--name", "A", "--language", "xx"], "expected one of"),
        (["book", "meeting", "2026-12-24 15:00", "--name", "A"], "say why"),
        (["--day", "tomorrow"], "expected a day such as"),
        (["export", "pdf"], "expected `csv` or `ics`"),
    ],
)
def test_what_is_wrong_is_told(arguments: list[str], expected: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert expected in " ".join(result.output.replace("│", " ").split())


def test_an_address_to_subscribe_to_is_made_shown_once_and_taken_back() -> None:
    assert told("feed", "mari") == "mari: none; --new makes one\n"
    made = told("feed", "mari", "--new")
    assert re.fullmatch(r"mari: http://127\.0\.0\.1:8080/calendars/[\w-]{43}\.ics\n", made)
    assert told("feed", "mari").startswith("mari: since ")
    assert told("feed", "mari", "--new") != made
    assert told("feed", "mari", "--revoke") == "mari: it is no address any more\n"
    assert told("feed", "mari", "--revoke") == "mari: there was none\n"
    assert run("feed", "mari", "--new", "--revoke").exit_code == 2
    assert run("feed", "nobody").exit_code == 2
