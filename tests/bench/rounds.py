"""Rounds of standard calls against one side, then the other, and what they come to."""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import cpu

REPOSITORY = Path(__file__).resolve().parents[2]
SETTLE = 0.4  # seconds after the last call for what follows it: CDR, CEL, the drain


@dataclass(frozen=True, slots=True)
class Side:
    """One of the contenders, running."""

    name: str
    sip_port: int
    number: str
    processes: Mapping[str, Sequence[int]]  # process ids by what they are; their descendants count with them


@dataclass(frozen=True, slots=True)
class Round:
    """One round on one side. CPU in milliseconds a call by process, latencies in milliseconds."""

    side: str
    calls: int
    cpu: Mapping[str, float]
    answer: Sequence[float]
    key_to_prompt: Sequence[float]
    failures: Mapping[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    def cpu_of(self, processes: Sequence[str]) -> float:
        """CPU a call of these processes together."""
        return sum(self.cpu.get(name, 0.0) for name in processes)

    @staticmethod
    def latency(values: Sequence[float], percent: int) -> float:
        """The smallest value that so many percent of the values don't exceed; NaN of none."""
        if not values:
            return math.nan
        ordered = sorted(values)
        return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


async def make_round(side: Side, *, calls: int, rate: float, is_speaking: bool = False) -> Round:
    """Make the calls from a process of its own; return when all are over and everything after them has settled."""
    before = cpu.used(side.processes)
    outcome = await _load(side, calls, rate, is_speaking)
    await asyncio.sleep(SETTLE)
    after = cpu.used(side.processes)
    return Round(
        side.name,
        calls,
        {name: (after[name] - before[name]) * 1e3 / calls for name in after},
        outcome["answer"],
        outcome["key_to_prompt"],
        outcome["failures"],
    )


async def _load(side: Side, calls: int, rate: float, is_speaking: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.caller", "--port", str(side.sip_port), "--number", side.number]
    command += ["--calls", str(calls), "--rate", str(rate)] + (["--speaking"] if is_speaking else [])
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the caller ended with {process.returncode}")
    result: dict[str, Any] = json.loads(output)
    return result


async def idle(sides: Sequence[Side], seconds: float) -> dict[str, dict[str, float]]:
    """CPU milliseconds a second of each side's processes while nobody calls."""
    before = [cpu.used(side.processes) for side in sides]
    await asyncio.sleep(seconds)
    return {
        side.name: {name: (after - was[name]) * 1e3 / seconds for name, after in cpu.used(side.processes).items()}
        for side, was in zip(sides, before, strict=True)
    }
