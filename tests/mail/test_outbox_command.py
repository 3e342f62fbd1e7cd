"""`switchboard outbox`, and what `switchboard status` says of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from switchboard.commands import outbox
from switchboard.commands.status import _message_lines
from switchboard.domain.notification import Delivery, Outcome, Way
from switchboard.postgres.outbox import PostgresOutbox
from tests.mail.messages import left
from tests.mail.messages import outbox as rows


def run(*arguments: str) -> Result:
    app = typer.Typer()
    outbox.register(app)
    return CliRunner().invoke(app, ("outbox", *arguments))


async def refused(dsn: str) -> None:
    """A mail that came to nothing, and one that waits."""
    await left(dsn)
    now = datetime.now(UTC) + timedelta(seconds=5)
    async with PostgresOutbox(dsn) as store:
        (to_all,) = await store.claim(Way.EMAIL, now, now, 9)
        await store.address(to_all, dict(to_all.addressed(f"{name}@example.net") for name in ("mari", "jaan")))
        first, _ = await store.claim(Way.EMAIL, now, now, 9)
        await store.settle(first, Delivery(Outcome.REFUSED, "550 No such user"), None)


@pytest.fixture
async def database(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", dsn)
    monkeypatch.setenv("SWITCHBOARD_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    await refused(dsn)
    return dsn


def test_what_came_to_nothing_is_listed_and_sent_once_more(database: str) -> None:
    listed = run().stdout
    assert "mari@example.net" in listed
    assert "REFUSED: 550 No such user" in listed
    assert "next try" in listed
    entries = {entry["receiver"]: entry for entry in json.loads(run("--json").stdout)}
    assert entries["mari@example.net"]["outcome"] == "refused"
    again = str(entries["mari@example.net"]["id"])
    assert run("retry", again).stdout == f"{again}: tried again now\n"
    assert {entry["outcome"] for entry in json.loads(run("--json").stdout)} == {None}
    assert run("retry", "999999").exit_code == 2


async def test_a_try_again_counts_from_anew(database: str) -> None:
    async with PostgresOutbox(database) as store:
        entry = next(each for each in await store.entries(datetime(2026, 1, 1, tzinfo=UTC)) if each["done_at"])
        await store.try_again(entry["id"])
    assert [row["attempts"] for row in await rows(database)] == [0, 1]


def test_status_is_loud_about_it() -> None:
    told = {"mail": "set up", "waiting": 3, "mail_problem": "no route", "webhook_problem": None, "undelivered": 2}
    assert _message_lines(told) == [
        "messages     3 to be sent; mail is set up",
        "             NOT SENT, IS TRIED AGAIN: no route",
        "             2 CAME TO NOTHING this week: switchboard outbox",
    ]
    assert _message_lines({"mail": "not set up"}) == []
