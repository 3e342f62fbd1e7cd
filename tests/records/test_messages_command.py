"""`switchboard messages`: listed, played, taken by one of two, exported, erased; and who did it stays known."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
import typer
from click.testing import Result
from typer.testing import CliRunner

from switchboard.commands.messages import register
from switchboard.domain.call_record import EventKind
from switchboard.errors import RecordsUnreachable
from switchboard.folders import Folders
from switchboard.postgres.messages import PostgresMessages
from tests.flows.playing import EXAMPLE, PROMPTS
from tests.records.message_world import World, example, tone, world_at
from tests.records.telling import a_call, event


@pytest.fixture
def folder(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command is typed; its state is in `.state`."""
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", dsn)
    monkeypatch.setenv("SWITCHBOARD_STATE", str(tmp_path))
    monkeypatch.setenv("SWITCHBOARD_IVR", str(EXAMPLE))
    monkeypatch.setenv("SWITCHBOARD_PROMPTS", str(PROMPTS))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    folders = Folders(tmp_path, tmp_path, tmp_path / "cache")
    monkeypatch.setattr("switchboard.machine.account.folders_of", lambda *_: folders)
    monkeypatch.setattr("switchboard.commands.people_named.organisation_served", lambda: example().organisation)
    return tmp_path


@pytest_asyncio.fixture
async def messages(folder: Path, dsn: str) -> list[UUID]:
    """One for Mari, one for sales, by an odd caller."""
    async with world_at(folder, dsn) as world:
        return [await left(world, person="mari"), await left(world, department="sales", urgent=True)]


async def left(world: World, **told: Any) -> UUID:
    events, message_id = a_call(), uuid4()
    caller = {"caller_number": "5551234", "caller_name": "=cmd|' /C calc'!A0"}
    offered = event(events[0].call_id, EventKind.OFFERED, 0, number="6001000", **caller)
    world.recorded(message_id, tone(3))
    assert await world.messages.keep(message_id, [[message_id]])
    data = {"message_id": str(message_id), "message_kind": "voicemail", "seconds": 3.0, **told}
    for each in (offered, *events[1:-1], event(events[0].call_id, EventKind.MESSAGE, 30, **data)):
        world.ledger.append(each)
    ended = event(events[0].call_id, EventKind.ENDED, 60, disposition="message", cause=16, ended_by="caller")
    world.ledger.append(ended)
    await world.file()
    return message_id


def run(*arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["messages", *arguments], catch_exceptions=False)


async def told(*arguments: str) -> str:
    """What a command that succeeds prints."""
    result = await asyncio.to_thread(run, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


async def history(message: UUID) -> list[tuple[str, str]]:
    shown: Mapping[str, Any] = json.loads(await told("show", str(message), "--json"))
    return [(each["who"], each["what"]) for each in shown["history"]]


async def test_messages_are_listed_heard_and_done(messages: list[UUID], folder: Path) -> None:
    listed = await told()
    assert "mari" in listed and "urgent" in listed
    assert [each["id"] for each in json.loads(await told("--for", "101", "--json"))] == [str(messages[0])]
    assert [each["id"] for each in json.loads(await told("--department", "sales", "--json"))] == [str(messages[1])]
    await told("play", str(messages[0])[:13], "said.wav", "--as", "mari")
    assert (folder / "said.wav").read_bytes() == tone(3).as_wav()
    assert await told("done", str(messages[0]), "--as", "mari") == f"{messages[0]}: done\n"
    assert await told("done", str(messages[0]), "--as", "mari") == f"{messages[0]}: was done already\n"
    assert str(messages[0])[:13] not in await told()
    assert str(messages[0])[:13] in await told("--all")
    assert await history(messages[0]) == [("caller", "saved"), ("mari", "heard"), ("mari", "done")]


async def test_of_two_who_take_a_message_at_once_one_has_it(messages: list[UUID], dsn: str) -> None:
    async with PostgresMessages(dsn) as one, PostgresMessages(dsn) as other:
        message = messages[1]
        for race in range(50):
            took = await asyncio.gather(
                one.assign(message, "mari", "mari", owner=None), other.assign(message, "jaan", "jaan", owner=None)
            )
            assert sorted(took) == [False, True]
            winner = "mari" if took[0] else "jaan"
            (row,) = await one.found(str(message))
            assert (row["owner"], row["state"]) == (winner, "in_hand")
            if race % 10 == 0:
                refused = await asyncio.to_thread(run, "take", str(message), "--as", "anna")
                assert refused.exit_code == 1 and f"{winner} has it" in refused.output
            await one._records.fetch("assigned", message, None, "test", winner, "released")
    assert "mari answers for it" in await told("assign", str(messages[1]), "mari", "--as", "liis")
    assert (await history(messages[1]))[-1] == ("liis", "assigned")


async def test_an_export_is_no_formula_and_is_noted(messages: list[UUID]) -> None:
    rows = list(csv.DictReader(io.StringIO(await told("export", "--as", "liis"))))
    assert {row["id"] for row in rows} == {str(each) for each in messages}
    assert {row["caller_name"] for row in rows} == {"'=cmd|' /C calc'!A0"}
    assert ("liis", "exported") in await history(messages[0])


async def test_erased_is_erased_everywhere(messages: list[UUID], folder: Path, dsn: str) -> None:
    erased, stays = messages
    assert f"{erased}: erased" in await told("erase", str(erased), "--why", "asked for", "--as", "liis")
    async with world_at(folder, dsn) as world:
        assert world.kept() == [f"{stays}.wav"]
        audio = await world.rows("select message_id from message_audio")
        queue = await world.rows("select distinct message_id from outbox")
        assert [row["message_id"] for row in (*audio, *queue)] == [stays, stays]
        await world.file()  # what is drained and filed again brings nothing back
        (row,) = await world.rows(f"select * from messages where id = '{erased}'")
        assert (row["caller_number"], row["transcript"], row["sha256"]) == ("", None, None) and row["erased_at"]
    assert str(erased)[:13] not in await told("--all")
    assert (await history(erased))[-1] == ("liis", "erased")


async def test_callers_who_reached_nobody_are_listed_until_they_do(folder: Path, dsn: str) -> None:
    async with world_at(folder, dsn) as world:
        message = await left(world, person="mari")
        query = "select caller_number, person, message_id, reached_by from callers_unreached"
        (row,) = await world.rows(query)
        assert tuple(row.values()) == ("5551234", "mari", message, None)
        later = a_call()
        offered = event(later[0].call_id, EventKind.OFFERED, 600, number="6001000", caller_number="5551234")
        talked = event(later[0].call_id, EventKind.ENDED, 700, disposition="talked", cause=16, ended_by="caller")
        for each in (offered, talked):
            world.ledger.append(each)
        await world.file()
        (row,) = await world.rows(query)
        assert row["reached_by"] == later[0].call_id
    assert "talked to somebody" in await told("unreached")


@pytest.mark.parametrize("which", ["", "abc", "nothing here", "'; drop table messages"])
def test_what_is_no_message_is_refused(folder: Path, which: str) -> None:
    assert run("show", which).exit_code == 2


def test_no_database(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(RecordsUnreachable, match="messages cannot be read"):
        run()
