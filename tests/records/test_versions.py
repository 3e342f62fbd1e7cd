"""Versions in Postgres: whole or not at all, each content once, and a history that nobody rewrites."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from switchboard.domain.publication import Publication, PublicationKind, new_publication
from switchboard.errors import ConfigurationError, RecordsUnreachable, SetupError
from switchboard.flows.content import content_version
from switchboard.flows.version_copy import new_copy
from switchboard.postgres.versions import PostgresVersions
from tests.flows.playing import EXAMPLE, PROMPTS
from tests.postgres_fixture import running_postgres

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest_asyncio.fixture
async def store(no_versions: str) -> AsyncIterator[PostgresVersions]:
    async with PostgresVersions(no_versions) as store:
        yield store


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the example organisation, with a recording."""
    shutil.copytree(EXAMPLE, tmp_path / "ivr")
    shutil.copytree(PROMPTS, tmp_path / "prompts")
    (tmp_path / "prompts/recordings/en").mkdir(parents=True, exist_ok=True)
    (tmp_path / "prompts/recordings/en/welcome.wav").write_bytes(bytes(range(256)) * 4096)
    return tmp_path / "ivr", tmp_path / "prompts"


async def kept(store: PostgresVersions, folders: tuple[Path, Path]) -> str:
    version = content_version(*folders)
    await store.keep(version, *folders)
    return version


def publication(version: str, minutes: int = 0, **values: object) -> Publication:
    made = new_publication(
        version, None, who="mari", why="Easter hours", kind=PublicationKind.PUBLISH, at=BEGIN + timedelta(0, minutes)
    )
    return replace(made, **values)  # type: ignore[arg-type]


async def count(dsn: str, table: str) -> int:
    connection = await asyncpg.connect(dsn, timeout=10)
    number: int = await connection.fetchval(f"select count(*) from {table}")
    await connection.close(timeout=10)
    return number


async def test_a_version_comes_back_as_it_was(
    store: PostgresVersions, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    version = await kept(store, folders)
    manifest = await store.manifest(version)
    assert manifest is not None
    with new_copy(tmp_path / "versions") as copy:
        for name, digest in manifest.items():
            copy.add(name, [await store.file(digest)])
        assert copy.keep() == version


async def test_each_content_is_kept_once(store: PostgresVersions, folders: tuple[Path, Path], no_versions: str) -> None:
    first = await kept(store, folders)
    files = await count(no_versions, "configuration_files")
    shutil.copy(folders[0] / "facts.yaml", folders[0] / "copy.yaml")
    (folders[0] / "other.yaml").write_text("a: b")
    second = await kept(store, folders)
    assert first != second
    assert await count(no_versions, "configuration_files") == files + 1
    await store.keep(second, *folders)
    assert await count(no_versions, "configuration_versions") == 2


async def test_half_a_version_is_none(folders: tuple[Path, Path], dsn: str) -> None:
    version = content_version(*folders)
    facts = (folders[0] / "facts.yaml").read_text()
    async with PostgresVersions(dsn) as store:
        (folders[0] / "facts.yaml").write_text("something else by now")
        with pytest.raises(ConfigurationError, match=f"version {version}: its copy .* is damaged"):
            await store.keep(version, *folders)
        (folders[0] / "facts.yaml").write_text(facts)
        connection = await asyncpg.connect(dsn, timeout=10)
        await connection.execute("alter table configuration_versions add check (false) not valid")
        await connection.close(timeout=10)
        with pytest.raises(RecordsUnreachable):
            await store.keep(version, *folders)
    assert await count(dsn, "configuration_files") == 0


async def test_a_content_under_a_wrong_name_is_refused_by_the_schema(no_versions: str) -> None:
    connection = await asyncpg.connect(no_versions, timeout=10)
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("insert into configuration_files values ($1, $2)", "0" * 64, b"other")
    await connection.close(timeout=10)


async def test_what_is_not_there(store: PostgresVersions) -> None:
    assert await store.manifest("0123456789abcdef") is None
    assert await store.last_publication("0123456789abcdef") is None
    assert await store.publications() == []


async def test_versions_are_found_by_a_beginning(store: PostgresVersions, folders: tuple[Path, Path]) -> None:
    version = await kept(store, folders)
    assert await store.beginning(version[:6]) == [version]
    assert await store.beginning("f" * 16) == []


async def test_publications_newest_first_and_each_once(store: PostgresVersions, folders: tuple[Path, Path]) -> None:
    version = await kept(store, folders)
    told = [publication(version, minute) for minute in range(3)]
    told.append(publication(version, 3, was=version, kind=PublicationKind.ROLLBACK))
    for each in (*told, told[0]):
        await store.note(each)
    assert await store.publications() == told[::-1]
    assert await store.publications(limit=1) == [told[-1]]
    assert await store.last_publication(version) == told[-1]


async def test_only_a_kept_version_can_have_been_live(store: PostgresVersions) -> None:
    with pytest.raises(RecordsUnreachable, match="foreign key"):
        await store.note(publication("0123456789abcdef"))


@pytest.mark.parametrize(
    "change", ["update publications set why = 'x'", "delete from publications", "truncate publications"]
)
async def test_history_is_not_rewritten(
    store: PostgresVersions, folders: tuple[Path, Path], no_versions: str, change: str
) -> None:
    await store.note(publication(await kept(store, folders)))
    connection = await asyncpg.connect(no_versions, timeout=10)
    with pytest.raises(asyncpg.RaiseError, match="publications is append-only"):
        await connection.execute(change)
    await connection.close(timeout=10)
    assert len(await store.publications()) == 1


async def test_one_machine_at_a_time(store: PostgresVersions, no_versions: str) -> None:
    await store.lock()
    async with PostgresVersions(no_versions) as other:
        with pytest.raises(SetupError, match="another machine that uses this database is publishing"):
            await other.lock()


async def test_the_lock_ends_with_the_connection(no_versions: str) -> None:
    async with PostgresVersions(no_versions) as gone:
        await gone.lock()
    async with PostgresVersions(no_versions) as other:
        await other.lock()


async def test_a_postgres_that_ends_is_told_within_the_deadline(folders: tuple[Path, Path]) -> None:
    async with running_postgres() as server, PostgresVersions(server.url) as store:
        await server.stop()
        with pytest.raises(RecordsUnreachable):
            await store.publications()
    with pytest.raises(RecordsUnreachable):
        await PostgresVersions("postgresql://nobody@127.0.0.1:1/none").__aenter__()
