"""A real Postgres for tests: one server a session, a fresh migrated database a test."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest_asyncio

from switchboard.machine.account import folders_of, make_folders, service_account
from switchboard.machine.postgres_server import PostgresServer
from switchboard.postgres.migrate import migrate
from switchboard.settings import Settings

_numbers = count(1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest_asyncio.fixture(scope="session")
async def postgres_server() -> AsyncIterator[PostgresServer]:
    """The embedded Postgres as `up` runs it, fsync on, in a folder of its own."""
    async with running_postgres() as server:
        yield server


@pytest_asyncio.fixture
async def dsn(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """A database of this test's own, with all migrations applied."""
    dsn = await fresh_database(postgres_server.url)
    await migrate(dsn)
    yield dsn


async def fresh_database(url: str) -> str:
    """A new, empty database on the server."""
    name = f"test{next(_numbers)}"
    connection = await asyncpg.connect(url, timeout=10)
    await connection.execute(f"create database {name}")
    await connection.close(timeout=10)
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


class running_postgres:
    """A server of its own, for tests that stop it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="records-"))
        self._folder.chmod(0o755)

    async def __aenter__(self) -> PostgresServer:
        settings = Settings(state=self._folder)
        account = service_account(settings)
        folders = folders_of(settings, account)
        make_folders(folders, account)
        self._server = PostgresServer(folders, port=free_port(), password="secret word", account=account)
        await self._server.start()
        return self._server

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()
        shutil.rmtree(self._folder)
