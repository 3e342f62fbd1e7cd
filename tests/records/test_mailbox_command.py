"""`switchboard mailbox`: PINs are set and taken away, weak ones refused, locks opened; the log tells of it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import typer
from argon2 import PasswordHasher
from typer.testing import CliRunner, Result

from switchboard.commands import mailbox
from switchboard.postgres import slow_hash
from tests.flows.playing import EXAMPLE, PROMPTS


@pytest.fixture
def database(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    settings = {"DATABASE_URL": dsn, "STATE": tmp_path / "state", "IVR": EXAMPLE, "PROMPTS": PROMPTS}
    for name, value in settings.items():
        monkeypatch.setenv(f"SWITCHBOARD_{name}", str(value))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(slow_hash, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return dsn


def run(*arguments: str, typed: str = "") -> Result:
    app = typer.Typer()
    mailbox.register(app)
    return CliRunner().invoke(app, ["mailbox", *arguments], input=typed)


def rows() -> list[dict[str, object]]:
    result = run("--json")
    assert result.exit_code == 0, result.output
    return list(json.loads(result.stdout))


def test_a_pin_is_set_and_taken_away(database: str) -> None:
    assert "its own phone only" in run().stdout
    assert run("pin", "101", "--as", "Liis", typed="837195\n").stdout == "101: PIN set\n"
    (row,) = rows()
    assert (row["extension"], row["has_pin"]) == ("101", True)
    assert "Mari Tamm" in run().stdout
    assert run("pin", "101", "--remove").stdout == "101: no PIN any more\n"
    log = run("log", "101").stdout.splitlines()
    assert "pin_removed" in log[0]
    assert "pin_set" in log[1]
    assert "Liis, the command line" in log[1]
    assert "837195" not in "".join(log)


@pytest.mark.parametrize(("extension", "typed"), [("101", "123456\n"), ("101", "101837\n"), ("101", "\n"), ("999", "")])
def test_what_is_no_good_is_refused(database: str, extension: str, typed: str) -> None:
    assert run("pin", extension, typed=typed).exit_code == 2
    assert rows() == []


async def test_a_lock_is_opened(database: str) -> None:
    connection = await asyncpg.connect(database, timeout=10)
    until = datetime.now(UTC) + timedelta(hours=1)
    await connection.execute("insert into mailboxes (extension, locked_until) values ('101', $1)", until)
    await connection.close(timeout=10)
    # The command has an event loop of its own.
    results = await asyncio.to_thread(lambda: [run(), run("unlock", "101"), run("unlock", "101")])
    assert "locked until" in results[0].stdout
    assert [each.stdout for each in results[1:]] == ["101: open again\n", "101: was not locked\n"]
