"""`switchboard presence` and `switchboard absence`: what an administrator reads and sets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner, Result

from switchboard.commands import absence, presence
from switchboard.errors import RecordsUnreachable
from tests.flows.playing import EXAMPLE, PROMPTS

ZONE = ZoneInfo("Europe/Tallinn")


@pytest.fixture
def database(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    settings = {"DATABASE_URL": dsn, "STATE": tmp_path / "state", "IVR": EXAMPLE, "PROMPTS": PROMPTS}
    for name, value in settings.items():
        monkeypatch.setenv(f"SWITCHBOARD_{name}", str(value))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return dsn


def run(*arguments: str) -> Result:
    app = typer.Typer()
    presence.register(app)
    absence.register(app)
    return CliRunner().invoke(app, arguments)


def rows(command: str) -> dict[str, dict[str, object]]:
    result = run(command, "--json")
    assert result.exit_code == 0, result.output
    return {row["person"]: row for row in json.loads(result.stdout)}


def test_somebody_is_set_and_seen(database: str) -> None:
    assert rows("presence")["jaan"]["is_there"] is True
    result = run("presence", "set", "102", "do_not_disturb", "--as", "Liis")
    assert result.stdout == "Jaan Sepp: do not disturb\n"
    row = rows("presence")["jaan"]
    assert (row["is_there"], row["why"], row["by"]) == (False, "do not disturb", "Liis")
    assert "do not disturb" in run("presence").stdout
    assert run("presence", "set", "jaan", "available").exit_code == 0
    assert rows("presence")["jaan"]["is_there"] is True


def test_away_until_a_time(database: str) -> None:
    tomorrow = f"{datetime.now(ZONE) + timedelta(days=1):%Y-%m-%d} 15:00"
    assert "away until" in run("presence", "set", "jaan", "away", "--until", tomorrow).stdout
    assert str(rows("presence")["jaan"]["why"]).endswith(" 15:00")


def test_an_absence_is_added_listed_and_taken_back(database: str) -> None:
    day = f"{datetime.now(UTC).astimezone(ZONE):%Y-%m-%d}"
    result = run("absence", "add", "mari", day, day, "--because", "doctor", "--as", "Liis")
    assert result.exit_code == 0, result.output
    identifier = result.stdout.split()[0]
    assert "Mari Tamm: " in result.stdout
    assert rows("absence")["mari"]["because"] == "doctor"
    assert "(doctor)" in str(rows("presence")["mari"]["why"])
    assert "doctor" in run("absence").stdout
    assert run("absence", "remove", identifier).stdout == "removed: mari\n"
    assert "doctor" not in run("absence").stdout
    assert rows("presence")["mari"]["is_there"] is True


REFUSED = [
    (("presence", "set", "nobody", "away"), "nobody is called 'nobody'"),
    (("presence", "set", "jaan", "asleep"), "'asleep' is not one of"),
    (("presence", "set", "jaan", "away", "--until", "25:00"), "'25:00'"),
    (("presence", "set", "jaan", "away", "--until", "2020-01-01 10:00"), "is over"),
    (("absence", "add", "jaan", "1.7.2026", "2026-07-20"), "'1.7.2026'"),
    (("absence", "add", "jaan", "2030-07-20", "2030-07-01"), "is not after"),
    (("absence", "add", "jaan", "2020-07-01", "2020-07-20"), "is over"),
    (("absence", "add", "jaan", "2030-07-01", "2030-07-20", "--because", "a\x1b[2Jb"), "printable characters"),
    (("absence", "remove", "'; drop table absences"), "is no id of an absence"),
    (("absence", "remove", "abc"), "no absence, or several"),
]


@pytest.mark.parametrize(("arguments", "told"), REFUSED, ids=[" ".join(arguments)[:40] for arguments, _ in REFUSED])
def test_what_is_refused(database: str, arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())


def test_without_postgres_it_says_so(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    result = run("presence", "set", "jaan", "away")
    assert isinstance(result.exception, RecordsUnreachable)
