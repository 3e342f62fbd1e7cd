"""`switchboard hours`: what it prints of tables, people and days."""

from __future__ import annotations

from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner

from switchboard.commands import draft
from switchboard.commands import hours as command
from switchboard.commands.hours import day_lines
from switchboard.domain.hours import HoursTable
from switchboard.domain.hours_days import MovedDay, Override

OFFICE = HoursTable(
    "office",
    "Mo-Fr 09:00-12:30,13:00-17:00; PH off",
    "Europe/Tallinn",
    "EE",
    (Override(date(2026, 2, 23), date(2026, 2, 23), "Mo-Fr 09:00-14:00", "half day"),),
    moved=(MovedDay(date(2026, 2, 26), date(2026, 2, 28), "stocktaking"),),
)
NIGHT = HoursTable("night", "Mo-Fr 22:00-26:00; Sa; PH off", "Europe/Tallinn", "EE")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    organisation = SimpleNamespace(
        timezone="Europe/Tallinn",
        people={"mari": None},
        hours_of=lambda _: "night",
        hours_of_department=lambda name: "office" if name == "sales" else "",
    )
    configuration = SimpleNamespace(hours={"office": OFFICE, "night": NIGHT}, organisation=organisation)
    monkeypatch.setattr(draft, "load_draft", lambda ivr, prompts: configuration)
    app = typer.Typer()
    command.register(app)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_all_tables_at_a_time(run: Any) -> None:
    assert run("--at", "2026-02-25 01:00").stdout.splitlines() == [
        "office  closed   before opening at 09:00, opens Wed 25 Feb 09:00",
        "night   closed   before opening at 22:00, opens Wed 25 Feb 22:00",
    ]


def test_the_days_of_one_table() -> None:
    at = datetime(2026, 2, 23, 10, tzinfo=ZoneInfo("Europe/Tallinn"))
    assert day_lines(OFFICE, at, 7) == [
        "Mon 23 Feb 2026  09:00-14:00              half day",
        "Tue 24 Feb 2026  closed                   Independence Day",
        "Wed 25 Feb 2026  09:00-12:30 13:00-17:00",
        "Thu 26 Feb 2026  closed                   off for Sat 28 Feb, stocktaking",
        "Fri 27 Feb 2026  09:00-12:30 13:00-17:00",
        "Sat 28 Feb 2026  09:00-12:30 13:00-17:00  worked for Thu 26 Feb, stocktaking",
        "Sun 01 Mar 2026  closed",
    ]
    assert day_lines(NIGHT, at, 6)[4:] == ["Fri 27 Feb 2026  22:00-26:00", "Sat 28 Feb 2026  00:00-24:00"]


def test_of_a_person_and_of_a_department(run: Any) -> None:
    assert run("mari", "--days", "1", "--at", "2026-02-27").stdout.splitlines() == [
        "night (Europe/Tallinn, public holidays of EE): open 22:00-02:00",
        "Fri 27 Feb 2026  22:00-26:00",
    ]
    assert run("sales", "--at", "2026-02-27 10:00").stdout.startswith("office (Europe/Tallinn")


@pytest.mark.parametrize(("words", "wrong"), [(["nobody"], "office, night"), (["--at", "soon"], "2026-12-24")])
def test_what_it_does_not_know(run: Any, words: list[str], wrong: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert wrong in result.stderr
