"""Fixtures of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from switchboard.machine.postgres_server import PostgresServer
from tests.postgres_fixture import dsn, migrated_database, postgres_server

__all__ = ["dsn", "postgres_server"]


@pytest_asyncio.fixture(scope="module")
async def versions_database(postgres_server: PostgresServer) -> str:  # pytest's way to ask for it
    """One database for a module's tests of versions: making one a test takes longer than these."""
    return await migrated_database(postgres_server.url)


@pytest_asyncio.fixture
async def no_versions(versions_database: str) -> AsyncIterator[str]:
    """That database, without any version."""
    yield versions_database
    connection = await asyncpg.connect(versions_database, timeout=10)
    async with connection.transaction():
        await connection.execute("alter table publications disable trigger all")
        await connection.execute("truncate publications, configuration_versions, configuration_files")
        await connection.execute("alter table publications enable trigger all")
    await connection.close(timeout=10)
