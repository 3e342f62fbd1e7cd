"""The collector: each call of Asterisk gets exactly one closed record, whoever died meanwhile.

The logs were written by Asterisk 22.10.1; tests/unit/test_cel.py says what is in each.
"""

from __future__ import annotations

import os
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import CallId, call_id_of, new_event_id
from switchboard.errors import RecordsUnreachable
from switchboard.folders import Folders
from switchboard.postgres.archive import PostgresArchive
from switchboard.postgres.collector import CelCollector
from switchboard.postgres.spool import SpooledLedger
from tests.records.telling import archived, draining, ledger_at

DATA = Path(__file__).parents[1] / "unit" / "data"
RATE = 16_000  # bytes a second of a message: 8 kHz, 16 bit, one channel


@dataclass
class World:
    """A collector between Asterisk's files and a database."""

    folders: Folders
    ledger: SpooledLedger
    dsn: str
    archive: PostgresArchive
    in_hand: set[CallId] = field(default_factory=set)

    def collector(self, **options: Any) -> CelCollector:
        """As after a restart of ours."""
        return CelCollector(
            self.folders, self.ledger, self.dsn, in_progress=self.in_hand.__contains__, names={"100": "Reception"},
            **{"grace": 0.0, **options},
        )  # fmt: skip

    def log(self, *names: str) -> None:
        """Asterisk writes this."""
        with self.folders.cel.open("ab") as file:
            for name in names:
                file.write(lines_of(name))

    def tell(self, linkedid: str, *kinds: EventKind) -> None:
        """The controller notes this."""
        at = datetime.fromtimestamp(int(linkedid.split("-")[1].split(".")[0]), UTC)
        for number, kind in enumerate(kinds):
            when = at + timedelta(seconds=number / 10)
            data = {"linkedid": linkedid, "number": "6001000", "disposition": "served", "cause": 16}
            self.ledger.append(CallEvent(call_id_of(linkedid), new_event_id(when), when, kind, data))

    async def rows(self) -> list[tuple[Any, ...]]:
        await archived(self.ledger)
        rows = reversed(await self.archive.calls())
        return [(row["linkedid"], row["state"], row["disposition"], row["message_count"]) for row in rows]

    async def event_count(self) -> int:
        await archived(self.ledger)
        connection = await asyncpg.connect(self.dsn, timeout=10)
        try:
            return int(await connection.fetchval("select count(*) from call_events"))
        finally:
            await connection.close(timeout=10)


@pytest_asyncio.fixture
async def world(tmp_path: Path, dsn: str) -> AsyncIterator[World]:
    folders = Folders(tmp_path, tmp_path, tmp_path)
    for folder in (folders.cel.parent, folders.messages, folders.asterisk / "run"):
        folder.mkdir(parents=True)
    with ledger_at(folders.ledger) as ledger:
        async with draining(ledger, dsn), PostgresArchive(dsn) as archive:
            yield World(folders, ledger, dsn, archive)


def lines_of(name: str) -> bytes:
    return (DATA / f"cel_{name}.csv").read_bytes()


def linkedid_of(name: str) -> str:
    return lines_of(name).decode().split('","')[2]


def wav(seconds: float, *, is_cut: bool = False) -> bytes:
    sound = bytes(int(seconds * RATE) // 2 * 2)
    lengths = (0, 0) if is_cut else (36 + len(sound), len(sound))
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", lengths[0], b"WAVE", b"fmt ", 16, 1, 1, 8000, RATE, 2, 16,
                       b"data", lengths[1]) + sound  # fmt: skip


def message_id_of(name: str) -> str:
    return lines_of(name).decode().partition("SWITCHBOARD_MESSAGE,")[2][:36]


async def test_calls_nobody_told_are_told_from_the_log(world: World) -> None:
    (world.folders.messages / f"{message_id_of('message')}.wav").write_bytes(wav(4))
    world.log("message", "answered", "desk")
    await world.collector().collect()
    assert await world.rows() == [
        (linkedid_of("message"), "ended", "message", 1),
        (linkedid_of("answered"), "ended", "talked", 0),
        (linkedid_of("desk"), "ended", "internal", 0),
    ]


async def test_reading_again_adds_nothing(world: World) -> None:
    world.log("message", "answered", "desk")
    await world.collector().collect()
    before = await world.event_count()
    (world.folders.ledger / "cel.json").unlink()
    await world.collector().collect()
    assert await world.event_count() == before


async def test_a_restart_goes_on_where_it_was(world: World) -> None:
    world.log("message")
    await world.collector().collect()
    world.folders.cel.write_bytes(world.folders.cel.read_bytes().replace(b"1795291242.2", b"1795291242.8"))
    world.log("desk")
    await world.collector().collect()
    assert [row[0] for row in await world.rows()] == [linkedid_of("message"), linkedid_of("desk")]


async def test_what_the_controller_told_is_left_alone(world: World) -> None:
    linkedid = linkedid_of("desk")
    world.tell(linkedid, EventKind.OFFERED, EventKind.ANSWERED, EventKind.ENDED)
    world.log("desk")
    await world.collector().collect()
    assert await world.rows() == [(linkedid, "ended", "served", 0)]
    assert await world.event_count() == 3


async def test_what_is_still_in_the_ledger_is_known(world: World) -> None:
    """The controller's last event may not be in Postgres yet when the log's is read."""
    world.tell(linkedid_of("desk"), EventKind.OFFERED, EventKind.ENDED)
    world.log("desk")
    await world.collector().collect()
    assert await world.event_count() == 2


async def test_a_call_in_the_controllers_hands_waits(world: World) -> None:
    linkedid = linkedid_of("desk")
    world.tell(linkedid, EventKind.OFFERED)
    world.in_hand.add(call_id_of(linkedid))
    world.log("desk")
    collector = world.collector()
    await collector.collect()
    assert [row[1] for row in await world.rows()] == ["offered"]
    world.in_hand.clear()
    await collector.collect()
    assert [row[1] for row in await world.rows()] == ["ended"]


async def test_the_controller_gets_time_to_end_it_itself(world: World) -> None:
    now = f"{datetime.now(UTC).timestamp():.6f}".encode()
    world.folders.cel.write_bytes(lines_of("desk").replace(b"1795291313.882192", now))
    await world.collector(grace=60).collect()
    assert await world.rows() == []
    await world.collector(grace=0).collect()
    assert [row[1] for row in await world.rows()] == ["ended"]


async def test_a_call_the_controller_lost_is_ended(world: World) -> None:
    linkedid = linkedid_of("desk")
    world.tell(linkedid, EventKind.OFFERED, EventKind.ANSWERED, EventKind.RINGING)
    world.log("desk")
    await world.collector().collect()
    assert [row[:2] for row in await world.rows()] == [(linkedid, "ended")]


async def test_a_message_of_a_call_the_controller_gave_up_is_collected(world: World) -> None:
    """A lease that ran out under a stalled controller: it noted an end, the safety net went on."""
    linkedid = linkedid_of("message")
    (world.folders.messages / f"{message_id_of('message')}.wav").write_bytes(wav(4))
    world.tell(linkedid, EventKind.OFFERED, EventKind.ANSWERED, EventKind.ENDED)
    world.log("message")
    await world.collector().collect()
    await archived(world.ledger)
    [row] = await world.archive.calls()
    assert (row["disposition"], row["message_count"], row["safety_net"]) == ("message", 1, "FAILED")


@pytest.mark.parametrize("by", ["its first call", "its process id"])
async def test_calls_that_asterisk_died_with_are_ended(world: World, by: str) -> None:
    (world.folders.messages / f"{message_id_of('killed')}.wav").write_bytes(wav(2, is_cut=True))
    log = lines_of("killed")
    if by == "its first call":
        world.folders.cel.write_bytes(log)
    else:
        first, _, _ = log.partition(b'"1795291295.906523"')
        world.folders.cel.write_bytes(first)
        collector = world.collector()
        await collector.collect()
        assert await world.rows() == []
        (world.folders.asterisk / "run" / "asterisk.pid").write_text("1")
        os.utime(world.folders.asterisk / "run" / "asterisk.pid", (1795291294, 1795291294))
    await world.collector().collect()
    assert (await world.rows())[0] == (linkedid_of("killed"), "ended", "message", 1)


async def test_a_recording_cut_by_a_crash_is_repaired(world: World) -> None:
    path = world.folders.messages / f"{message_id_of('killed')}.wav"
    path.write_bytes(wav(2, is_cut=True) + b"\0")
    world.log("killed")
    await world.collector().collect()
    assert path.read_bytes() == wav(2)
    await archived(world.ledger)
    connection = await asyncpg.connect(world.dsn, timeout=10)
    rows = await connection.fetch("select id::text, seconds, file from messages")
    await connection.close(timeout=10)
    assert [tuple(row) for row in rows] == [(message_id_of("killed"), 2.0, path.name)]


@pytest.mark.parametrize("content", [None, b"", b"no WAV at all", wav(0.5), wav(0)])
async def test_what_is_no_message_becomes_none(world: World, content: bytes | None) -> None:
    if content is not None:
        (world.folders.messages / f"{message_id_of('message')}.wav").write_bytes(content)
    world.log("message")
    await world.collector().collect()
    assert await world.rows() == [(linkedid_of("message"), "ended", "abandoned", 0)]


async def test_a_message_is_never_a_path_out_of_its_folder(world: World) -> None:
    (world.folders.state / "secret.wav").write_bytes(wav(4))
    evil = lines_of("message").replace(message_id_of("message").encode(), b"../../../secret")
    world.folders.cel.write_bytes(evil)
    await world.collector().collect()
    assert [row[3] for row in await world.rows()] == [0]


async def test_rotation_loses_no_line(world: World) -> None:
    log = lines_of("desk").splitlines(keepends=True)
    collector = world.collector()
    world.folders.cel.write_bytes(b"".join(log[:4]))
    await collector.collect()
    with world.folders.cel.open("ab") as file:
        file.write(b"".join(log[4:6]))
    world.folders.cel.rename(world.folders.cel.with_name("switchboard.csv.1"))
    world.folders.cel.write_bytes(b"".join(log[6:]))
    await collector.collect()
    assert await world.rows() == [(linkedid_of("desk"), "ended", "internal", 0)]
    assert await world.event_count() == 7


async def test_rotation_while_we_are_down_loses_no_line(world: World) -> None:
    log = lines_of("desk").splitlines(keepends=True)
    world.folders.cel.write_bytes(b"".join(log[:4]))
    await world.collector().collect()
    world.folders.cel.rename(world.folders.cel.with_name("switchboard.csv.1"))
    world.folders.cel.write_bytes(b"".join(log[4:]))
    await world.collector().collect()
    assert await world.rows() == [(linkedid_of("desk"), "ended", "internal", 0)]
    assert await world.event_count() == 7


async def test_rotation_twice_while_we_are_down_loses_no_line(world: World) -> None:
    log = lines_of("desk").splitlines(keepends=True)
    world.folders.cel.write_bytes(b"".join(log[:4]))
    await world.collector().collect()
    world.folders.cel.rename(world.folders.cel.with_name("switchboard.csv.2"))
    for number, (name, lines) in enumerate([("switchboard.csv.1", log[4:8]), ("switchboard.csv", log[8:])], start=1):
        path = world.folders.cel.with_name(name)
        path.write_bytes(b"".join(lines))
        later = world.folders.cel.with_name("switchboard.csv.2").stat().st_mtime + number
        os.utime(path, (later, later))
    await world.collector().collect()
    assert await world.rows() == [(linkedid_of("desk"), "ended", "internal", 0)]
    assert await world.event_count() == 7


async def test_torn_and_garbled_lines_are_survived(world: World) -> None:
    log = lines_of("desk").splitlines(keepends=True)
    garbled = [b"\xff\xfe\x00garbage\n", log[0][:70] + log[0], *log[1:], b'"1795291999.0', b""]
    world.folders.cel.write_bytes(b"".join(garbled))
    collector = world.collector()
    await collector.collect()
    assert await world.rows() == [(linkedid_of("desk"), "ended", "internal", 0)]
    world.log("message")
    await collector.collect()  # the torn last line is glued to the first of the next call
    assert len(await world.rows()) == 2


async def test_without_postgres_calls_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.log("desk")
    collector = CelCollector(
        world.folders, world.ledger, "postgresql://nobody@127.0.0.1:1/none", in_progress=lambda _: False, grace=0.0
    )
    with pytest.raises(RecordsUnreachable):
        await collector.collect()
    assert world.ledger.backlog == 0
    monkeypatch.setattr(collector, "_archive", world.archive)
    await collector.collect()
    assert [row[2] for row in await world.rows()] == ["internal"]


async def test_a_call_that_the_log_has_nothing_of_is_ended(world: World) -> None:
    world.tell("switchboard-1763726400.5", EventKind.OFFERED, EventKind.TALKING)
    world.tell("switchboard-1763726401.6", EventKind.OFFERED)
    world.tell(linkedid_of("killed_talking"), EventKind.OFFERED)  # the log has it, and it goes on
    world.in_hand.add(call_id_of("switchboard-1763726401.6"))
    world.log("killed_talking")
    await archived(world.ledger)
    await world.collector()._sweep(datetime.now(UTC))
    collector = world.collector()
    await collector.collect()
    await collector._sweep(datetime.now(UTC))
    rows = await world.rows()
    assert rows[:2] == [
        ("switchboard-1763726400.5", "ended", "talked", 0),
        ("switchboard-1763726401.6", "offered", None, 0),
    ]


async def test_a_leg_of_our_own_is_no_call(world: World) -> None:
    world.folders.cel.write_bytes(lines_of("desk").replace(linkedid_of("desk").encode(), b"switchboard-leg-019a-1f"))
    await world.collector().collect()
    assert await world.rows() == []
