"""The embedded Postgres: what it promises, and what it refuses."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import asyncpg
import pytest

from switchboard.commands.preparation import Place
from switchboard.errors import SetupError
from switchboard.machine import postgres_server
from switchboard.machine.postgres_server import PostgresServer, reachable_binaries
from tests.machine.conftest import as_root
from tests.postgres_fixture import free_port


def server_of(place: Place, password: str = "it's a secret/%40") -> PostgresServer:
    return PostgresServer(place.folders, port=free_port(), password=password, account=place.account)


async def test_it_keeps_its_promises_and_its_data(place: Place) -> None:
    async with server_of(place) as server:
        connection = await asyncpg.connect(server.url)
        shown = {
            name: await connection.fetchval(f"show {name}")
            for name in ("fsync", "full_page_writes", "data_checksums", "password_encryption", "listen_addresses")
        }
        assert shown == {
            "fsync": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "password_encryption": "scram-sha-256",
            "listen_addresses": "127.0.0.1",
        }
        encoding = "select pg_encoding_to_char(encoding) || ' ' || datlocale from pg_database where datname = $1"
        assert await connection.fetchval(encoding, "switchboard") == "UTF8 C.UTF-8"
        await connection.execute("create table kept (word text)")
        await connection.execute("insert into kept values ('õun')")
        await connection.close()
    async with server_of(place) as server:
        connection = await asyncpg.connect(server.url)
        assert await connection.fetchval("select word from kept") == "õun"
        await connection.close()


async def test_it_lets_nobody_in_without_the_password(place: Place) -> None:
    async with server_of(place) as server:
        socket = place.folders.postgres / "run"
        port = int(server.url.rpartition(":")[2].partition("/")[0])
        for host in ("127.0.0.1", str(socket)):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(server.url, host=host, port=port, password="wrong")
        assert socket.stat().st_mode & 0o077 == 0


async def test_a_cluster_half_made_is_made_again(place: Place) -> None:
    unfinished = place.folders.postgres / "data.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    async with server_of(place) as server:
        assert server.data.is_dir()
    assert not unfinished.exists()


async def test_another_password_than_the_clusters_is_told_of(place: Place) -> None:
    async with server_of(place, "first"):
        pass
    second = server_of(place, "second")
    try:
        with pytest.raises(SetupError, match=r"was made with another password than that of .*secrets.json"):
            await second.start()
    finally:
        await second.stop()


async def test_another_users_cluster_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    server = server_of(place)
    server.data.mkdir()
    if os.geteuid() != 0:
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(SetupError, match=r"state: the database .* belongs to user \d+; start as that user"):
        await server.program()


async def test_another_versions_cluster_is_refused(place: Place) -> None:
    server = server_of(place)
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("15\n")
    if place.account is not None:
        os.chown(server.data, place.account.uid, place.account.gid)
    with pytest.raises(SetupError, match="is of Postgres 15, the program is"):
        await server.program()


async def test_a_port_in_use_ends_it_with_its_own_words(place: Place) -> None:
    async with server_of(place) as first:
        port = int(first.url.rpartition(":")[2].partition("/")[0])
        other = place.folders.postgres / "other"
        folders = place.folders.__class__(state=place.folders.state, served=other, cache=place.folders.cache)
        (other / "postgres/run").mkdir(parents=True)
        if place.account is not None:
            os.chown(other / "postgres/run", place.account.uid, place.account.gid)
        second = PostgresServer(folders, port=port, password="x", account=place.account)
        with pytest.raises(SetupError, match="postgres ended at once"):
            await second.start()


@as_root
def test_binaries_out_of_the_accounts_reach_are_copied_once(
    place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_server, "can_enter", lambda *_: False)
    account = place.account
    assert account is not None
    binaries = reachable_binaries(place.folders, account)
    assert binaries.is_relative_to(place.folders.programs)
    made = binaries.stat().st_mtime_ns
    assert reachable_binaries(place.folders, account).stat().st_mtime_ns == made
    for program in ("postgres", "initdb", "psql"):
        ran = subprocess.run(
            [binaries / program, "--version"], user=account.uid, group=account.gid, extra_groups=[], check=True
        )
        assert ran.returncode == 0
