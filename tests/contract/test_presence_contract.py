"""What a presence book promises, held against the one in memory and the one that is kept; and what is kept of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from switchboard.domain.absence import Absence, NotedAbsence
from switchboard.domain.dialling import Phone
from switchboard.domain.organisation import Person
from switchboard.domain.presence import Presence, Status
from switchboard.ports import PresenceBook
from switchboard.postgres.presence import JOURNAL, KeptPresence, PostgresPresence
from switchboard.testing.in_memory_presence import InMemoryPresence
from switchboard.testing.manual_clock import ManualClock

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
ZONE = ZoneInfo("Europe/Tallinn")
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MARI = Person("mari", "Mari", "sales", Phone("101", "Mari"))
DND = Presence("mari", Status.DO_NOT_DISTURB, NOON, by="a test")
AWAY = Presence("mari", Status.AWAY, NOON, NOON + HOUR, "a test")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture(params=["in memory", "kept"])
def book(request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path) -> PresenceBook:
    return InMemoryPresence(clock) if request.param == "in memory" else KeptPresence(NOWHERE, tmp_path, clock)


def is_there(book: PresenceBook) -> bool:
    return book.situation_of(MARI, ZONE).is_there


async def test_what_is_set_counts_at_once(book: PresenceBook) -> None:
    assert book.presence_of("mari") is None
    assert is_there(book)
    await book.set(DND)
    assert book.presence_of("mari") == DND
    assert book.situation_of(MARI, ZONE).why == "do not disturb"
    assert book.situation_of(replace(MARI, id="jaan"), ZONE).is_there


async def test_it_ends_by_itself(book: PresenceBook, clock: ManualClock) -> None:
    await book.set(AWAY)
    assert not is_there(book)
    clock.move_to(NOON + HOUR)
    assert is_there(book)


async def test_the_last_setting_counts_though_the_clock_was_put_back(book: PresenceBook) -> None:
    await book.set(DND)
    await book.set(replace(DND, status=Status.AVAILABLE, set_at=NOON - HOUR))
    assert is_there(book)
    await book.set(DND)
    assert not is_there(book)


# -- what is kept


@contextlib.asynccontextmanager
async def running(book: KeptPresence) -> AsyncIterator[None]:
    task = asyncio.create_task(book.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        book.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def table(dsn: str) -> AsyncIterator[PostgresPresence]:
    async with PostgresPresence(dsn) as opened:
        yield opened


async def test_a_restart_without_postgres_knows_it(tmp_path: Path, clock: ManualClock) -> None:
    before = KeptPresence(NOWHERE, tmp_path, clock)
    await before.set(DND)  # and no `close`: killed
    assert KeptPresence(NOWHERE, tmp_path, clock).presence_of("mari") == DND


async def test_what_lies_torn_on_disk_costs_nothing_else(tmp_path: Path, clock: ManualClock) -> None:
    before = KeptPresence(NOWHERE, tmp_path, clock)
    await before.set(DND)
    await before.set(replace(AWAY, person="jaan"))
    file = tmp_path / JOURNAL
    file.write_bytes(file.read_bytes()[:-5])
    after = KeptPresence(NOWHERE, tmp_path, clock)
    assert after.presence_of("mari") == DND
    assert after.presence_of("jaan") is None
    await after.set(replace(AWAY, person="jaan"))
    again = KeptPresence(NOWHERE, tmp_path, clock)
    assert again.presence_of("jaan") is not None


async def test_postgres_follows_and_the_journal_is_emptied(
    dsn: str, table: PostgresPresence, tmp_path: Path, clock: ManualClock
) -> None:
    without = KeptPresence(NOWHERE, tmp_path, clock)
    await without.set(AWAY)
    without.close()
    book = KeptPresence(dsn, tmp_path, clock)
    async with running(book):
        await until(lambda: (tmp_path / JOURNAL).stat().st_size == 0)
        assert list(await table.all()) == [AWAY]
        await book.set(replace(DND, set_at=NOON + HOUR))
        await until(lambda: (tmp_path / JOURNAL).stat().st_size == 0)
    assert [each.status for each in await table.all()] == [Status.DO_NOT_DISTURB]


async def test_two_controllers_see_each_others(dsn: str, tmp_path: Path, clock: ManualClock) -> None:
    one, other = KeptPresence(dsn, tmp_path / "one", clock), KeptPresence(dsn, tmp_path / "other", clock)
    async with running(one), running(other):
        await one.mirror.looked()
        await other.mirror.looked()
        await one.set(DND)
        await until(lambda: other.presence_of("mari") == DND)
        back = replace(DND, status=Status.AVAILABLE, set_at=NOON + HOUR)
        await other.set(back)
        await until(lambda: one.presence_of("mari") == back)


async def test_what_was_set_earlier_elsewhere_does_not_come_back(table: PostgresPresence) -> None:
    assert await table.set(DND)
    assert not await table.set(replace(AWAY, set_at=NOON - HOUR))
    assert list(await table.all()) == [DND]


async def test_absences_are_noted_seen_and_forgotten(dsn: str, table: PostgresPresence, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    clock = ManualClock(now)
    book = KeptPresence(dsn, tmp_path, clock)
    noted = NotedAbsence(uuid4(), "mari", Absence(now - HOUR, now + HOUR, "doctor"), "a test")
    async with running(book):
        await table.add_absence(noted)
        await until(lambda: not is_there(book))
        assert "doctor" in book.situation_of(MARI, ZONE).why
        assert list(await table.absences()) == [noted]
        (found,) = await table.absences_beginning(str(noted.id)[:6])
        assert await table.remove_absence(found) == noted
        await until(lambda: is_there(book))
    assert await table.remove_absence(noted.id) is None
