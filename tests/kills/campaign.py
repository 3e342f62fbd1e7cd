"""Kills, one after the other, while callers leave messages; then what was promised is counted against what is there."""

from __future__ import annotations

import asyncio
import math
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.kills.callers import WISHES, Callers, Told, Wish
from tests.kills.house import KilledSwitchboard
from tests.kills.points import POINTS, Exactly, Point, Watch, can_be_exact, rows_told
from tests.phones import Phones

VICTIMS = ("controller", "postgres", "asterisk")
REACHED_WITHIN = 25.0  # seconds until some caller comes to the point
COMES_BACK_WITHIN = 60.0  # seconds; the machine may have much to do


@dataclass(frozen=True)
class Kill:
    """One of them."""

    point: Point
    victim: str
    met: Sequence[Told]  # the calls in progress then
    back_after: float  # seconds until calls were answered by a flow again


class Campaign:
    """A switchboard, its callers, and who kills its parts."""

    def __init__(
        self, switchboard: KilledSwitchboard, phones: Phones, seed: int, wishes: Sequence[Wish] = WISHES
    ) -> None:
        self._switchboard = switchboard
        self._chance = random.Random(seed)
        self.callers = Callers(switchboard, phones, self._chance, wishes)
        self.kills: list[Kill] = []
        self._armed: dict[str, Callable[[], None]] = {}
        folders = switchboard.folders
        self._watch = Watch(folders.messages, folders.kept_messages, folders.ledger, self._happened)
        self.callers.happened = self._happened

    async def run(
        self,
        points: Sequence[tuple[Point, str]],
        callers: int,
        *,
        seconds: float = math.inf,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Kill at each of the points, in this order, while so many callers call, for so long at most; return when the
        last of them have ended."""
        calling = [asyncio.create_task(self.callers.go_on(), name=f"caller {each}") for each in range(callers)]
        looking = asyncio.create_task(rows_told(lambda: self._switchboard.database_url, self._happened), name="rows")
        until = time.monotonic() + seconds
        try:
            for number, (point, victim) in enumerate(points, 1):
                failed = [task for task in calling if task.done()]
                if failed:
                    await failed[0]
                if time.monotonic() > until:
                    break
                await self._kill(point, victim)
                if number % 10 == 0:
                    told(f"{number} kills, {len(self.callers.told)} calls")
            self.callers.stopping = True
            await asyncio.gather(*calling)
        finally:
            looking.cancel()
            for task in calling:
                task.cancel()
            await asyncio.gather(looking, *calling, return_exceptions=True)
            self._watch.close()

    def _happened(self, what: str) -> None:
        if (armed := self._armed.pop(what, None)) is not None:
            armed()

    async def _kill(self, point: Point, victim: str) -> None:
        pid = self._switchboard.pid(victim)
        if point.call and victim == "controller" and can_be_exact():
            await self._kill_exactly(point, pid)
        else:
            await self._kill_when_seen(point, pid, wait=self._chance.uniform(*point.window))
        began, met = time.monotonic(), tuple(self.callers.active)
        if victim == "asterisk":
            self.callers.is_there.clear()
        await self._switchboard.restarted(victim, pid, COMES_BACK_WITHIN)
        await self._switchboard.answering(COMES_BACK_WITHIN)
        self.callers.is_there.set()
        self.kills.append(Kill(point, victim, met, time.monotonic() - began))

    async def _kill_when_seen(self, point: Point, pid: int, *, wait: float) -> None:
        loop = asyncio.get_running_loop()
        reached: asyncio.Future[None] = loop.create_future()

        def kill() -> None:
            os.kill(pid, signal.SIGKILL)
            reached.set_result(None)

        def kill_later() -> None:
            loop.call_later(wait, kill)

        self._armed[point.seen] = kill_later if wait else kill
        try:
            await asyncio.wait_for(reached, REACHED_WITHIN + wait)
        except TimeoutError:
            raise AssertionError(f"no caller came to: {point.name} ({point.seen})") from None
        finally:
            self._armed.pop(point.seen, None)

    async def _kill_exactly(self, point: Point, pid: int) -> None:
        """The caller who was awaited may hang up before: then the next one comes to the point."""
        for _ in range(5):
            await self._seen("recording begun")
            async with Exactly(pid, point.call) as trap:
                if await trap.done(REACHED_WITHIN):
                    return
        raise AssertionError(f"the controller did not come to: {point.name} ({point.call})")

    async def _seen(self, what: str) -> None:
        seen: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._armed[what] = lambda: seen.set_result(None)
        await asyncio.wait_for(seen, REACHED_WITHIN)


def plan(kills: int, victims: Sequence[str], chance: random.Random) -> Iterator[tuple[Point, str]]:
    """At least so many, each point with each victim equally often, in random order."""
    each = [(point, victim) for point in POINTS for victim in victims]
    for _ in range(-(-kills // len(each))):
        chance.shuffle(each)
        yield from each
