"""What a run of the bench came to: medians and spread of its rounds, as ratios to the floor."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.rounds import Round

FLOOR, OURS = "floor", "ours"
CALL_PATH = ("asterisk", "controller")  # whose CPU is compared; Postgres' is told apart


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over the rounds."""

    median: float
    least: float
    greatest: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        known = [value for value in values if not math.isnan(value)]
        return Spread(statistics.median(known), min(known), max(known)) if known else Spread(*[math.nan] * 3)

    def __str__(self) -> str:
        digits = 2 if self.median < 10 else 1
        return f"{self.median:.{digits}f} ({self.least:.{digits}f}-{self.greatest:.{digits}f})"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report: floor, ours, and ours / floor of rounds made one after the other."""

    name: str
    floor: Spread
    ours: Spread
    ratio: Spread


Measure = Callable[[Round], float]

#: CPU in milliseconds a call, latencies in milliseconds.
MEASURES: Mapping[str, Measure] = {
    "CPU": lambda one: one.cpu_of(CALL_PATH),
    "  Asterisk": lambda one: one.cpu_of(("asterisk",)),
    "  controller": lambda one: one.cpu_of(("controller",)),
    "  Postgres, apart": lambda one: one.cpu_of(("postgres",)),
    "key to prompt, p50": lambda one: one.latency(one.key_to_prompt, 50),
    "key to prompt, p99": lambda one: one.latency(one.key_to_prompt, 99),
    "INVITE to 200, p50": lambda one: one.latency(one.answer, 50),
    "INVITE to 200, p99": lambda one: one.latency(one.answer, 99),
}


def figures(rounds: Sequence[Round]) -> list[Figure]:
    """Every measure over all rounds; the n-th round of ours is compared with the n-th of the floor."""
    floor = [one for one in rounds if one.side == FLOOR]
    ours = [one for one in rounds if one.side == OURS]
    found = []
    for name, measure in MEASURES.items():
        pairs = [(measure(a), measure(b)) for a, b in zip(floor, ours, strict=True)]
        ratios = [b / a if a else math.nan for a, b in pairs]
        found.append(
            Figure(name, Spread.of([a for a, _ in pairs]), Spread.of([b for _, b in pairs]), Spread.of(ratios))
        )
    return found


def failures(rounds: Sequence[Round]) -> dict[str, int]:
    """How many calls failed, by side and reason."""
    found: dict[str, int] = {}
    for one in rounds:
        for reason, count in one.failures.items():
            found[f"{one.side}: {reason}"] = found.get(f"{one.side}: {reason}", 0) + count
    return found


def as_json(rounds: Sequence[Round], idle: Mapping[str, Mapping[str, float]], **about: Any) -> dict[str, Any]:
    """Everything, for programs: the report's figures and every round's."""
    return {
        **about,
        "figures": {figure.name.strip(): _plain(figure) for figure in figures(rounds)},
        "idle_cpu_ms_per_second": {side: dict(used) for side, used in idle.items()},
        "failures": failures(rounds),
        "rounds": [
            {
                "side": one.side,
                "calls": one.calls,
                "cpu_ms_per_call": dict(one.cpu),
                "failed": one.failed,
                **{name.strip(): _number(measure(one)) for name, measure in MEASURES.items()},
            }
            for one in rounds
        ],
    }


def show(rounds: Sequence[Round], idle: Mapping[str, Mapping[str, float]], console: Console) -> None:
    """Print the table: medians of the rounds, least and greatest beside them."""
    title = "The standard call: milliseconds a call, median of the rounds (least-greatest)"
    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    table.add_column("", no_wrap=True)
    for column in ("dialplan", "ours", "ours / dialplan"):
        table.add_column(column, justify="right", no_wrap=True)
    for figure in figures(rounds):
        has_floor = figure.floor.median > 0
        table.add_row(
            figure.name,
            str(figure.floor) if has_floor else "",
            str(figure.ours),
            str(figure.ratio) if has_floor else "",
        )
    console.print(table)
    for side, used in idle.items():
        told = ", ".join(f"{name} {milliseconds:.1f}" for name, milliseconds in used.items())
        console.print(f"Idle, {side}: {told} (CPU, ms a second; part of the above)")
    for reason, count in failures(rounds).items():
        console.print(f"[red]{count} failed, {reason}[/red]")


def _plain(figure: Figure) -> dict[str, Any]:
    sides = {"floor": figure.floor, "ours": figure.ours, "ratio": figure.ratio}
    return {name: {key: _number(value) for key, value in asdict(spread).items()} for name, spread in sides.items()}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
