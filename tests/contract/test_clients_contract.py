"""What a client directory promises, held against the one in memory and the one that follows Postgres; and the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio

from switchboard.domain.clients import Client, Standing
from switchboard.domain.language import Language
from switchboard.errors import RecordsUnreachable
from switchboard.ports import ClientDirectory
from switchboard.postgres.clients import Imported, MirroredClients, PostgresClients, Taken
from switchboard.testing.in_memory_clients import InMemoryClients

LARDER = Client(
    "C-1", "Põhja Köök OÜ", ("+37255501234", "+3726001234"), "dealer", "mari", Language("et"), True, "asks for Mari",
    Standing.OVERDUE, Decimal("1250.50"), date(2026, 3, 1),
)  # fmt: skip
SHOP = Client("C-2", "Robert'); drop table clients;--", ("+37122334455",), "retail")
NOBODY = "+4670000000"

Listed = Callable[[Sequence[Client]], Awaitable[ClientDirectory]]


@pytest_asyncio.fixture
async def store(dsn: str) -> AsyncIterator[PostgresClients]:
    async with PostgresClients(dsn) as opened:
        yield opened


@pytest_asyncio.fixture(params=["in memory", "postgres"])
async def listed(
    request: pytest.FixtureRequest, dsn: str, tmp_path: Path, store: PostgresClients
) -> AsyncIterator[Listed]:
    tasks: list[asyncio.Task[None]] = []

    async def made(clients: Sequence[Client]) -> ClientDirectory:
        if request.param == "in memory":
            return InMemoryClients(clients)
        assert isinstance(await store.take(clients, replace=True), Imported)
        mirrored = MirroredClients(dsn, tmp_path)
        tasks.append(asyncio.create_task(mirrored.mirror.run()))
        await mirrored.mirror.looked()
        return mirrored

    yield made
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_client_is_found_by_each_number(listed: Listed) -> None:
    directory = await listed([LARDER, SHOP])
    assert [directory.of(number) for number in LARDER.numbers] == [LARDER, LARDER]
    assert directory.of(SHOP.numbers[0]) == SHOP
    assert [directory.of(number) for number in (NOBODY, "", "5550 1234", "C-1")] == [None] * 4


async def test_a_list_is_taken_whole(store: PostgresClients) -> None:
    assert await store.take([LARDER, SHOP]) == Imported(added=2, changed=0, unchanged=0, removed=0)
    assert await store.all() == [LARDER, SHOP]
    moved = replace(SHOP, numbers=("+37122334456",), language=Language("lv"))
    assert await store.take([LARDER, moved]) == Imported(added=0, changed=1, unchanged=1, removed=0)
    assert await store.all() == [LARDER, moved]
    assert await store.take([moved], replace=True) == Imported(added=0, changed=0, unchanged=1, removed=1)
    assert await store.all() == [moved]


async def test_a_trial_changes_nothing(store: PostgresClients) -> None:
    assert await store.take([LARDER], is_trial=True) == Imported(1, 0, 0, 0)
    assert await store.all() == []


async def test_a_number_of_somebody_else_refuses_the_list(store: PostgresClients) -> None:
    await store.take([LARDER])
    thief = replace(SHOP, numbers=("+37122334455", LARDER.numbers[1]))
    assert await store.take([thief]) == [Taken(LARDER.numbers[1], "C-1", LARDER.name)]
    assert await store.all() == [LARDER]
    assert await store.take([thief, replace(LARDER, numbers=LARDER.numbers[:1])]) == Imported(1, 1, 0, 0)


async def test_numbers_may_be_exchanged(store: PostgresClients) -> None:
    await store.take([LARDER, SHOP])
    exchanged = [replace(LARDER, numbers=SHOP.numbers), replace(SHOP, numbers=LARDER.numbers)]
    assert await store.take(exchanged) == Imported(0, 2, 0, 0)
    assert await store.all() == exchanged


async def test_one_client_is_found_and_forgotten(store: PostgresClients) -> None:
    await store.take([LARDER, SHOP])
    assert await store.find("C-1") == await store.find(LARDER.numbers[1]) == LARDER
    assert await store.find(NOBODY) is None
    assert (await store.remove("C-1"), await store.remove("C-1")) == (True, False)
    assert await store.all() == [SHOP]


async def test_calls_see_a_change_at_once_and_a_start_without_postgres_what_was_last(
    dsn: str, store: PostgresClients, tmp_path: Path
) -> None:
    mirrored = MirroredClients(dsn, tmp_path)
    running = asyncio.create_task(mirrored.mirror.run())
    await mirrored.mirror.looked()
    await store.take([LARDER])
    async with asyncio.timeout(5):
        while mirrored.of(LARDER.numbers[0]) is None:
            await asyncio.sleep(0.005)
    await mirrored.mirror.looked()  # and written down
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    nowhere = MirroredClients("postgresql://nobody@127.0.0.1:1/nothing", tmp_path)
    assert nowhere.of(LARDER.numbers[1]) == LARDER


async def test_no_database() -> None:
    with pytest.raises(RecordsUnreachable, match="clients cannot be read or changed"):
        async with PostgresClients("postgresql://nobody@127.0.0.1:1/nothing"):
            pass
