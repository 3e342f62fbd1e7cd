"""What the rules find, and what they look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from switchboard.flows.check_limits import CheckLimits
from switchboard.flows.checks.call_told import call_told
from switchboard.flows.checks.places import Places
from switchboard.flows.configuration import Configuration, Step
from switchboard.flows.moves import Move, State
from switchboard.flows.problems import Place, Severity
from switchboard.flows.reachability import Reached
from switchboard.flows.worlds import places

Sets = dict[State, int]  # of worlds, a bit each


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is broken, and where."""

    rule: str
    severity: Severity
    place: Place
    at: tuple[str, ...]  # what an exception may call it: "flow.step", "price_list"
    text: str
    expected: str = ""
    call: tuple[str, ...] = ()
    holds_for: tuple[str, ...] = ()  # see Problem


@dataclass(slots=True)
class Edges:
    """The moves of everything reached, by where they come from and by where they lead."""

    out: dict[State, list[tuple[int, Move]]] = field(default_factory=dict)
    into: dict[State, list[tuple[int, State, Move]]] = field(default_factory=dict)

    def leading_to(self, ends: Mapping[State, int], passes: Callable[[Move], bool] = lambda move: True) -> Sets:
        """By state, the worlds in which some way leads from it to one of the ends, by moves that can be passed."""
        found: Sets = {}
        ahead = dict(ends)  # what is new of a state waits for its turn, and goes on all at once
        while ahead:
            state = next(iter(ahead))
            new = ahead.pop(state) & ~found.get(state, 0)
            if not new:
                continue
            found[state] = found.get(state, 0) | new
            for worlds, before, move in self.into.get(state, ()):
                if (there := worlds & new & ~found.get(before, 0)) and passes(move):
                    ahead[before] = ahead.get(before, 0) | there
        return found


@dataclass
class Examined:
    """What rules look at."""

    configuration: Configuration
    reached: Reached
    now: datetime
    places: Places

    @property
    def limits(self) -> CheckLimits:
        """What is too long, too far."""
        return self.configuration.limits

    @cached_property
    def edges(self) -> Edges:
        """Every move of every state that calls come to."""
        edges = Edges()
        for state in self.reached.seen:
            moves = edges.out[state] = list(self.reached.moves(state))
            for worlds, move in moves:
                if move.to is not None:
                    edges.into.setdefault(move.to, []).append((worlds, state, move))
        return edges

    @cached_property
    def by_step(self) -> dict[tuple[str, str], list[State]]:
        """The states of each step, by (flow, step)."""
        found: dict[tuple[str, str], list[State]] = {}
        for state in self.reached.seen:
            found.setdefault((state.flow, state.step), []).append(state)
        return found

    def step(self, state: State) -> Step:
        """The step a state stands before."""
        return self.reached.step(state)

    def worlds_where(self, holds: dict[datetime, bool]) -> int:
        """The worlds whose instant is one of those for which it holds."""
        worlds = self.reached.worlds
        return sum(1 << place for place in range(len(worlds)) if holds[worlds.world(place).instant])

    def open_in(self, table: str) -> int:
        """The worlds in which opening hours are open."""
        if table not in self._open:
            hours = self.configuration.hours[table]
            cells = self.reached.worlds.cells
            self._open[table] = self.worlds_where(
                {cell.instant: hours.state_at(cell.instant).kind == "open" for cell in cells}
            )
        return self._open[table]

    @cached_property
    def _open(self) -> dict[str, int]:
        return {}

    def finding(
        self,
        rule: str,
        severity: Severity,
        state: State,
        worlds: int,
        text: str,
        expected: str = "",
        *,
        then: tuple[Move, ...] = (),
        at: tuple[str, ...] = (),
        since: State | None = None,
    ) -> Finding:
        """What was found in a state and these worlds, with the shortest call that comes there and goes on `then`; the
        call that comes to the state `since`, where `then` begins there."""
        step, since = self.step(state), since or state
        _, place = self.reached.cheapest(since, worlds)
        return Finding(
            rule,
            severity,
            step.place,
            (f"{flow_name(state.flow)}.{step.name}", *at),
            text,
            expected,
            call_told(self.configuration, self.reached, since, place, then),
            values_of(state.flow),
        )

    def states_by_cost(self, worlds: dict[State, int]) -> list[State]:
        """The states that have any of the worlds, those come to in the shortest way first."""
        found = [state for state, those in worlds.items() if those]
        return sorted(found, key=lambda state: self.reached.cheapest(state, worlds[state])[0])

    def instants(self, worlds: int) -> Iterator[datetime]:
        """The instants of worlds, UTC, each once."""
        yield from sorted({self.reached.worlds.world(place).instant for place in places(worlds)})


def flow_name(identifier: str) -> str:
    """The file's name of a flow: of `ask(department=sales)`, `ask`."""
    return identifier.partition("(")[0]


def values_of(identifier: str) -> tuple[str, ...]:
    """The values that a flow with parameters was made with: "department: sales"."""
    values = identifier.partition("(")[2].removesuffix(")")
    return (values.replace("=", ": "),) if values else ()
