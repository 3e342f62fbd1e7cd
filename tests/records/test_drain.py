"""The drain: Postgres away, hanging, poisoned or read-only; nothing lost, nothing twice, nobody waits."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import asyncpg

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import call_id_of
from switchboard.machine.postgres_server import PostgresServer
from switchboard.postgres import drain as drain_module
from switchboard.postgres.archive import PostgresArchive
from switchboard.postgres.drain import REFUSED, Drain
from switchboard.postgres.frames import frame
from switchboard.postgres.migrate import migrate
from tests.postgres_fixture import fresh_database, running_postgres
from tests.records.telling import a_call, archived, draining, event, ids_in, ids_of, ledger_at, until


async def test_postgres_unplugged_while_calls_go_on(tmp_path: Path) -> None:
    """Stopped, started, hung (SIGSTOP) and killed with calls going on: every event arrives once. Calls
    go on inside: if one waited for Postgres, this would never end."""
    told: list[CallEvent] = []
    drain_module_deadline, drain_module.DEADLINE = drain_module.DEADLINE, 1.0
    try:
        async with running_postgres() as server:
            dsn = await fresh_database(server.url)
            await migrate(dsn)
            with ledger_at(tmp_path, segment_bytes=3000) as ledger:

                async def calls(number: int) -> None:
                    for _ in range(number):
                        events = a_call()
                        told.extend(events)
                        for each in events:
                            ledger.append(each)
                        await ledger.durable()

                async with draining(ledger, dsn) as drain:
                    await calls(20)
                    await archived(ledger)
                    await server.stop()
                    await calls(20)
                    await until(lambda: drain.problem is not None)
                    assert drain.backlog >= 100
                    await server.start()
                    await archived(ledger)
                    assert drain.problem is None
                    await hung(server, calls(20), lambda: drain.problem is not None)
                    await archived(ledger)
                    os.kill(pid_of(server), signal.SIGKILL)
                    await calls(20)
                    await server.stop()
                    await server.start()
                    await archived(ledger)
                assert sorted(await ids_in(dsn)) == sorted(ids_of(told))
                async with PostgresArchive(dsn) as archive:
                    assert len(await archive.calls(limit=200)) == 80
    finally:
        drain_module.DEADLINE = drain_module_deadline


async def hung(server: PostgresServer, calls: object, is_noticed: object) -> None:
    """Every process of the server stopped in its tracks, as on a machine that swaps to death."""
    pids = [pid_of(server), *children_of(pid_of(server))]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        await calls  # type: ignore[misc]
        await until(is_noticed)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def pid_of(server: PostgresServer) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_a_drain_killed_after_commit_tells_nothing_twice(tmp_path: Path, dsn: str) -> None:
    told = [each for _ in range(30) for each in a_call()]
    with ledger_at(tmp_path) as ledger:
        for each in told:
            ledger.append(each)
        await ledger.durable()
        drain = Drain(ledger, dsn)
        await drain._deliver(ledger.take(70))  # committed, never released
        drain._disconnect()
    with ledger_at(tmp_path) as ledger:
        assert ledger.backlog == len(told)
        async with draining(ledger, dsn):
            await archived(ledger)
    assert sorted(await ids_in(dsn)) == sorted(ids_of(told))
    async with PostgresArchive(dsn) as archive:
        assert {row["disposition"] for row in await archive.calls()} == {"served"}


async def test_a_drain_that_is_run_again_goes_on_where_it_was(tmp_path: Path, dsn: str) -> None:
    with ledger_at(tmp_path) as ledger:
        told = a_call()
        for each in told:
            ledger.append(each)
        await ledger.durable()
        drain = Drain(ledger, "postgresql://nobody@127.0.0.1:1/none", gather=0)
        task = asyncio.create_task(drain.run())
        await until(lambda: drain.problem is not None)
        task.cancel()
        await asyncio.wait([task])
        drain._dsn = dsn
        task = asyncio.create_task(drain.run())
        await archived(ledger)
        task.cancel()
        await asyncio.wait([task])
    assert sorted(await ids_in(dsn)) == sorted(ids_of(told))


async def test_poison_is_put_aside_and_the_rest_goes_on(tmp_path: Path, dsn: str) -> None:
    told = a_call()
    poison = b'{"call_id":"%s","event_id":"x","at":"2025-11-21T12:00:00Z","kind":"step","data":{}}'
    unknown = frame(poison % str(told[0].call_id).encode()), frame(b"[1, 2]"), frame(b"not JSON")
    with ledger_at(tmp_path) as ledger:
        ledger.append(told[0])
        await ledger.durable()
        for each in unknown:
            ledger._queue.append(each)
            ledger._appended += 1
        for each in told[1:]:
            ledger.append(each)
        async with draining(ledger, dsn) as drain:
            await archived(ledger)
            assert (drain.refused, drain.backlog) == (3, 0)
    assert sorted(await ids_in(dsn)) == sorted(ids_of(told))
    assert len((tmp_path / REFUSED).read_bytes().splitlines()) == 3


async def test_what_postgres_refuses_is_put_aside_and_the_rest_goes_on(tmp_path: Path, dsn: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    await connection.execute("alter table call_events add check (data->>'bad' is null)")
    await connection.close(timeout=10)
    call = call_id_of("switchboard-1763726400.900")
    good, bad = a_call(), event(call, EventKind.STEP, 0, bad="yes")
    with ledger_at(tmp_path) as ledger:
        for each in (*good[:2], bad, *good[2:]):
            ledger.append(each)
        async with draining(ledger, dsn) as drain:
            await archived(ledger)
            assert drain.refused == 1
    assert sorted(await ids_in(dsn)) == sorted(ids_of(good))
    assert str(bad.event_id) in (tmp_path / REFUSED).read_text()


async def test_a_full_or_read_only_postgres_is_waited_for(tmp_path: Path, dsn: str) -> None:
    """Read-only (SQLSTATE 25006) stands for full (53100): both are "not now", never "never"."""
    connection = await asyncpg.connect(dsn, timeout=10)
    name = await connection.fetchval("select current_database()")
    await connection.execute(f"alter database {name} set default_transaction_read_only = on")
    told = a_call()
    with ledger_at(tmp_path) as ledger:
        async with draining(ledger, dsn) as drain:
            for each in told:
                ledger.append(each)
            await until(lambda: drain.problem is not None)
            assert (drain.refused, drain.backlog) == (0, len(told))
            await connection.execute("set default_transaction_read_only = off")
            await connection.execute(f"alter database {name} set default_transaction_read_only = off")
            await archived(ledger)
    await connection.close(timeout=10)
    assert sorted(await ids_in(dsn)) == sorted(ids_of(told))


async def test_listeners_are_told_once_it_is_committed(tmp_path: Path, dsn: str) -> None:
    listener = await asyncpg.connect(dsn, timeout=10)
    heard = asyncio.Event()
    await listener.add_listener("calls", lambda *_: heard.set())
    with ledger_at(tmp_path) as ledger:
        async with draining(ledger, dsn):
            for each in a_call():
                ledger.append(each)
            async with asyncio.timeout(10):
                await heard.wait()
            assert await listener.fetchval("select count(*) from calls") == 1
    await listener.close(timeout=10)


async def test_a_message_gets_its_row_once(tmp_path: Path, dsn: str) -> None:
    told = a_call()
    call_id, message_id = told[0].call_id, "0199b6a4-0000-7000-8000-000000000001"
    message = event(call_id, EventKind.MESSAGE, 50, message_id=message_id, file=f"{message_id}.wav", seconds=4.5,
                    sha256="ab" * 32)  # fmt: skip
    odd = event(call_id, EventKind.MESSAGE, 51, message_id="no uuid", seconds="long")
    with ledger_at(tmp_path) as ledger:
        async with draining(ledger, dsn):
            for each in (*told, message, odd, message):
                ledger.append(each)
                await archived(ledger)
    connection = await asyncpg.connect(dsn, timeout=10)
    rows = await connection.fetch("select id::text, call_id, seconds, file, sha256, state from messages")
    await connection.close(timeout=10)
    assert [tuple(row) for row in rows] == [(message_id, call_id, 4.5, f"{message_id}.wav", "ab" * 32, "new")]
