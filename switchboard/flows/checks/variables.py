"""Variables that are asked for before anything was noted in them."""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.problems import Place, Severity


def undefined_variables(examined: Examined) -> Iterator[Finding]:
    """On some way to the step that asks."""
    found: dict[tuple[Place, str], None] = {}
    worlds = {
        state: sum_of(worlds for worlds, move in moves if move.unset) for state, moves in examined.edges.out.items()
    }
    for state in examined.states_by_cost(worlds):
        for part, move in examined.edges.out[state]:
            for name in sorted(move.unset):
                if (examined.step(state).place, name) in found:
                    continue
                found[examined.step(state).place, name] = None
                text = f"step `{state.step}` asks for `{name}`, and on this way nothing has been noted in it"
                expected = f"a first value of `{name}`, or a `set` before"
                yield examined.finding("undefined-variable", Severity.ERROR, state, part, text, expected)


def sum_of(sets: Iterator[int]) -> int:
    """All worlds of several sets."""
    together = 0
    for worlds in sets:
        together |= worlds
    return together
