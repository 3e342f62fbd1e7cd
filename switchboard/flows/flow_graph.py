"""How flows lead to each other, seen in the files before any is read in depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from switchboard.flows.source import Node, Place, Problems, Scalar, Table
from switchboard.flows.steps.return_ import PLAIN


@dataclass(slots=True)
class FlowLinks:
    """Where one flow leads, and what it hands back by itself."""

    subflows: list[tuple[str, Place]] = field(default_factory=list)
    gotos: list[str] = field(default_factory=list)
    results: set[str] = field(default_factory=set)


class FlowGraph:
    """The links of all flows."""

    def __init__(self, links: Mapping[str, FlowLinks]) -> None:
        self._links = links

    @classmethod
    def of_files(cls, tables: Mapping[str, Table]) -> FlowGraph:
        """The links that the files name; those that a parameter names are templates in them."""
        return cls({name: _links(table) for name, table in tables.items()})

    def own_results(self, flow: str) -> set[str]:
        """What a flow's own `return` steps hand back."""
        return self._links[flow].results

    def results(self, flow: str, filled: Callable[[str, str], str] = lambda flow, text: text) -> frozenset[str]:
        """What a flow can hand back: by its own `return` steps, or those of a flow it goes on with.

        `filled` is given a flow and the name of one it goes on with, and fills in a template.
        """
        found: set[str] = set()
        for name in self._reached_by_goto(flow, filled):
            found |= self._links[name].results
        return frozenset(found)

    def check(self, problems: Problems) -> None:
        """Flows that lead into each other in a circle would never come back."""
        for name in self._links:
            for target, place in self._links[name].subflows:
                if path := self._way(target, name):
                    circle = " → ".join([name, *path])
                    problems.add(place, f"flows lead into each other in a circle: {circle}", "`goto:` to start again")

    def _reached_by_goto(self, flow: str, filled: Callable[[str, str], str]) -> set[str]:
        seen, ahead = set(), [flow]
        while ahead:
            name = ahead.pop()
            if name not in seen and name in self._links:
                seen.add(name)
                ahead += [filled(name, goto) for goto in self._links[name].gotos]
        return seen

    def _way(self, start: str, goal: str) -> list[str]:
        """The names on a way from one flow to another, both included; empty if there is none."""
        ways, seen = [[start]], {start}
        while ways:
            way = ways.pop(0)
            if way[-1] == goal:
                return way
            links = self._links.get(way[-1], FlowLinks())
            for name in [*(target for target, _ in links.subflows), *links.gotos]:
                if name not in seen:
                    seen.add(name)
                    ways.append([*way, name])
        return []


def _links(table: Table) -> FlowLinks:
    links = FlowLinks()
    for step in _steps(table):
        subflow, goto, result = step.get("subflow"), step.get("goto"), step.get("return")
        if isinstance(subflow, Scalar):
            links.subflows.append((subflow.text, subflow.place))
        if isinstance(goto, Table) and isinstance(name := goto.get("flow"), Scalar):
            links.gotos.append(name.text)
        if isinstance(result, Scalar):
            links.results.add(PLAIN if result.is_empty else result.text)
    return links


def _steps(table: Table) -> Iterator[Table]:
    steps: Node | None = table.get("steps")
    if isinstance(steps, Table):
        yield from (step for step in steps.entries.values() if isinstance(step, Table))
