"""Facts that flows promise, and that have nothing to tell on some days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from switchboard.domain.facts import Fact
from switchboard.flows.checks.call_told import day_and_time
from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.moves import State
from switchboard.flows.problems import Place, Severity
from switchboard.flows.telling import FactTelling


def expired_facts(examined: Examined) -> Iterator[Finding]:
    """Each fact that a step tells, on the days soon on which calls come to the step."""
    told: set[tuple[Place, str]] = set()
    empty: dict[str, int] = {}
    for state, worlds in examined.reached.steady.items():
        step = examined.step(state)
        telling = getattr(step.fields, "telling", None)
        if not isinstance(telling, FactTelling) or (step.place, telling.fact.id) in told:
            continue
        fact = telling.fact
        if fact.id not in empty:
            empty[fact.id] = _nothing_valid(examined, fact)
        if lacking := worlds & empty[fact.id]:
            told.add((step.place, fact.id))
            yield _told(examined, state, fact, lacking)


def _told(examined: Examined, state: State, fact: Fact, lacking: int) -> Finding:
    first = next(examined.instants(lacking))
    when = day_and_time(examined.configuration.local(first)).rpartition(" ")[0]
    text = f"step `{state.step}` has nothing to tell of `{fact.id}` from {when} on"
    expected = "a wording in facts.yaml for each day on which callers are promised one"
    return examined.finding("expired-fact", Severity.WARNING, state, lacking, text, expected, at=(fact.id,))


def _nothing_valid(examined: Examined, fact: Fact) -> int:
    last = examined.now + examined.limits.facts_for

    def lacks(instant: datetime) -> bool:
        return instant <= last and fact.valid_on(examined.configuration.local(instant).date()) is None

    cells = examined.reached.worlds.cells
    return examined.worlds_where({cell.instant: lacks(cell.instant) for cell in cells})
