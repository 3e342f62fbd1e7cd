"""What a book of callbacks promises, held against the one in memory and the one that is kept; and what that keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from switchboard.domain.callback import Callback, CallbackState, begin_attempt, close
from switchboard.domain.identity import CallId
from switchboard.domain.language import ENGLISH
from switchboard.ports import Callbacks
from switchboard.postgres.callbacks import JOURNAL, KeptCallbacks
from switchboard.services.office import CallbacksInMemory
from switchboard.testing.manual_clock import ManualClock

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PROMISED = Callback(
    id=UUID(int=1),
    queue="sales",
    number="+37255501234",
    asked_by="+37255501234",
    name="Café",
    called="6001000",
    language=ENGLISH,
    call_id=CallId(UUID(int=2)),
    since=NOON,
    priority=1,
    promised_at=NOON,
    deadline=NOON + HOUR,
    not_before=NOON,
)
TYPED = replace(PROMISED, id=UUID(int=3), asked_by="+37255509999", number="+37255505678", since=NOON - HOUR)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture(params=["in memory", "kept"])
def callbacks(request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path) -> Callbacks:
    return CallbacksInMemory() if request.param == "in memory" else KeptCallbacks(NOWHERE, tmp_path, clock)


async def test_what_is_put_is_there_at_once(callbacks: Callbacks) -> None:
    callbacks.put(PROMISED)
    callbacks.put(TYPED)
    assert callbacks.open() == [TYPED, PROMISED]
    assert callbacks.of(PROMISED.number) == PROMISED
    assert callbacks.typed_by(TYPED.asked_by) == TYPED
    assert callbacks.typed_by(PROMISED.asked_by) is None
    await callbacks.durable()


async def test_the_later_change_counts(callbacks: Callbacks) -> None:
    dialled = begin_attempt(PROMISED, NOON)
    over = close(dialled, CallbackState.TALKED, "talked", NOON)
    for each in (over, dialled, PROMISED):
        callbacks.put(each)
    assert callbacks.get(PROMISED.id) == over
    assert callbacks.open() == []
    assert callbacks.of(PROMISED.number) is None
    await callbacks.durable()


async def test_what_was_promised_is_known_after_a_kill_without_postgres(clock: ManualClock, tmp_path: Path) -> None:
    before = KeptCallbacks(NOWHERE, tmp_path, clock)
    before.put(PROMISED)
    before.put(begin_attempt(PROMISED, NOON))
    before.put(TYPED)
    await before.durable()
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b"\xff\xcb torn")  # killed in the middle of the next
    after = KeptCallbacks(NOWHERE, tmp_path, clock)
    assert after.open() == [TYPED, begin_attempt(PROMISED, NOON)]


async def test_what_is_over_for_a_day_is_forgotten_at_a_start(clock: ManualClock, tmp_path: Path) -> None:
    before = KeptCallbacks(NOWHERE, tmp_path, clock)
    before.put(close(PROMISED, CallbackState.CANCELLED, "a test", NOON))
    before.put(TYPED)
    await before.durable()
    clock.pass_time(25 * HOUR)
    after = KeptCallbacks(NOWHERE, tmp_path, clock)
    assert after.all() == [TYPED]
