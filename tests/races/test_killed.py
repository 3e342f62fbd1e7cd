"""Whoever books, or Postgres, is killed at each point of a booking: nothing is booked twice, nothing is told that is
not so, and who asks again with the same key has it once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from switchboard.errors import RecordsUnreachable
from switchboard.machine.postgres_server import PostgresServer
from tests.postgres_fixture import migrated_database, running_postgres
from tests.races.client import book
from tests.wire import Wire

WITHIN = 30.0  # seconds
POINTS = ("hold sent", "held", "book sent", "booked before the answer")
WAITING = "select count(*) from pg_locks where not granted and locktype = 'advisory'"
ROWS = "select state, revision from appointments where key = $1"


@asynccontextmanager
async def locked(dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Nobody gets at the chef's time meanwhile: what is asked for waits in the server."""
    connection = await asyncpg.connect(dsn, timeout=WITHIN)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("select lock_for_appointments(array['chef'])")
    try:
        yield connection
    finally:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await transaction.rollback()
        connection.terminate()


async def until(dsn: str, query: str, wanted: Callable[[int], bool], *arguments: object) -> None:
    """Ask until the number is as wanted."""
    connection = await asyncpg.connect(dsn, timeout=WITHIN)
    async with asyncio.timeout(WITHIN):
        while not wanted(await connection.fetchval(query, *arguments)):
            await asyncio.sleep(0.01)
    connection.terminate()


async def booked_once(dsn: str, number: int, key: str) -> None:
    """What there is after the same request was made again, to its end."""
    assert await book(dsn, number, key)
    connection = await asyncpg.connect(dsn, timeout=WITHIN)
    assert [tuple(row) for row in await connection.fetch(ROWS, key)] == [("booked", 0)]
    events = await connection.fetch("select what from appointment_events where key = $1", key)
    assert [row["what"] for row in events] == ["booked"]
    taken = await connection.fetch(
        "select resource from appointment_resources join appointments on id = appointment where key = $1 order by 1",
        key,
    )
    assert [row["resource"] for row in taken] == ["chef", "room"]
    await connection.close(timeout=WITHIN)


BOOKED = "select count(*) from appointments where key = $1 and state = 'booked'"


@pytest.mark.parametrize(
    "point", [pytest.param(each, marks=[] if each == POINTS[3] else pytest.mark.thorough) for each in POINTS]
)
async def test_a_client_is_killed(dsn: str, point: str) -> None:
    key = f"call/{point}"
    if point == "hold sent":
        async with locked(dsn):
            process = await _client(dsn, key)
            await until(dsn, WAITING, bool)
            process.kill()
    else:
        process = await _client(dsn, key)
        await _said(process, b"held\n")
    if point in POINTS[2:]:
        async with locked(dsn):
            _go_on(process)
            await until(dsn, WAITING, bool)
            process.send_signal(signal.SIGSTOP if point == POINTS[3] else signal.SIGKILL)
    if point == POINTS[3]:
        await until(dsn, BOOKED, bool, key)
    if process.returncode is None:
        process.kill()
    output, _ = await process.communicate()
    assert b"booked" not in output
    await booked_once(dsn, 1, key)


@pytest.mark.thorough
async def test_postgres_is_killed() -> None:
    async with running_postgres() as server:
        dsn = await migrated_database(server.url)
        for number, point in enumerate(POINTS):
            key = f"call/{point}"
            async with Wire(urlsplit(dsn).port or 0) as wire:
                with pytest.raises(RecordsUnreachable):
                    await _broken_off(server, wire, dsn, number, point, key)
            await server.start()
            await booked_once(dsn, number, key)


async def _broken_off(server: PostgresServer, wire: Wire, dsn: str, number: int, point: str, key: str) -> None:
    """Book over the wire, and have Postgres killed at that point."""
    place = urlsplit(dsn)
    there = urlunsplit(place._replace(netloc=place.netloc.rpartition(":")[0] + f":{wire.port}"))
    is_held, goes_on = asyncio.Event(), asyncio.Event()

    async def think() -> None:
        is_held.set()
        await goes_on.wait()

    if point != "hold sent":
        booking = asyncio.ensure_future(book(there, number, key, think))
        await asyncio.wait_for(is_held.wait(), WITHIN)
    if point == "held":
        _kill(server)
    else:
        async with locked(dsn):
            if point == "hold sent":
                booking = asyncio.ensure_future(book(there, number, key))
            goes_on.set()
            await until(dsn, WAITING, bool)
            if point == POINTS[3]:
                wire.freeze()
            else:
                _kill(server)
    if point == POINTS[3]:
        await until(dsn, BOOKED, bool, key)
        _kill(server)
        wire.cut()
    goes_on.set()
    await booking


async def _client(dsn: str, key: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.races.client", dsn, "1", key),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


def _go_on(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


def _kill(server: PostgresServer) -> None:
    """The server and all its processes, by -9."""
    pid = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in (pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


async def _said(process: asyncio.subprocess.Process, line: bytes) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN):
        assert await process.stdout.readline() == line
