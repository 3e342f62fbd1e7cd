"""`switchboard block`, `allow`, `unblock`, `blocklist`; and what was blocked at a desk phone."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
import typer
from typer.testing import CliRunner, Result

from switchboard.commands.blocklist import register
from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import CallId, call_id_of, new_event_id
from switchboard.domain.screening import Listed
from switchboard.errors import RecordsUnreachable
from switchboard.postgres.blocklist import MirroredLists, PostgresLists
from tests.flows.playing import EXAMPLE, PROMPTS
from tests.records.telling import archived, draining, ledger_at

CALLER = "+37255501234"
NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", dsn)
    monkeypatch.setenv("SWITCHBOARD_IVR", str(EXAMPLE))
    monkeypatch.setenv("SWITCHBOARD_PROMPTS", str(PROMPTS))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest_asyncio.fixture
async def calls(folder: Path, dsn: str) -> list[CallId]:
    """One with a number, one without."""
    ids = [call_id_of("switchboard-1763726400.1"), call_id_of("switchboard-1863726400.2")]
    with ledger_at(folder / "ledger") as ledger:
        async with draining(ledger, dsn):
            for call_id, number in zip(ids, ("5550 1234", "anonymous"), strict=True):
                data = {"number": "6001000", "caller_number": number}
                ledger.append(CallEvent(call_id, new_event_id(NOW), NOW, EventKind.OFFERED, data))
            await archived(ledger)
    return ids


def run(*arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, [*arguments], catch_exceptions=False)


def listed() -> list[tuple[str, str, str, str]]:
    return [tuple(row[key] for key in ("pattern", "kind", "why", "who")) for row in json.loads(run("blocklist", "--json").stdout)]  # type: ignore[misc] # fmt: skip # noqa: E501


def test_numbers_are_blocked_and_unblocked(folder: Path) -> None:
    assert run("blocklist").stdout == "Nobody is blocked or allowed by hand.\n"
    assert run("block", "5550 1234", "--why", "shouted  at Mari", "--as", "liis").stdout == f"{CALLER}: blocked\n"
    assert run("block", "+372900*", "--why", "paid calls", "--as", "liis").stdout == "+372900*: blocked\n"
    assert run("allow", "00372 9001 234", "--why", "the bank", "--as", "liis").stdout == "+3729001234: allowed\n"
    assert set(listed()) == {
        (CALLER, "block", "shouted at Mari", "liis"),
        ("+372900*", "block", "paid calls", "liis"),
        ("+3729001234", "allow", "the bank", "liis"),
    }
    assert "blocked" in run("blocklist").stdout and "shouted at Mari" in run("blocklist").stdout
    assert run("allow", CALLER, "--why", "made up", "--as", "mari").exit_code == 0
    assert (CALLER, "allow", "made up", "mari") in listed()
    assert run("unblock", "55501234").stdout == f"{CALLER}: allowed no more\n"
    assert run("unblock", "55501234").exit_code == 2
    assert len(listed()) == 2


async def test_a_caller_is_blocked_from_the_record_of_a_call(calls: list[CallId]) -> None:
    first, second = map(str, calls)
    blocked = await asyncio.to_thread(run, "block", first[:13], "--why", "a nuisance")
    assert blocked.stdout == f"{CALLER}: blocked\n"
    (entry,) = await asyncio.to_thread(lambda: json.loads(run("blocklist", "--json").stdout))
    assert entry["call_id"] == first
    refused = await asyncio.to_thread(run, "block", second[:13], "--why", "a nuisance")
    assert refused.exit_code == 2 and "without a number" in refused.output


@pytest.mark.parametrize("whom", ["", "101", "nobody", "900*", "abcdef", "'; drop table screening_list"])
def test_what_is_no_number_is_refused(folder: Path, whom: str) -> None:
    refused = run("block", whom, "--why", "a nuisance")
    assert (refused.exit_code, listed()) == (2, [])


def test_a_reason_is_needed(folder: Path) -> None:
    assert run("block", CALLER).exit_code == 2


def test_no_database(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(RecordsUnreachable, match="the blocklist cannot be read"):
        run("blocklist")


async def test_calls_know_who_is_blocked_from_then_on(folder: Path, dsn: str) -> None:
    lists = MirroredLists(dsn, folder)
    running = asyncio.create_task(lists.mirror.run())
    await lists.mirror.looked()
    assert lists.blocked(CALLER) is None
    await asyncio.to_thread(run, "block", CALLER, "--why", "a nuisance")
    await asyncio.to_thread(run, "allow", "+46*", "--why", "colleagues")
    await lists.mirror.looked()
    assert lists.blocked(CALLER) == Listed(CALLER, "a nuisance")
    assert (lists.allowed(CALLER), lists.allowed("+46701234567")) == (None, Listed("+46*", "colleagues"))
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    kept = MirroredLists("postgresql://nobody@127.0.0.1:1/nothing", folder)
    assert kept.blocked(CALLER) == Listed(CALLER, "a nuisance"), "a start without Postgres knows them"


async def test_who_was_blocked_at_a_phone_comes_to_postgres(folder: Path, dsn: str) -> None:
    lists = MirroredLists(dsn, folder)
    lists.block(CALLER, "blocked at phone 101")
    call_id = call_id_of("switchboard-1763726400.1")
    data = {"pattern": CALLER, "why": "blocked at phone 101", "who": "Mari Tamm", "extension": "101"}
    wrong = {"pattern": "'; --", "why": "", "who": ""}
    with ledger_at(folder / "ledger") as ledger:
        async with draining(ledger, dsn):
            ledger.append(CallEvent(call_id, new_event_id(NOW), NOW, EventKind.OFFERED, {"number": "6001000"}))
            for each in (data, data, wrong):
                ledger.append(CallEvent(call_id, new_event_id(NOW), NOW, EventKind.BLOCKED, each))
            await archived(ledger)
    async with PostgresLists(dsn) as store:
        (entry,) = await store.entries()
        assert (entry.pattern, entry.kind, entry.who, entry.call_id) == (CALLER, "block", "Mari Tamm", call_id)
        running = asyncio.create_task(lists.mirror.run())
        await lists.mirror.looked()
        assert lists.blocked(CALLER) is not None
        await store.remove(CALLER)
        await lists.mirror.looked()
    assert lists.blocked(CALLER) is None, "unblocked by hand, though blocked here before"
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
