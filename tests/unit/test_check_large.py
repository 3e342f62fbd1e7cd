"""What exploring a large organisation costs: counted in runs of steps, as seconds are for `make bench`."""

from __future__ import annotations

from switchboard.flows.forking_call import KEYS
from tests.bench.check import explored, large_configuration


def test_200_steps_40_time_cells_8_callers() -> None:
    reached = explored(large_configuration())
    assert len({reached.step(state).place for state in reached.seen}) == 200
    assert len(reached.worlds.cells) >= 40
    assert len(reached.worlds.classes) == 8
    assert reached.is_complete
    assert len(reached.seen) <= 220, "no step looks at variables: a state for each step, and few more"
    by_clock = sum(reached.explorer.looks(state).clock for state in reached.seen)
    by_caller = sum(reached.explorer.looks(state).caller for state in reached.seen)
    most = (
        by_clock * len(reached.worlds.cells)
        + by_caller * len(reached.worlds.classes)
        + len(reached.seen) * 4 * len(KEYS)
    )
    assert reached.explorer.runs <= most < 0.2 * len(reached.seen) * len(reached.worlds) * len(KEYS)
