"""`switchboard calls` and `switchboard calls show`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import typer
from typer.testing import CliRunner, Result

from switchboard.commands.calls import period, printable, register
from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import call_id_of, new_event_id
from tests.records.telling import archived, draining, ledger_at

EVIL = "\x1b[2J\x1b[31mPWNED\x07 [bold]Bank\u202e \r\n[link=http://x]"
EPOCH = 1763726400


@pytest_asyncio.fixture
async def database(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two calls of one second, long ago, and one of now; the settings point at them."""
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", dsn)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    now = int(datetime.now(UTC).timestamp())
    with ledger_at(tmp_path / "ledger") as ledger:
        async with draining(ledger, dsn):
            for linkedid in (f"switchboard-{EPOCH}.1", f"switchboard-{EPOCH}.2", f"switchboard-{now}.3"):
                for event in told(linkedid):
                    ledger.append(event)
            await archived(ledger)
    return dsn


def told(linkedid: str) -> list[CallEvent]:
    begin = datetime.fromtimestamp(int(linkedid.partition("-")[2].partition(".")[0]), UTC)
    menu = {"flow": "main", "step": "menu", "type": "menu", "file": "ivr/flows/main.yaml", "line": 12}
    story = [
        (EventKind.OFFERED, {"number": "6001000", "caller_number": "5551234", "caller_name": EVIL, "flow": "main"}),
        (EventKind.STEP, {**menu, "decided_on": "pressed 1", "outcome": "1", "next": "sales"}),
        (EventKind.TALKING, {"extension": "101", "name": "Mari Tamm"}),
        (EventKind.TALKED, {"extension": "101", "name": "Mari Tamm", "seconds": 61.0, "ended_by": "caller"}),
        (EventKind.ENDED, {"disposition": "talked", "cause": 16, "ended_by": "caller"}),
    ]
    events = []
    for number, (kind, data) in enumerate(story):
        at = begin + timedelta(seconds=number * 20)
        events.append(CallEvent(call_id_of(linkedid), new_event_id(at), at, kind, data))
    return events


def run(*arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["calls", *arguments], catch_exceptions=False)


def test_the_newest_calls_are_listed(database: str) -> None:
    result = run()
    assert result.exit_code == 0
    heading, first, *rest = result.stdout.splitlines()
    assert heading.split() == ["id", "started", "caller", "number", "lasted", "how", "with", "last", "step"]
    assert json.loads(run("--json", "--limit", "1").stdout)[0]["id"].startswith(first.split()[0])
    assert "1:20" in first
    assert "Mari Tamm" in first
    assert len(rest) >= 2


def test_ids_shown_are_enough_to_ask_for_the_story(database: str) -> None:
    for line in run().stdout.splitlines()[1:]:
        if line[:8].strip():
            assert run("show", line.split()[0]).exit_code == 0


def test_since_leaves_old_calls_out(database: str) -> None:
    assert len(json.loads(run("--json").stdout)) == 3
    assert len(json.loads(run("--json", "--since", "1d").stdout)) == 1


def test_the_story_of_a_call_is_told(database: str) -> None:
    call_id = str(call_id_of(f"switchboard-{EPOCH}.1"))
    output = run("show", call_id).stdout
    assert "called 6001000" in output
    assert "1:20, talked, talked 61 s to Mari Tamm" in output
    assert f"id {call_id}" in output
    [step] = [line for line in output.splitlines() if "menu main/menu" in line]
    assert "(ivr/flows/main.yaml:12)" in step
    assert "pressed 1 → sales" in step


@pytest.mark.parametrize("arguments", [(), ("show", str(call_id_of(f"switchboard-{EPOCH}.1")))])
def test_a_caller_cannot_command_the_terminal(database: str, arguments: tuple[str, ...]) -> None:
    output = run(*arguments).stdout
    assert not set(output) & {"\x1b", "\x07", "\r", "\u202e"}
    flat = "".join(output.split())
    assert "\\x1b[2J" in flat
    assert "[bold]Bank" in flat


def test_json_carries_everything(database: str) -> None:
    call_id = call_id_of(f"switchboard-{EPOCH}.1")
    shown = json.loads(run("show", str(call_id)[:18], "--json").stdout)
    assert shown["call"]["id"] == str(call_id)
    assert shown["call"]["caller_name"] == EVIL
    assert [event["kind"] for event in shown["events"]] == ["offered", "step", "talking", "talked", "ended"]
    assert shown["events"][1]["data"]["line"] == 12


@pytest.mark.parametrize(
    ("prefix", "problem"),
    [
        (str(call_id_of(f"switchboard-{EPOCH}.1"))[:13], "several calls begin with"),
        ("ffffffff", "no call begins with"),
        ("not hex", "is no id of a call"),
    ],
)
def test_an_id_that_is_not_one_call_is_refused(database: str, prefix: str, problem: str) -> None:
    result = run("show", prefix)
    assert result.exit_code == 2
    assert problem in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("8h", 28800), ("1d", 86400), ("2w", 1209600)])
def test_periods(text: str, seconds: int) -> None:
    assert period(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "yesterday", "1y", "-1d", "1.5h"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a time like 30m"):
        period(text)


def test_letters_of_any_script_stay() -> None:
    assert printable("Jānis Ķirsis Õunapuu Юлия 名前 \U0001f4de") == "Jānis Ķirsis Õunapuu Юлия 名前 \U0001f4de"
