"""What a ledger and its archive promise, held against the in-memory pair and against spool, drain and Postgres."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from switchboard.domain.call_record import CallEvent, Disposition, EventKind
from switchboard.domain.call_state import CallState
from switchboard.domain.identity import CallId, call_id_of, new_event_id
from switchboard.ports import CallArchive, CallLedger
from switchboard.postgres.archive import PostgresArchive
from switchboard.postgres.drain import Drain
from switchboard.postgres.spool import SpooledLedger
from switchboard.testing.in_memory_ledger import InMemoryArchive, InMemoryLedger

NOON = datetime(2025, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


@dataclass
class Records:
    """One implementation of the two ports."""

    ledger: CallLedger
    archive: CallArchive

    async def settle(self) -> None:
        """Return when the archive shows what was appended."""
        if isinstance(self.ledger, SpooledLedger):
            async with asyncio.timeout(5):
                await self.ledger.archived()


@pytest.fixture(params=["in memory", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def records(kind: str, tmp_path: Path, dsn: str) -> AsyncIterator[Records]:
    if kind == "in memory":
        memory = InMemoryLedger()
        yield Records(memory, InMemoryArchive(memory))
        return
    ledger = SpooledLedger(tmp_path / "ledger")
    drain = asyncio.create_task(Drain(ledger, dsn, gather=0.01).run())
    async with PostgresArchive(dsn) as archive:
        yield Records(ledger, archive)
    drain.cancel()
    with suppress(asyncio.CancelledError):
        await drain
    ledger.close()


def event(call_id: CallId, kind: EventKind, offset: float, /, **data: Any) -> CallEvent:
    at = NOON + timedelta(seconds=offset)
    return CallEvent(call_id, new_event_id(at), at, kind, data)


def a_call(linkedid: str = "switchboard-1763726400.7", after: float = 0) -> list[CallEvent]:
    call_id = call_id_of(linkedid)
    mari = {"extension": "101", "name": "Mari Õunapuu"}
    return [
        event(call_id, EventKind.OFFERED, after, number="6001000", caller_number="5551234", caller_name="Jānis",
              linkedid=linkedid, channel="PJSIP/x-1", flow="main", flow_version="abc"),
        event(call_id, EventKind.ANSWERED, after + 0.1),
        event(call_id, EventKind.LANGUAGE, after + 1, language="lv"),
        event(call_id, EventKind.STEP, after + 3, flow="main", step="menu", type="menu", file="ivr/flows/main.yaml",
              line=12, outcome="1", decided_on={"key": "1"}),
        event(call_id, EventKind.RINGING, after + 3.1, **mari),
        event(call_id, EventKind.RUNG, after + 7, outcome="answered", cause=0, sip_status=200, **mari),
        event(call_id, EventKind.TALKING, after + 7.1, **mari),
        event(call_id, EventKind.TALKED, after + 67.1, seconds=60.0, ended_by="caller", **mari),
        event(call_id, EventKind.ENDED, after + 67.2, disposition="talked", cause=16, ended_by="caller"),
    ]  # fmt: skip


async def test_a_call_becomes_one_row(records: Records) -> None:
    told = a_call()
    for each in told:
        records.ledger.append(each)
    await records.ledger.durable()
    await records.settle()
    assert await records.archive.calls() == [
        {
            "id": told[0].call_id,
            "state": CallState.ENDED,
            "started_at": NOON,
            "number": "6001000",
            "caller_number": "5551234",
            "caller_name": "Jānis",
            "answered_at": NOON + timedelta(seconds=0.1),
            "ended_at": NOON + timedelta(seconds=67.2),
            "language": "lv",
            "flow": "main",
            "flow_version": "abc",
            "disposition": Disposition.TALKED,
            "hangup_cause": 16,
            "ended_by": "caller",
            "answered_extension": "101",
            "answered_name": "Mari Õunapuu",
            "talk_seconds": 60.0,
            "last_step": "main/menu",
            "message_count": 0,
            "safety_net": None,
            "linkedid": "switchboard-1763726400.7",
            "irregularities": (),
        }
    ]
    assert list(await records.archive.story(told[0].call_id)) == told


async def test_order_and_repetition_do_not_matter(records: Records) -> None:
    told = a_call()
    for each in random.Random(7).sample(told, len(told)):
        records.ledger.append(each)
        records.ledger.append(each)
        await records.settle()
    assert list(await records.archive.story(told[0].call_id)) == told
    [row] = await records.archive.calls()
    assert (row["disposition"], row["talk_seconds"], row["irregularities"]) == ("talked", 60.0, ())


async def test_a_call_in_progress_has_a_row_without_end(records: Records) -> None:
    for each in a_call()[:5]:
        records.ledger.append(each)
    await records.settle()
    [row] = await records.archive.calls()
    assert (row["state"], row["ended_at"], row["disposition"]) == ("ringing", None, None)


async def test_newest_calls_come_first_and_are_limited(records: Records) -> None:
    for number in range(5):
        for each in a_call(f"switchboard-{1763726400 + number}.1", after=number * 100):
            records.ledger.append(each)
    await records.settle()
    rows = await records.archive.calls(limit=2)
    assert [row["linkedid"] for row in rows] == ["switchboard-1763726404.1", "switchboard-1763726403.1"]
    rows = await records.archive.calls(since=NOON + timedelta(seconds=300))
    assert [row["linkedid"] for row in rows] == ["switchboard-1763726404.1", "switchboard-1763726403.1"]


async def test_an_unknown_call_has_no_story(records: Records) -> None:
    assert list(await records.archive.story(CallId(uuid4()))) == []


async def test_what_a_caller_sends_is_kept_as_it_is(records: Records) -> None:
    name = "Robert'); drop table calls;-- \x1b[31m \U0001f4de 名前 [bold]"
    told = a_call()
    told[0] = CallEvent(
        told[0].call_id, told[0].event_id, told[0].at, told[0].kind, {**told[0].data, "caller_name": name}
    )
    for each in told:
        records.ledger.append(each)
    await records.settle()
    [row] = await records.archive.calls()
    assert row["caller_name"] == name


async def test_an_end_before_the_beginning_is_moved_not_refused(records: Records) -> None:
    call_id = call_id_of("switchboard-1763726400.9")
    records.ledger.append(event(call_id, EventKind.OFFERED, 10, number="6001000"))
    records.ledger.append(event(call_id, EventKind.ANSWERED, 5))
    records.ledger.append(event(call_id, EventKind.ENDED, 0, disposition="nonsense", cause=100_000))
    await records.settle()
    [row] = await records.archive.calls()
    assert row["started_at"] == row["answered_at"] == row["ended_at"] == NOON + timedelta(seconds=10)
    assert (row["disposition"], row["hangup_cause"]) == ("abandoned", 0)
    assert "answered while ended" in row["irregularities"]
