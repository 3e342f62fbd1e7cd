"""`switchboard rota swap`, `swaps` and `unswap`, and what calls know of it, with Postgres and without."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import typer
from typer.testing import CliRunner, Result

from switchboard.commands import rota
from switchboard.domain.rota import NotedSwap, Swap
from switchboard.errors import RecordsUnreachable
from switchboard.postgres.rota_swaps import MirroredSwaps, PostgresSwaps
from tests.flows.playing import EXAMPLE, PROMPTS

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
SATURDAY = date.today() + timedelta(days=(5 - date.today().weekday()) % 7 + 7)


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
    rota.register(app)
    app.command("other")(lambda: None)  # or Typer would take the only command for granted
    return CliRunner().invoke(app, ["rota", *arguments])


def told(*arguments: str) -> list[str]:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def on_call() -> str:
    """Who is on call on that Saturday, and why."""
    (line,) = told("--at", f"{SATURDAY} 12:00")
    return line


def test_people_change_places_and_take_it_back(database: str) -> None:
    turns = ["Anna Ivanova", "Jaan Sepp", "Mari Tamm"]
    before = on_call()
    whose = next(name for name in turns if name in before)
    other = next(name for name in turns if name != whose)
    one_id, other_id = (name.split()[0].casefold() for name in (whose, other))
    first, *hours = told("swap", str(SATURDAY), one_id, other_id, "--why", "skiing", "--as", "Liis")
    assert first.endswith(f"{whose} and {other}: skiing  (Liis)")
    assert [line.partition("06:00  ")[2] for line in hours] == [other]
    assert other in on_call() and f"swapped with {one_id}: skiing (Liis)" in on_call()
    assert told("swaps") == [first]
    (listed,) = json.loads(run("swaps", "--json").stdout)
    assert (listed["rota"], listed["day"], listed["one"], listed["by"]) == ("delivery", str(SATURDAY), one_id, "Liis")
    assert told("unswap", first.split()[0]) == [f"taken back: {first}"]
    assert on_call() == before
    assert told("swaps") == ["No swaps."]
    assert run("unswap", first.split()[0]).exit_code == 2


DAY = str(SATURDAY)
WHY = ("--why", "skiing")
REFUSED = [
    (("swap", DAY, "jaan", "nobody", *WHY), "nobody is called 'nobody'"),
    (("swap", DAY, "jaan", "peeter", *WHY), "peeter is not in rota delivery"),
    (("swap", "2020-01-04", "jaan", "anna", *WHY), "2020-01-04"),
    (("swap", "2020-01-06", "jaan", "anna", *WHY), "2020-01-06 is over"),
    (("swap", "24.12.2026", "jaan", "anna", *WHY), "'24.12.2026' — expected a day"),
    (("swap", "2026-02-30", "jaan", "anna", *WHY), "'2026-02-30' — expected a day"),
    (("swap", DAY, "jaan", "anna", "--why", "a\x1b[2Jb"), "printable characters"),
    (("swap", DAY, "jaan", "anna"), "say why"),
    (("swap", DAY, "jaan", "anna", "--rota", "night", *WHY), "say which rota: there are delivery"),
    (("unswap", "'; drop table rota_swaps"), "is no id of a swap"),
    (("unswap", "abc"), "no swap, or several"),
]


@pytest.mark.parametrize(("arguments", "told"), REFUSED, ids=[" ".join(arguments)[:40] for arguments, _ in REFUSED])
def test_what_is_refused(database: str, arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())


def test_without_postgres_the_rota_is_told_as_it_is_written(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", NOWHERE)
    result = run("delivery")
    assert "Swaps are not known: " in result.stderr
    assert result.stdout.startswith("delivery (Europe/Tallinn): ")
    assert isinstance(run("swap", DAY, "jaan", "anna", "--why", "skiing").exception, RecordsUnreachable)


async def test_calls_know_of_swaps_at_once_and_after_a_start_without_postgres(dsn: str, tmp_path: Path) -> None:
    noted = NotedSwap(uuid4(), "delivery", Swap(datetime.now(UTC).date(), "jaan", "anna", "skiing", "Liis"))
    known = MirroredSwaps(dsn, tmp_path)
    keeping = asyncio.create_task(known.mirror.run())
    try:
        async with PostgresSwaps(dsn) as table:
            await known.mirror.looked()
            await table.add(noted)
            await known.mirror.looked()
            assert list(known.of("delivery")) == [noted.swap]
            assert not known.of("night")
            assert MirroredSwaps(NOWHERE, tmp_path).of("delivery") == [noted.swap]
            assert await table.take_back(noted.id, "Mari") == noted
            await known.mirror.looked()
            assert not known.of("delivery")
            assert await table.take_back(noted.id, "Mari") is None
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
