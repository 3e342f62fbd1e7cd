"""`python -m tests.bench`: both sides started, rounds made in turn, the table printed.

Exit status 1 if a call failed, or if calls of ours are not in the database afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
from rich.console import Console

from switchboard.commands.preparation import make_place
from switchboard.machine.asterisk_install import asterisk_program
from switchboard.settings import ENVIRONMENT_PREFIX, load
from tests.asterisk_fixture import free_ports
from tests.bench import floor, house, report
from tests.bench.rounds import Round, Side, idle, make_round

WARM_UP = 20  # calls
IDLE = 3.0  # seconds
RECORDS_DEADLINE = 10.0  # seconds for the last call's record to reach Postgres
RTP_PORTS = 1000  # each side; two a call
FIRST_RTP = {report.FLOOR: 28000, report.OURS: 29000}


@contextlib.asynccontextmanager
async def both_sides(folder: Path) -> AsyncIterator[tuple[Side, Side, house.House]]:
    """Floor and ours, running. Below 32768, so that nobody's passing socket has an RTP port."""
    place = make_place(load())
    program = asterisk_program(place.settings, place.folders, lambda *_: None, place.account)
    for name in [name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)]:
        if name != f"{ENVIRONMENT_PREFIX}ACCOUNT":
            del os.environ[name]  # the house below inherits the environment; another database is not for it
    floor_sip, *ports = free_ports(7)
    names = ("sip_port", "ari_port", "ami_port", "agi_port", "postgres_port", "console_port")
    rtp = {name: (first, first + RTP_PORTS - 1) for name, first in FIRST_RTP.items()}
    settings = dict(zip(names, ports, strict=True))
    settings |= dict(zip(("rtp_first_port", "rtp_last_port"), rtp[report.OURS], strict=True))
    for name in ("floor", "house"):
        (folder / name).mkdir()
    ours = house.House(folder / "house", place.folders.programs, ports=settings)
    dialplan = floor.Floor(
        folder / "floor",
        program,
        prompts=ours.prompts,
        sip_port=floor_sip,
        rtp=rtp[report.FLOOR],
        account=place.account,
    )
    async with contextlib.AsyncExitStack() as running:
        running.push_async_callback(ours.stop)
        await ours.start()
        running.push_async_callback(dialplan.stop)
        await dialplan.start()
        yield (
            Side(report.FLOOR, floor_sip, floor.NUMBER, {"asterisk": [dialplan.pid]}),
            Side(report.OURS, settings["sip_port"], house.NUMBER, ours.processes),
            ours,
        )


async def bench(given: argparse.Namespace, console: Console) -> int:
    """Run it; returns the exit status."""
    begin = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="switchboard-bench-"))
    folder.chmod(0o755)
    is_good = False
    try:
        async with both_sides(folder) as (dialplan, ours, running):
            sides = (dialplan, ours)
            rounds: list[Round] = [await make_round(side, calls=WARM_UP, rate=given.rate) for side in sides]
            warm_up = report.failures(rounds)
            rounds.clear()
            idle_cpu = await idle(sides, IDLE)
            for rate in given.load or [given.rate]:
                made = await _rounds(sides, rate, given, console)
                rounds += made
                if given.load and not given.json:
                    console.print(f"\n{rate:g} calls a second")
                    report.show(made, idle_cpu, console)
            calls = WARM_UP + sum(one.calls - one.failed for one in rounds if one.side == report.OURS)
            recorded = await _recorded(running.database_url, calls)
        missing = max(0, calls - recorded)
        is_good = not warm_up and not report.failures(rounds) and not missing
        if given.json:
            seconds = round(time.monotonic() - begin, 1)
            result = report.as_json(
                rounds, idle_cpu, rate=given.load or given.rate, seconds=seconds, records_missing=missing
            )
            print(json.dumps(result, indent=1))
        else:
            if not given.load:
                report.show(rounds, idle_cpu, console)
            console.print(f"Warm-up failed: {warm_up}" if warm_up else f"{recorded} calls recorded, {missing} missing")
    finally:
        if is_good:
            shutil.rmtree(folder)
        else:
            console.print(f"Logs: {folder}")
    return 0 if is_good else 1


async def _rounds(sides: tuple[Side, Side], rate: float, given: argparse.Namespace, console: Console) -> list[Round]:
    """Rounds in turn, each pair in the other order than the last: what drifts meets both sides alike."""
    made = []
    calls = max(given.calls, round(rate * 2))
    for number in range(given.rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            console.print(f"round {number + 1} of {given.rounds}: {side.name} …", style="dim")
            made.append(await make_round(side, calls=calls, rate=rate, is_speaking=given.speaking))
    return made


async def _recorded(database_url: str, calls: int) -> int:
    """How many closed calls Postgres has, once it has as many as expected or the deadline is over."""
    connection = await asyncpg.connect(database_url, timeout=RECORDS_DEADLINE)
    deadline = time.monotonic() + RECORDS_DEADLINE
    try:
        while True:
            count: int = await connection.fetchval("SELECT count(*) FROM calls WHERE ended_at IS NOT NULL")
            if count >= calls or time.monotonic() > deadline:
                return count
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rate", type=float, default=10.0, help="calls begun a second (default %(default)g)")
    parser.add_argument("--calls", type=int, default=50, help="calls a round (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=6, help="rounds on each side (default %(default)s)")
    parser.add_argument("--speaking", action="store_true", help="callers send audio all the time, as phones do")
    parser.add_argument(
        "--load",
        type=lambda text: [float(rate) for rate in text.split(",")],
        help="step through these rates instead, as 50,100,150: at least 2 s of calls a round",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args()
    sys.exit(asyncio.run(bench(given, Console(stderr=given.json, highlight=False))))


if __name__ == "__main__":
    main()
