"""A real Postgres for tests: one server a session, a fresh migrated database a test."""

from __future__ import annotations

import shutil
import socket
from collections.abc import AsyncIterator
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest_asyncio

from switchboard.machine.account import folders_of, make_folders, service_account
from switchboard.machine.postgres_server import PostgresServer
from switchboard.postgres.migrate import migrate
from switchboard.settings import Settings
from tests.scratch import scratch_folder

_numbers = count(1)
_migrated: dict[str, str] = {}  # by server, the name of a database that others are copied from


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
    dsn = await migrated_database(postgres_server.url)
    yield dsn
    await drop_database(postgres_server.url, dsn)


async def fresh_database(url: str, *, like: str = "template1") -> str:
    """A new database on the server, empty, or a copy of one that nobody is connected to."""
    name = f"test{next(_numbers)}"
    await _execute(url, f"create database {name} template {like}")
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def migrated_database(url: str) -> str:
    """A new database with all migrations applied: a copy of the first, as applying them takes longer."""
    if url not in _migrated:
        dsn = await fresh_database(url)
        await migrate(dsn)
        _migrated[url] = urlsplit(dsn).path.removeprefix("/")
    return await fresh_database(url, like=_migrated[url])


async def drop_database(url: str, dsn: str) -> None:
    """Remove a database, whoever is connected to it."""
    await _execute(url, f"drop database if exists {urlsplit(dsn).path.removeprefix('/')} with (force)")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    await connection.execute(statement)
    await connection.close(timeout=10)


class running_postgres:
    """A server of its own, for tests that stop it."""

    def __init__(self) -> None:
        self._folder = scratch_folder("records-")

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
