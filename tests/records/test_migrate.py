"""Migrations: once, in order, by one process at a time; a changed one is refused by name."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from switchboard.errors import RecordsUnreachable, SetupError
from switchboard.machine.postgres_server import PostgresServer
from switchboard.postgres import migrate as migrate_module
from switchboard.postgres.migrate import Migration, migrate, shipped_migrations
from switchboard.postgres.queries import parse_queries, queries
from tests.postgres_fixture import fresh_database

ADDED = Migration(len(shipped_migrations()) + 1, "9999_more.sql", "create table more (id integer)")


async def test_it_is_applied_once(postgres_server: PostgresServer) -> None:
    dsn = await fresh_database(postgres_server.url)
    shipped = shipped_migrations()
    assert await migrate(dsn) == [migration.name for migration in shipped]
    assert await migrate(dsn) == []
    assert await migrate(dsn, [*shipped, ADDED]) == [ADDED.name]


async def test_two_processes_at_once_do_it_once(postgres_server: PostgresServer) -> None:
    dsn = await fresh_database(postgres_server.url)
    done = await asyncio.gather(*(migrate(dsn) for _ in range(4)))
    assert sorted(map(len, done)) == [0, 0, 0, len(shipped_migrations())]


async def test_a_changed_migration_is_refused_by_name(dsn: str) -> None:
    first, *rest = shipped_migrations()
    with pytest.raises(SetupError, match=f"{first.name} was changed after it had been applied"):
        await migrate(dsn, [replace(first, sql=first.sql + " "), *rest])


async def test_a_database_of_a_newer_version_is_refused(dsn: str) -> None:
    await migrate(dsn, [*shipped_migrations(), ADDED])
    with pytest.raises(SetupError, match=r"9999_more\.sql, which this version does not know"):
        await migrate(dsn)


async def test_a_failing_migration_leaves_nothing_behind(dsn: str) -> None:
    bad = replace(ADDED, sql="create table half (id integer); create table calls (id integer)")
    with pytest.raises(SetupError, match=r'migration 9999_more\.sql: relation "calls" already exists'):
        await migrate(dsn, [*shipped_migrations(), bad])
    connection = await asyncpg.connect(dsn, timeout=10)
    assert await connection.fetchval("select to_regclass('half')") is None
    await connection.close(timeout=10)


async def test_an_old_postgres_is_refused(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate_module, "OLDEST_POSTGRES", 99)
    with pytest.raises(SetupError, match=r"Postgres \d+ is too old; 99 or newer is needed \(setting database_url\)"):
        await migrate(dsn)


async def test_a_postgres_that_is_not_there_is_said_so() -> None:
    with pytest.raises(RecordsUnreachable, match="Postgres does not answer"):
        await migrate("postgresql://nobody@127.0.0.1:1/none")


async def test_a_wrong_password_is_said_so(dsn: str) -> None:
    with pytest.raises(SetupError, match="database_url: Postgres refuses us"):
        await migrate(dsn.replace("secret%20word", "wrong"))


def test_numbers_have_no_gap(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("select 1")
    (tmp_path / "0003_c.sql").write_text("select 1")
    with pytest.raises(SetupError, match=r"migration 0003_c\.sql: expected number 0002"):
        shipped_migrations(tmp_path)


async def test_every_query_is_valid_sql(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    for file in ("drain", "archive", "versions"):
        for sql in queries(file).values():
            await connection.prepare(sql)
    await connection.close(timeout=10)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("-- a --\n-- what\nselect 1\n-- a --\n-- what\nselect 2", "there twice"),
        ("-- a --\nselect 1", "needs a description"),
        ("-- a --\n-- what", "needs a description and SQL"),
    ],
)
def test_a_careless_query_file_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_queries(text)
