"""`switchboard accounts`: made with a one-time password, listed, changed, and noted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
import typer
from typer.testing import CliRunner, Result

from switchboard.commands import accounts
from switchboard.commands.first_account import FIRST, first_administrator
from switchboard.postgres import slow_hash
from switchboard.postgres.accounts import PostgresAccounts
from tests.console.site import QUICK


@pytest.fixture
def settings(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", database)
    monkeypatch.setenv("SWITCHBOARD_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(slow_hash, "_hasher", QUICK)
    monkeypatch.chdir(tmp_path)
    return database


async def run(*arguments: str) -> Result:
    """In a thread: a command has a loop of its own."""
    app = typer.Typer()
    accounts.register(app)
    app.callback()(lambda: None)
    return await asyncio.to_thread(CliRunner().invoke, app, ["accounts", *arguments])


def told(result: Result) -> str:
    """Its output without boxes and breaks."""
    return " ".join(result.output.replace("│", " ").split())


async def is_password(database: str, name: str, password: str) -> bool:
    store = PostgresAccounts(lambda: database)
    try:
        found = await store.named(name)
        return found is not None and await slow_hash.is_right(password, found[1])
    finally:
        store.close()


async def test_one_is_made_listed_and_changed(settings: str) -> None:
    assert (await run()).stdout.startswith("Nobody: `switchboard accounts add")
    made = await run("add", "Liis", "--role", "administrator", "--as", "Mari")
    assert made.exit_code == 0, made.output
    assert await is_password(settings, "liis", made.stdout.splitlines()[0])
    (row,) = json.loads((await run("--json")).stdout)
    assert (row["name"], row["role"], row["state"]) == ("liis", "administrator", "one-time password")
    again = await run("add", "liis", "--role", "auditor")
    assert (again.exit_code, "there is an account 'liis'" in told(again)) == (2, True)
    for last in (("disable", "liis"), ("role", "liis", "auditor")):
        refused = await run(*last)
        assert (refused.exit_code, "make another administrator first" in told(refused)) == (2, True)
    await run("add", "mari", "--role", "administrator")
    assert (await run("disable", "liis")).stdout == "liis: disabled\n"
    assert (await run("enable", "liis")).stdout == "liis: may sign in\n"
    assert (await run("role", "liis", "auditor")).stdout == "liis: auditor\n"
    reset = await run("reset", "liis")
    assert await is_password(settings, "liis", reset.stdout.splitlines()[0])
    assert not await is_password(settings, "liis", made.stdout.splitlines()[0])
    connection = await asyncpg.connect(settings, timeout=10)
    try:
        noted = await connection.fetch("select who, what from audit_log where subject = 'liis' order by id")
    finally:
        connection.terminate()
    assert (noted[0]["who"], noted[0]["what"]) == ("Mari", "account.created")
    whats = ["account.disabled", "account.enabled", "account.role_set", "account.password_reset"]
    assert [each["what"] for each in noted[1:]] == whats


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("add", "no spaces", "--role", "auditor"), "expected letters a to z"),
        (("add", "liis", "--role", "queen"), "Invalid value"),
        (("reset", "nobody"), "there is no account 'nobody'"),
    ],
)
async def test_what_cannot_be_is_told(arguments: tuple[str, ...], expected: str) -> None:
    result = await run(*arguments)
    assert (result.exit_code, expected in told(result)) == (2, True), result.output


async def test_the_first_is_made_once(settings: str) -> None:
    made = await asyncio.gather(*(first_administrator(settings) for _ in range(4)))
    (password,) = filter(None, made)
    assert await is_password(settings, FIRST, password)
    assert await first_administrator(settings) == ""
    assert await first_administrator("postgresql://nobody@127.0.0.1:1/none") == ""
