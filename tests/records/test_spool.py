"""The spool: what was promised survives kills, damage and full disks; one process owns it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from switchboard.errors import SetupError
from switchboard.postgres.frames import decode_event
from switchboard.postgres.spool import SpooledLedger
from tests.records.telling import a_call, archived, draining, ids_in, ids_of, ledger_at, until

ROOT = Path(__file__).parents[2]

WRITER = """
import asyncio, sys
from pathlib import Path
from switchboard.postgres.spool import SpooledLedger
from tests.records.telling import a_call

async def main() -> None:
    ledger = SpooledLedger(Path(sys.argv[1]), segment_bytes=20_000)
    while True:
        events = a_call(steps=8)
        for event in events:
            ledger.append(event)
        await ledger.durable()
        print(*(event.event_id for event in events), flush=True)

asyncio.run(main())
"""

FULL = """
import asyncio, resource, sys
from pathlib import Path
from switchboard.postgres.spool import SpooledLedger
from tests.records.telling import a_call, until

def allow(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def main() -> None:
    ledger = SpooledLedger(Path(sys.argv[1]))
    promised = []
    async def note(within: float) -> None:
        events = a_call()
        promised.extend(events)
        for event in events:
            ledger.append(event)
        async with asyncio.timeout(within):
            await ledger.durable()
    await note(10)
    allow(600)  # the running segment takes nothing more, a new one breaks in the middle of a write
    try:
        await note(0.5)
        sys.exit("promised on a full disk")
    except TimeoutError:
        assert ledger.problem, ledger.problem
    for _ in range(3):
        try:
            await note(0.1)
        except TimeoutError:
            pass
    allow(resource.RLIM_INFINITY)
    await note(10)
    assert ledger.problem is None
    print(*(event.event_id for event in promised))
    sys.stdout.flush()
    import os
    os._exit(0)  # no close: what counts is on disk already

asyncio.run(main())
"""


def taken_ids(ledger: SpooledLedger) -> list[str]:
    ids = []
    while payloads := ledger.take(100):
        ids += [str(decode_event(payload).event_id) for payload in payloads]
        ledger.release(len(payloads))
    return ids


async def test_what_is_durable_is_read_by_the_next_process(tmp_path: Path) -> None:
    told = [event for _ in range(50) for event in a_call()]
    with ledger_at(tmp_path, segment_bytes=2000) as ledger:
        for event in told:
            ledger.append(event)
            if random.random() < 0.1:
                await ledger.durable()
        await ledger.durable()
    assert len(list(tmp_path.glob("*.ledger"))) > 5
    with ledger_at(tmp_path) as ledger:
        assert ledger.backlog == len(told)
        assert taken_ids(ledger) == ids_of(told)
        assert ledger.backlog == 0
    assert list(tmp_path.glob("*.ledger")) == []


async def test_durable_waits_for_the_disk_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced, real = threading.Event(), os.fdatasync

    def slow_disk(fd: int) -> None:
        synced.wait(10)
        real(fd)

    monkeypatch.setattr(os, "fdatasync", slow_disk)
    with ledger_at(tmp_path) as ledger:
        ledger.append(a_call()[0])
        promise = asyncio.create_task(ledger.durable())
        await until(lambda: any(path.stat().st_size for path in tmp_path.glob("*.ledger")))
        assert not promise.done()
        assert ledger.take(1) == []  # nor is it drained before
        synced.set()
        await promise
        assert len(ledger.take(1)) == 1


async def test_closing_writes_what_was_appended_last(tmp_path: Path) -> None:
    told = a_call()
    with ledger_at(tmp_path, gather=60) as ledger:
        for event in told:
            ledger.append(event)
    with ledger_at(tmp_path) as ledger:
        assert taken_ids(ledger) == ids_of(told)


async def test_drained_segments_are_deleted_while_it_runs(tmp_path: Path) -> None:
    with ledger_at(tmp_path, segment_bytes=1000) as ledger:
        for _ in range(20):
            for event in a_call():
                ledger.append(event)
            await ledger.durable()
            taken_ids(ledger)
            assert len(list(tmp_path.glob("*.ledger"))) <= 1


async def test_a_second_process_is_refused_by_name(tmp_path: Path) -> None:
    with ledger_at(tmp_path), pytest.raises(SetupError, match=f"process {os.getpid()} keeps its ledger here"):
        SpooledLedger(tmp_path)
    with ledger_at(tmp_path) as ledger:
        assert ledger.backlog == 0


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="file/ledger: the ledger cannot be kept here: Not a directory"):
        SpooledLedger(tmp_path / "file" / "ledger")


async def test_a_damaged_segment_loses_only_what_is_damaged(tmp_path: Path) -> None:
    told = [event for _ in range(3) for event in a_call()]
    with ledger_at(tmp_path) as ledger:
        for event in told:
            ledger.append(event)
    [segment] = tmp_path.glob("*.ledger")
    data = bytearray(segment.read_bytes())
    middle = data.index(str(told[5].event_id).encode())
    data[middle] ^= 0x55
    segment.write_bytes(data[:-7])
    with ledger_at(tmp_path) as ledger:
        assert ledger.backlog == len(told) - 2
        assert taken_ids(ledger) == ids_of(told[:5] + told[6:-1])
    assert [path.name for path in tmp_path.glob("*.damaged")] == [segment.with_suffix(".damaged").name]
    with ledger_at(tmp_path) as ledger:
        assert ledger.backlog == 0


def test_a_full_disk_delays_and_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "ledger_cannot_write" in done.stdout
    assert "ledger_writes_again" in done.stdout
    with ledger_at(tmp_path) as ledger:
        assert taken_ids(ledger) == done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize("seed", range(6))
async def test_killed_at_any_moment_it_keeps_what_it_promised(tmp_path: Path, dsn: str, seed: int) -> None:
    """Three lives, each killed by -9 while writing; then every promised event is in Postgres, once."""
    chance = random.Random(seed)
    promised: list[str] = []
    for _ in range(3):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, str(tmp_path), cwd=ROOT, stdout=asyncio.subprocess.PIPE, limit=1 << 20
        )
        assert writer.stdout
        async with asyncio.timeout(30):
            lines = [await writer.stdout.readline()]
            for _ in range(chance.randrange(60)):
                lines.append(await writer.stdout.readline())
            await asyncio.sleep(chance.random() / 500)  # somewhere within a write
            writer.send_signal(signal.SIGKILL)
            lines += (await writer.stdout.read()).splitlines(keepends=True)
            await writer.wait()
        promised += [name for line in lines if line.endswith(b"\n") and b"-" in line for name in line.decode().split()]
    promised = [name for name in promised if len(name) == 36]
    with ledger_at(tmp_path) as ledger:
        async with draining(ledger, dsn):
            await archived(ledger)
    stored = await ids_in(dsn)
    assert len(promised) >= 30
    assert set(promised) <= set(stored)
    assert len(stored) == len(set(stored))
