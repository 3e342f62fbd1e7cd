"""`switchboard tokens`: made, shown once, listed, revoked, and noted."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from switchboard.commands import tokens
from switchboard.domain.api_token import is_token, lifetime, new_token
from tests.console.conftest import Api


@pytest.fixture
def settings(tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", api.dsn)
    monkeypatch.setenv("SWITCHBOARD_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


async def run(*arguments: str) -> Result:
    """In a thread: a command has a loop of its own."""
    app = typer.Typer()
    tokens.register(app)
    app.callback()(lambda: None)
    return await asyncio.to_thread(CliRunner().invoke, app, ["tokens", *arguments])


@pytest.mark.usefixtures("settings")
async def test_one_is_made_used_listed_and_revoked(api: Api) -> None:
    scopes = ("--scope", "presence:read", "--scope", "presence:write")
    made = await run("create", "front desk", *scopes, "--expires", "90d", "--as", "Liis")
    assert made.exit_code == 0, made.output
    token = made.stdout.splitlines()[0]
    assert is_token(token)
    assert (await api("GET", "/api/v1/people/jaan/presence", token=token)).status == 200
    assert (await api("GET", "/api/v1/people", token=token)).status == 403

    row = next(each for each in json.loads((await run("--json")).stdout) if each["name"] == "front desk")
    assert (row["scopes"], row["created_by"], row["in_force"]) == (["presence:read", "presence:write"], "Liis", True)
    assert row["used_at"] is not None
    table = (await run()).stdout
    assert "front desk" in table and token not in table

    again = await run("create", "front desk", *scopes)
    assert (again.exit_code, "there is one called" in again.output) == (2, True)
    assert (await run("revoke", "front desk", "--as", "Liis")).stdout == "front desk: revoked\n"
    assert (await api("GET", "/api/v1/people/jaan/presence", token=token)).status == 401
    assert (await run("revoke", "front desk")).exit_code == 2
    assert (await run("create", "front desk", *scopes)).exit_code == 0
    noted = await api.rows("select what, who from audit_log where subject = 'front desk' order by id")
    assert [each["what"] for each in noted] == ["token.created", "token.revoked", "token.created"]
    assert [each["who"] for each in noted][:2] == ["Liis", "Liis"]


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "x"), "--scope"),
        (("create", "x", "--scope", "everything"), "'everything' is not one of"),
        (("create", "../x", "--scope", "people:read"), "letters, digits, spaces"),
        (("create", "x", "--scope", "people:read", "--expires", "soon"), "no time such as"),
        (("create", "x", "--scope", "people:read", "--expires", "0d"), "no time such as"),
        (("revoke", "nobody"), "no token in force is called 'nobody'"),
    ],
)
async def test_what_is_wrong_is_said(arguments: tuple[str, ...], said: str) -> None:
    refused = await run(*arguments)
    assert refused.exit_code == 2
    assert said in " ".join(refused.output.replace("│", " ").split()), refused.output


def test_tokens_are_long_and_never_the_same() -> None:
    made = {new_token() for _ in range(100)}
    assert len(made) == 100 and all(map(is_token, made))
    assert not is_token("switchboard_short") and not is_token(next(iter(made)) + "x")


def test_lifetimes() -> None:
    assert [lifetime(text) for text in ("12h", "90d", "4w")] == [
        timedelta(hours=12),
        timedelta(days=90),
        timedelta(weeks=4),
    ]
