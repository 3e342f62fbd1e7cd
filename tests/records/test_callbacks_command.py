"""`switchboard callbacks`: listed for people and for programs, and cancelled, once, by somebody with a name."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
import typer
from typer.testing import CliRunner, Result

from switchboard.commands.callbacks import register
from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.callback import Callback, CallbackState, as_json, begin_attempt, close, from_json
from switchboard.domain.identity import CallId, new_event_id
from switchboard.domain.language import ENGLISH
from switchboard.errors import RecordsUnreachable
from tests.postgres_fixture import free_port
from tests.records.telling import archived, draining, ledger_at

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST = Callback(
    id=UUID("0190a000-0000-7000-8000-000000000001"),
    queue="sales",
    number="+37255501234",
    asked_by="+37255501234",
    name="Café \x1b[2J",  # a client's name; no terminal obeys it
    called="6001000",
    language=ENGLISH,
    call_id=CallId(UUID(int=2)),
    since=NOON,
    priority=1,
    promised_at=NOON,
    deadline=NOON + 24 * HOUR,
    not_before=NOON,
)
SECOND = replace(
    FIRST, id=UUID("0190b000-0000-7000-8000-000000000002"), number="+37255505678", name="", since=NOON + HOUR
)
OVER = replace(
    FIRST, id=UUID("0190c000-0000-7000-8000-000000000003"), number="+37255509999", name="", since=NOON - HOUR
)


@pytest_asyncio.fixture
async def kept(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two that are open, of which one is being dialled, and one that is over, as a controller tells of them."""
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", dsn)
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.chdir(tmp_path)
    with ledger_at(tmp_path / "ledger") as ledger:
        async with draining(ledger, dsn):
            for each in (
                SECOND,
                FIRST,
                begin_attempt(FIRST, NOON),
                close(OVER, CallbackState.CALLED_IN, "call 7", NOON),
            ):
                data = as_json(each)
                ledger.append(CallEvent(each.call_id, new_event_id(NOON), NOON, EventKind.CALLBACK, data))
            await archived(ledger)
    return dsn


def run(*arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["callbacks", *arguments], catch_exceptions=False)


def states() -> dict[str, tuple[str, str]]:
    """As programs are told, by number: the state, and how it came to that."""
    found = [from_json(each) for each in json.loads(run("--json").stdout)]
    return {each.number: (each.state.value, each.last) for each in found}


def test_open_ones_come_first_as_they_are_called(kept: str) -> None:
    lines = run().stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["dialling", "waiting", "called"]
    assert "sales  +37255501234 Caf" in lines[0] and "1 attempt, until" in lines[0]
    assert "\x1b" not in run().stdout
    assert "0 attempts, until" in lines[1]
    assert lines[2].endswith("0 attempts, last: call 7"), "it is over: nobody waits until then"
    assert len(run("--limit", "1").stdout.splitlines()) == 1


def test_programs_are_told_the_same(kept: str) -> None:
    assert states() == {
        "+37255501234": ("dialling", ""),
        "+37255505678": ("waiting", ""),
        "+37255509999": ("called_in", "call 7"),
    }


def test_cancelled_once_and_by_whom(kept: str) -> None:
    assert run("cancel", "0190B", "--as", "liis").stdout == "cancelled: +37255505678, queue sales\n"
    assert states()["+37255505678"] == ("cancelled", "by liis")
    again = run("cancel", "0190b", "--as", "liis")
    assert again.exit_code == 2 and "no open callback, or several, begin with" in again.output


@pytest.mark.parametrize(
    ("which", "told"),
    [("0190", "or several"), ("ffff", "no open callback"), ("0190c", "no open callback"), ("../x", "is no id")],
)
def test_what_is_not_one_open_callback_is_refused(kept: str, which: str, told: str) -> None:
    before = states()
    refused = run("cancel", which, "--as", "liis")
    assert refused.exit_code == 2 and told in refused.output
    assert states() == before


def test_nobody_waits(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", dsn)
    monkeypatch.chdir(tmp_path)
    assert run().stdout == "Nobody was promised to be called back.\n"
    assert json.loads(run("--json").stdout) == []


def test_postgres_away_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", f"postgresql://nobody@127.0.0.1:{free_port()}/x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecordsUnreachable, match="callbacks cannot be read or changed"):
        run()
