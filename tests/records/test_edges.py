"""How many callers went which way, counted in a real Postgres over what the interpreter itself noted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from switchboard.domain.call_record import CallEvent
from switchboard.domain.dialling import DialOutcome
from switchboard.domain.identity import CallId, new_event_id, uuid7
from switchboard.errors import RecordsUnreachable
from switchboard.flows.load import load_configuration
from switchboard.postgres.edges import TakenEdges, taken_edges
from switchboard.testing.script import PhoneBehaviour, read_keys
from switchboard.testing.simulation import Setup, simulate
from tests.flows.playing import EXAMPLE, PROMPTS
from tests.records.telling import archived, draining, ledger_at

TUESDAY = datetime(2026, 3, 3, 8, tzinfo=UTC)
ANSWERS, BUSY = PhoneBehaviour(DialOutcome.ANSWERED), PhoneBehaviour(DialOutcome.BUSY)
# What each caller presses, and how phones behave.
CALLS = (
    ("2", ANSWERS),  # to logistics, talks, comes back with `served`
    ("2 h", BUSY),  # nobody is free: comes back with `not_reached`
    ("4 1", ANSWERS),  # to finance by the same flow
    ("3 1 1 # 3 # 2", ANSWERS),  # round and round in the information, then to logistics
    ("h", ANSWERS),
)


@pytest_asyncio.fixture
async def records(tmp_path: Path, dsn: str) -> AsyncIterator[str]:
    """The calls, one an hour, in the database."""
    configuration = load_configuration(EXAMPLE, PROMPTS)
    with ledger_at(tmp_path / "ledger") as ledger:
        async with draining(ledger, dsn):
            for hour, (keys, phone) in enumerate(CALLS):
                at = TUESDAY + timedelta(hours=hour // 2, minutes=hour)
                phones = dict.fromkeys(configuration.organisation.phones, phone)
                setup = Setup(at, "6001000", "5551234", actions=read_keys(keys), phones=phones)
                call_id = CallId(uuid7(at))
                for place, event in enumerate((await simulate(configuration, setup)).events):
                    told_at = event.at + timedelta(microseconds=place)  # time passes in a real call
                    ledger.append(CallEvent(call_id, new_event_id(told_at), told_at, event.kind, event.data))
            await archived(ledger)
    yield dsn


async def counted(dsn: str, since: datetime = TUESDAY) -> TakenEdges:
    return await taken_edges(dsn, since)


async def test_every_way_is_counted_once_a_call(records: str) -> None:
    taken = (await counted(records)).by_outcome
    assert taken["main", "greet", "done"] == len(CALLS)
    assert taken["main", "menu", "2"] == 3
    assert taken["main", "menu", "4"] == 1
    assert taken["main", "menu", "3"] == 1  # twice in one call
    assert taken["information", "menu", "1"] == 1
    assert taken["main", "menu", "hangup"] == 1
    assert taken["department(department=logistics)", "ring", "answered"] == 2


async def test_what_a_subflow_hands_back_belongs_to_the_step_that_led_in(records: str) -> None:
    taken = (await counted(records)).by_outcome
    assert taken["main", "orders", "entered"] == 3
    assert taken["main", "orders", "served"] == 2
    assert taken["main", "orders", "not_reached"] == 1
    assert taken["people", "finance", "served"] == 1
    assert ("people", "finance", "not_reached") not in taken
    assert taken["main", "information", "back"] == 1


async def test_numbers_and_the_beginning_of_counting(records: str) -> None:
    assert (await counted(records)).by_number == {"6001000": len(CALLS)}
    later = await counted(records, TUESDAY + timedelta(hours=2))
    assert later.by_number == {"6001000": 1}
    assert later.by_outcome["main", "greet", "done"] == 1
    assert not (await counted(records, TUESDAY + timedelta(days=1))).by_outcome


async def test_a_database_that_is_away() -> None:
    with pytest.raises(RecordsUnreachable, match="records cannot be counted"):
        await taken_edges("postgresql://nobody@127.0.0.1:1/nothing", TUESDAY)
