"""A process that books one appointment, to be killed: `python -m tests.races.client DSN TIME KEY`.

It says `held` once it is, goes on when it is told a line, and says `booked`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

from switchboard.domain.appointment import ChangedBy
from switchboard.testing.manual_clock import ManualClock
from tests.races.racing import HOUR, NOON, caller, slot_of, store_at


async def _at_once() -> None:
    """Nothing comes between hold and booking."""


async def book(dsn: str, number: int, key: str, between: Callable[[], Awaitable[None]] = _at_once) -> bool:
    """As a call does it; whether it may say so. `between`: what the caller thinks about once it is held."""
    store, by = store_at(dsn, ManualClock(NOON)), ChangedBy("caller", key=key)
    try:
        held = await store.hold("tasting", slot_of("tasting", number), caller(1), NOON + HOUR, by)
        await between()
        return held is not None and await store.book(held.id, caller(1), by) is not None
    finally:
        await store.close()


async def _told_to() -> None:
    print("held", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    if asyncio.run(book(sys.argv[1], int(sys.argv[2]), sys.argv[3], _told_to)):
        print("booked", flush=True)
