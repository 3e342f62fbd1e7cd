"""From one version to the next: loaded aside, told to Asterisk, then served, or refused whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from switchboard.asterisk.reloading import Reloaded
from switchboard.errors import SwitchboardError
from switchboard.serving import Serving

SETTLE_INTERVAL = 1.0  # seconds between looks whether Asterisk knows all it should
LONGEST_INTERVAL = 60.0  # seconds, after failures

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that was made."""

    version: str
    was: str
    asterisk: Reloaded


class Reloading(Protocol):
    """How Asterisk is told: asterisk.reloading has it."""

    @property
    def is_doubtful(self) -> bool: ...

    async def apply(self, files: Mapping[str, str], phones: Collection[str]) -> Reloaded: ...

    async def settle(self) -> None: ...


class Changeover:
    """Changes what is served, one change at a time. Calls in progress keep the version they began with."""

    def __init__(self, serving: Serving, asterisk: Reloading, is_answering: Callable[[], bool]) -> None:
        self._serving, self._asterisk = serving, asterisk
        self._is_answering = is_answering
        self._unsettled = ""
        self._is_told = not serving.is_kept  # else the launcher's last start may have rendered another version

    @property
    def problem(self) -> str:
        """Why what is served is not what should be; "" while it is."""
        return self._serving.problem or self._unsettled

    async def to(self, version: str) -> Changed:
        """Serve this kept version from now on.

        Raises ConfigurationError or AsteriskError, and changes nothing, if it can't be loaded or Asterisk refuses it.
        """
        async with self._serving.changing:
            began = time.monotonic()
            was = self._serving.now.version
            try:
                reloaded = await self._change(version)
            except SwitchboardError as error:
                self._serving.problem = f"version {version} is refused: {one_line(error)}"
                log.error("configuration_refused", version=version, problem=str(error), serving=was)
                raise
            took = round(time.monotonic() - began, 3)
            log.info(
                "configuration_changed", version=version, was=was, reloaded=reloaded.files, took=took,
                at_next_start=reloaded.at_next_start,
            )  # fmt: skip
            return Changed(version, was, reloaded)

    async def _change(self, version: str) -> Reloaded:
        loaded = await self._serving.load(version, with_asterisk=True)
        served = self._serving.ready(loaded)
        with self._serving.coming(served):
            reloaded = await self._asterisk.apply(loaded.asterisk, served.phones)
            self._serving.serve(served)
        self._is_told, self._unsettled = True, ""
        return reloaded

    async def keep_settled(self) -> None:
        """Until cancelled: bring Asterisk to what is served, after a start, or where a change was not undone."""
        interval = SETTLE_INTERVAL
        while True:
            if self._is_answering() and (self._asterisk.is_doubtful or not self._is_told):
                try:
                    async with self._serving.changing:
                        await self._settle()
                    self._unsettled, interval = "", SETTLE_INTERVAL
                except SwitchboardError as error:
                    problem = f"Asterisk does not follow version {self._serving.now.version}: {one_line(error)}"
                    if problem != self._unsettled:
                        log.error("asterisk_not_settled", problem=problem)
                    self._unsettled, interval = problem, min(2 * interval, LONGEST_INTERVAL)
            await asyncio.sleep(interval)

    async def _settle(self) -> None:
        if self._asterisk.is_doubtful:
            await self._asterisk.settle()
        if not self._is_told:
            now = self._serving.now
            loaded = await self._serving.load(now.version, with_asterisk=True)
            reloaded = await self._asterisk.apply(loaded.asterisk, now.phones)
            self._is_told = True
            if reloaded.files or reloaded.at_next_start:
                log.info("asterisk_settled", reloaded=reloaded.files, at_next_start=reloaded.at_next_start)


def one_line(error: SwitchboardError) -> str:
    """The first of its lines, and how many problems more there are."""
    problems = getattr(error, "problems", ())
    first = str(error).partition("\n")[0]
    return f"{first} (and {len(problems) - 1} more)" if len(problems) > 1 else first
