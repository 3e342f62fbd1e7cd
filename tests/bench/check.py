"""`python -m tests.bench.check`: how long checking takes for 200 steps, 40 time cells and 8 classes of callers."""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from switchboard.flows.caller_classes import caller_classes
from switchboard.flows.checks import Checked, examine
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.flows.reachability import Reached, explore
from switchboard.flows.time_cells import cells
from switchboard.flows.worlds import Worlds
from tests.bench.large_flows import write_large

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROUNDS = 5
PROMISED = 2.0  # seconds


def large_configuration() -> Configuration:
    """The generated organisation, loaded."""
    with tempfile.TemporaryDirectory() as name:
        write_large(Path(name))
        return load_configuration(Path(name) / "ivr", Path(name) / "prompts")


def explored(configuration: Configuration) -> Reached:
    """All that calls can come to in it."""
    worlds = Worlds(tuple(configuration.organisation.numbers), caller_classes(configuration), cells(configuration, NOW))
    return explore(configuration, worlds)


def main() -> None:
    """Measure, in turn, and print the medians."""
    configuration = large_configuration()
    exploring, checking = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        reached = explored(configuration)
        exploring.append(time.perf_counter() - began)
        began = time.perf_counter()
        checked: Checked = examine(configuration, now=NOW)
        checking.append(time.perf_counter() - began)
    print(
        f"check: {checked.steps} steps, {checked.cells} time cells, {checked.callers} classes of callers: "
        f"{checked.states} states, {reached.explorer.runs:,} runs of steps; explored in "
        f"{statistics.median(exploring):.2f} s (promised: {PROMISED:g} s), all checked in "
        f"{statistics.median(checking):.2f} s"
    )


if __name__ == "__main__":
    main()
