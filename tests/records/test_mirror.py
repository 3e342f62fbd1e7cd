"""Rows kept in memory: as Postgres has them, as they were where it is away, and whole always."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from switchboard.postgres.mirror import Mirror
from tests.postgres_fixture import running_postgres

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
QUERY = "select id, name, since from birds order by id"
SCHEMA = """
create table birds (id integer primary key, name text not null, since date);
create function tell_birds() returns trigger language plpgsql as
    $$ begin perform pg_notify('birds', ''); return null; end $$;
create trigger birds_change after insert or update or delete or truncate on birds
    for each statement execute function tell_birds();
insert into birds values (1, 'eider', '2026-05-01'), (2, 'crane
two lines', null);
"""


def parse(row: Mapping[str, Any]) -> tuple[int, str]:
    if row["name"] == "penguin":
        raise ValueError("no bird of ours")
    return row["id"], row["name"]


def mirror_of(dsn: str, folder: Path, poll: float = 30.0) -> Mirror[tuple[int, str]]:
    return Mirror(dsn, QUERY, "birds", folder / "birds.snapshot", parse, keys=lambda row: (row[1],), poll=poll)


@contextlib.asynccontextmanager
async def running(mirror: Mirror[Any]) -> AsyncIterator[None]:
    task = asyncio.create_task(mirror.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def birds(dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(dsn, timeout=10)
    await connection.execute(SCHEMA)
    yield connection
    await connection.close(timeout=10)


async def test_rows_follow_what_postgres_has(
    birds: asyncpg.Connection[asyncpg.Record], dsn: str, tmp_path: Path
) -> None:
    mirror = mirror_of(dsn, tmp_path)
    assert (list(mirror.rows), mirror.problem) == ([], "not read yet")
    async with running(mirror):
        await mirror.looked()
        assert mirror.rows == [(1, "eider"), (2, "crane\ntwo lines")]
        assert (mirror.by_key["eider"], mirror.problem) == ((1, "eider"), None)
        before = mirror.rows
        await birds.execute("update birds set name = 'heron' where id = 1")
        await until(lambda: "heron" in mirror.by_key)
        assert "eider" not in mirror.by_key
        assert before == [(1, "eider"), (2, "crane\ntwo lines")], "whoever holds it sees one state"
        await birds.execute("truncate birds")
        await until(lambda: not mirror.rows)


async def test_a_change_that_nobody_notified_is_seen_by_the_poll(
    birds: asyncpg.Connection[asyncpg.Record], dsn: str, tmp_path: Path
) -> None:
    await birds.execute("drop trigger birds_change on birds")
    mirror = mirror_of(dsn, tmp_path, poll=0.02)
    async with running(mirror):
        await mirror.looked()
        await birds.execute("insert into birds values (3, 'swift')")
        await until(lambda: "swift" in mirror.by_key)


async def test_a_start_without_postgres_knows_what_was_known(
    birds: asyncpg.Connection[asyncpg.Record], dsn: str, tmp_path: Path
) -> None:
    before = mirror_of(dsn, tmp_path)
    async with running(before):
        await before.looked()
    mirror = mirror_of(NOWHERE, tmp_path)
    assert mirror.rows == [(1, "eider"), (2, "crane\ntwo lines")]
    async with running(mirror):
        await until(lambda: "refused" in (mirror.problem or "") or "connect" in (mirror.problem or "").lower())
    assert (tmp_path / "birds.snapshot").stat().st_mode & 0o077 == 0, "clients' data is nobody else's"


async def test_nothing_is_read_again_while_nothing_has_changed(
    birds: asyncpg.Connection[asyncpg.Record], dsn: str, tmp_path: Path
) -> None:
    before = mirror_of(dsn, tmp_path)
    async with running(before):
        await before.looked()
    mirror = mirror_of(dsn, tmp_path)
    rows = mirror.rows
    async with running(mirror):
        await mirror.looked()
        assert mirror.rows is rows
        await birds.execute("update birds set name = name")
        await mirror.looked()
        assert mirror.rows is rows


async def test_a_row_that_cannot_be_used_is_left_out_and_told(
    birds: asyncpg.Connection[asyncpg.Record], dsn: str, tmp_path: Path
) -> None:
    await birds.execute("insert into birds values (3, 'penguin')")
    mirror = mirror_of(dsn, tmp_path)
    async with running(mirror):
        await mirror.looked()
        assert len(mirror.rows) == 2
        assert "1 rows left out" in (mirror.problem or "") and "no bird of ours" in (mirror.problem or "")


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"{", b"[]\n", b'{"rows": 5}\n', b'{"rows": 1, "fingerprint": "", "query": ""}\n', b"\xff\xfe"],
)
async def test_a_damaged_snapshot_is_no_snapshot(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "birds.snapshot").write_bytes(content)
    assert list(mirror_of(NOWHERE, tmp_path).rows) == []


async def test_rows_of_another_version_are_kept_until_postgres_answers(
    birds: asyncpg.Connection[asyncpg.Record], dsn: str, tmp_path: Path
) -> None:
    query = "select id, name from birds order by id"
    before = Mirror(dsn, query, "birds", tmp_path / "birds.snapshot", parse)
    async with running(before):
        await before.looked()
    mirror = mirror_of(dsn, tmp_path)
    rows = mirror.rows
    assert len(rows) == 2
    async with running(mirror):
        await mirror.looked()
        assert mirror.rows is not rows


async def test_postgres_goes_and_comes_back(tmp_path: Path) -> None:
    async with running_postgres() as server:
        connection = await asyncpg.connect(server.url, timeout=10)
        await connection.execute(SCHEMA)
        await connection.close(timeout=10)
        mirror = mirror_of(server.url, tmp_path)
        async with running(mirror):
            await mirror.looked()
            await server.stop()
            await until(lambda: mirror.problem is not None)
            assert len(mirror.rows) == 2
            await server.start()
            await until(lambda: mirror.problem is None)
            connection = await asyncpg.connect(server.url, timeout=10)
            await connection.execute("delete from birds where id = 1")
            await connection.close(timeout=10)
            await until(lambda: len(mirror.rows) == 1)


def test_a_notification_has_a_plain_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no name of a notification"):
        Mirror(NOWHERE, QUERY, 'birds"; drop', tmp_path / "x", parse)
