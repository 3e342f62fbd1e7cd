"""`switchboard replay` over the records of a real Postgres."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import typer
from typer.testing import CliRunner, Result

from switchboard.commands.replay import register
from switchboard.domain.hours import HoursKind, HoursTable
from switchboard.domain.identity import call_id_of, new_event_id
from switchboard.flows.load import load_configuration
from switchboard.postgres.archive import PostgresArchive
from tests.flows.playing import EXAMPLE, PROMPTS, Script, play
from tests.records.telling import archived, draining, ledger_at

CALLS = 7  # of which three press 2


@pytest_asyncio.fixture
async def records(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Calls that the example organisation answered some days ago."""
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", dsn)
    monkeypatch.setenv("SWITCHBOARD_STATE", str(tmp_path / "state"))
    configuration = load_configuration(EXAMPLE, PROMPTS)
    began = last_workday_morning(configuration.hours["office"])
    with ledger_at(tmp_path / "ledger") as ledger:
        async with draining(ledger, dsn):
            for number in range(CALLS):
                keys = ["press 2"] if number % 2 else ["press 1", "press 0"]  # not Mari, who has Fridays off
                played = await play(configuration, Script(phones={"120": "answers", "100": "answers"}, does=keys))
                call_id = call_id_of(f"switchboard-{int(began.timestamp())}.{number}")
                shift = began - played.events[0].at
                for place, event in enumerate(played.events):
                    at = event.at + shift + timedelta(microseconds=place)
                    ledger.append(replace(event, call_id=call_id, event_id=new_event_id(at), at=at))
            await archived(ledger)
    return dsn


def last_workday_morning(office: HoursTable) -> datetime:
    """The latest instant, more than a day ago, at which the office was open with an hour to spare."""
    instant = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
    while not all(
        office.state_at(instant + ahead).kind is HoursKind.OPEN for ahead in (timedelta(), timedelta(hours=1))
    ):
        instant -= timedelta(hours=1)
    return instant


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["replay", *arguments], catch_exceptions=False)


def draft_of(folder: Path, old: str, new: str) -> Path:
    shutil.copytree(EXAMPLE, folder / "ivr")
    file = folder / "ivr" / "flows" / "main.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    return folder / "ivr"


def test_calls_that_would_end_elsewhere_and_where_they_part(records: str, tmp_path: Path) -> None:
    draft = draft_of(tmp_path, "2: orders, 3: information, 4: people", "2: people, 3: information, 4: orders")
    told = run(str(draft), "--prompts", str(PROMPTS))
    assert told.exit_code == 1
    lines = told.stdout.splitlines()
    assert lines[0] == "3 of 7 calls would end elsewhere."
    assert lines[2].startswith("3 calls part: then main.orders → entered"), told.stdout
    assert "asks what to press, where Peeter Ozols (120), Ilze Berga (121) was rung" in told.stdout
    as_json = json.loads(run(str(draft), "--prompts", str(PROMPTS), "--json").stdout)
    assert (as_json["compared"], len(as_json["elsewhere"])) == (CALLS, 3)
    assert {tuple(each["parts_at"]) for each in as_json["elsewhere"]} == {("main.orders", "main.people")}


def test_the_version_that_served_them_ends_none_elsewhere(records: str) -> None:
    told = run(str(EXAMPLE), "--since", "30d")
    assert (told.exit_code, told.stdout) == (0, "0 of 7 calls would end elsewhere.\n")


def test_only_calls_of_the_time_asked_for(records: str) -> None:
    assert run(str(EXAMPLE), "--since", "1d").stdout == "0 of 0 calls would end elsewhere.\n"


async def test_stories_come_page_by_page(records: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchboard.postgres.archive.STORIES_AT_ONCE", 3)
    async with PostgresArchive(records) as archive:
        stories = [story async for story in archive.stories(datetime.now(UTC) - timedelta(days=30))]
    assert len({call_id for call_id, _ in stories}) == len(stories) == CALLS
    assert all(len(events) > 5 for _, events in stories)
