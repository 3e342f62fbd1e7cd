"""flows/*.yaml: each flow read into steps that are ready to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from switchboard.domain.dialling import DialOutcome, WhileRinging
from switchboard.flows.configuration import Flow, Step
from switchboard.flows.flow_graph import FlowGraph
from switchboard.flows.schema import (
    GOODBYE_STEP,
    RECEPTION_STEP,
    REQUIRED,
    UNAVAILABLE_STEP,
    FlowReading,
    StepType,
)
from switchboard.flows.source import Place, Problems, Scalar, Table
from switchboard.flows.steps import STEP_TYPES
from switchboard.flows.steps.end import END, End
from switchboard.flows.steps.ring import RING, Ring
from switchboard.services.office import GOODBYE, RECEPTION_UNAVAILABLE

MOST_INSTANCES = 500  # flows with parameters multiply by the values they are used with
RECEPTION_RINGS = timedelta(seconds=30)

_STRUCTURE = ("on", "next")


@dataclass(slots=True)
class FlowFiles:
    """All flows of a folder, read as they are needed: one with parameters once for each set of values."""

    tables: Mapping[str, Table]
    new_reading: Callable[[str, Mapping[str, str]], FlowReading]  # (flow's id, its parameters)
    problems: Problems
    flows: dict[str, Flow] = field(default_factory=dict)
    _waiting: list[tuple[str, str, Mapping[str, str], Place | None]] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)
    _graph: FlowGraph = field(init=False)

    def __post_init__(self) -> None:
        self._graph = FlowGraph(self.tables)

    def read_all(self) -> dict[str, Flow]:
        """Every flow that callers can come to."""
        self._graph.check(self.problems)
        for name, table in self.tables.items():
            if not _parameters(table):
                self._ask(name, name, {})
        while self._waiting:
            identifier, name, values, place = self._waiting.pop()
            before = len(self.problems.found)
            self.flows[identifier] = self._read(identifier, name, values)
            if place and values and len(self.problems.found) > before:
                told = ", ".join(f"{key}: {value}" for key, value in values.items())
                self.problems.add(place, f"flow `{name}` fails with {told}", "values that it can be used with")
        return self.flows

    def use(self, reading: FlowReading, name: str, arguments: Table | None, place: Place) -> str:
        """Somebody leads to the flow `name` with these values: the id of the flow made of both."""
        parameters = _parameters(self.tables[name])
        given = arguments.entries if arguments else {}
        at = arguments.place if arguments else place
        for key in given:
            if arguments and key not in parameters:
                expected = f"one of {', '.join(parameters)}" if parameters else "no `with:`, as it has no parameters"
                self.problems.add(
                    arguments.key_places[key], f"flow `{name}` has no `{key}`", expected, got=key, known=parameters
                )
        for parameter in parameters:
            if parameter not in given:
                self.problems.add(at, f"flow `{name}` needs `{parameter}`", f"`with: {{{parameter}: …}}`")
        values = {key: reading.reading.value(node, at, key) for key, node in given.items() if key in parameters}
        told = ", ".join(f"{key}={values[key]}" for key in parameters if key in values)
        identifier = f"{name}({told})" if told else name
        if set(values) == set(parameters):
            self._ask(identifier, name, values, at)
        return identifier

    def results(self, name: str) -> frozenset[str]:
        """What the flow of this name can hand back."""
        return self._graph.results(name)

    def _ask(self, identifier: str, name: str, values: Mapping[str, str], place: Place | None = None) -> None:
        if identifier in self._asked:
            return
        if len(self._asked) >= MOST_INSTANCES:
            if place:
                expected = f"at most {MOST_INSTANCES} flows"
                self.problems.add(place, "flows with parameters are used with too many values", expected)
            return
        self._asked.add(identifier)
        self._waiting.append((identifier, name, values, place))

    def _read(self, identifier: str, name: str, values: Mapping[str, str]) -> Flow:
        table = self.tables[name]
        flow = self.new_reading(identifier, values)
        reading = flow.reading
        what = f"flow `{name}`"
        reading.keys(table, what, needed=("flow", "start", "steps"), allowed=("parameters",))
        written = table.get("flow")
        if isinstance(written, Scalar) and written.text != name:
            self.problems.add(written.place, f"the flow is called {written.text}", f"`{name}`, as the file is")
        step_tables = reading.table(table.get("steps"), table.place, "steps")
        start = flow.target(table.get("start"), table.place, "start")
        steps = _own_steps(flow, f"flows/{name}.yaml", table.place)
        for step_name, node in step_tables.entries.items():
            place = step_tables.key_places[step_name]
            reading.identifier(step_name, place, "step")
            step_table = reading.table(node, place, f"step `{step_name}`")
            if step := _StepReader(self, flow, step_name, place, step_table).read():
                steps[step_name] = step
        known = [*step_tables.entries, *(step for step in steps if step not in step_tables.entries)]
        for target, at in flow.targets:
            if target not in known:
                self.problems.add(at, f"no step `{target}` in this flow", "a step of it", got=target, known=known)
        return Flow(identifier, start, steps, self.results(name))


def _parameters(table: Table) -> list[str]:
    node = table.get("parameters")
    if node is None:
        return []
    items = getattr(node, "items", None) or (node,)
    return [item.text for item in items if isinstance(item, Scalar) and not item.is_empty]


@dataclass(slots=True)
class _StepReader:
    """Reads one step."""

    files: FlowFiles
    flow: FlowReading
    name: str
    place: Place
    table: Table

    def read(self) -> Step | None:
        problems = self.flow.reading.problems
        types = [key for key in self.table.entries if key in STEP_TYPES]
        if len(types) != 1:
            known = ", ".join(STEP_TYPES)
            got = next((key for key in self.table.entries if key not in _STRUCTURE), "")
            text = f"step `{self.name}` is of no known type" if not types else f"step `{self.name}` is {types}"
            at = self.table.key_places.get(got, self.place)
            problems.add(at, text, f"one of {known}", got=got, known=STEP_TYPES)
            return None
        step_type = STEP_TYPES[types[0]]
        fields = [each.name for each in step_type.fields[1:]]
        reading = self.flow.reading
        reading.keys(self.table, f"a `{step_type.name}` step", needed=(step_type.name,), allowed=(*fields, *_STRUCTURE))
        before = len(problems.found)
        step = step_type.step(**dict(self._values(step_type)))
        if step_type.check and len(problems.found) == before:
            step_type.check(self.flow, step, self.table)
        routes = self._routes(step_type, step, is_sound=len(problems.found) == before)
        place = self.place
        return Step(
            self.name,
            step_type.name,
            step,
            step_type.run,
            step_type.waits,
            routes,
            f"flows/{_file_stem(place)}.yaml",
            place.line,
            place,
        )

    def _values(self, step_type: StepType) -> Iterator[tuple[str, Any]]:
        for each in step_type.fields:
            node = self.table.get(each.name)
            attribute = each.attribute or each.name
            if step_type.has_results and attribute == "arguments":
                continue  # read below, with the flow's name
            if node is None:
                if each.default is REQUIRED and each.name != step_type.name:
                    text = f"a `{step_type.name}` step lacks `{each.name}`"
                    self.flow.reading.problems.add(self.place, text, each.kind.expected)
                value = None if each.default is REQUIRED else each.default
            else:
                value = each.kind.read(self.flow, node, node.place)
            if step_type.has_results:
                value = self._subflow(value, node.place if node else self.place)
            yield attribute, value

    def _subflow(self, name: str | None, place: Place) -> str:
        arguments = self.table.get("with")
        if not name:
            return ""
        values = self.flow.reading.table(arguments, place, "with") if arguments else None
        return self.flow.use(self.flow, name, values, place)

    def _routes(self, step_type: StepType, step: Any, *, is_sound: bool) -> dict[str, str]:
        routes: dict[str, str] = dict(step.routes()) if is_sound and hasattr(step, "routes") else {}
        outcomes = {outcome.name: outcome.default for outcome in step_type.outcomes}
        if step_type.has_results:
            name = self.table.get(step_type.name)
            known = isinstance(name, Scalar) and name.text in self.files.tables
            outcomes = dict.fromkeys(sorted(self.files.results(name.text)), "") if known else {}  # type: ignore[union-attr]
            if not known:
                return routes
        if step_type.outcomes or step_type.has_results:
            routes.update(self._written_routes(step_type, outcomes))
        else:
            for key in _STRUCTURE:
                if key in self.table.entries:
                    text = f"a `{step_type.name}` step leads nowhere by `{key}:`"
                    self.flow.reading.problems.add(self.table.key_places[key], text, "no such line")
        return routes

    def _written_routes(self, step_type: StepType, outcomes: Mapping[str, str]) -> dict[str, str]:
        reading, what = self.flow.reading, f"a `{step_type.name}` step"
        following, on = self.table.get("next"), self.table.get("on")
        needed = [name for name, default in outcomes.items() if not default]
        if following is not None:
            if on is not None or len(needed) != 1:
                expected = f"`on:` with {', '.join(outcomes)}" if len(needed) != 1 else "one of `on:` and `next:`"
                reading.problems.add(self.table.key_places["next"], f"{what} has no `next:` here", expected)
            target = self.flow.target(following, following.place, "next")
            return {**outcomes, **dict.fromkeys(needed, target)}
        if on is None:
            if needed:
                shorthand = "`next:`" if len(needed) == 1 else f"`on:` with {', '.join(needed)}"
                reading.problems.add(self.place, f"step `{self.name}` does not say where it leads", shorthand)
            return dict(outcomes)
        table = reading.table(on, on.place, "on")
        routes = {name: default for name, default in outcomes.items() if default}
        for outcome, node in table.entries.items():
            place = table.key_places[outcome]
            if outcome not in outcomes:
                expected = f"one of {', '.join(outcomes) or 'nothing, as it hands nothing back'}"
                reading.problems.add(place, f"{what} has no outcome `{outcome}`", expected, got=outcome, known=outcomes)
            routes[outcome] = self.flow.target(node, node.place, outcome)
        if missing := [name for name in needed if name not in table.entries]:
            reading.problems.add(table.place, f"`on:` lacks {', '.join(missing)}", "every outcome to lead somewhere")
        return routes


def _file_stem(place: Place) -> str:
    return place.file.rsplit("/", 1)[-1].removesuffix(".yaml")


def _own_steps(flow: FlowReading, file: str, place: Place) -> dict[str, Step]:
    """The steps every flow has: reception behind key 0, and what comes after it."""
    nothing: dict[Any, Any] = {}
    ring = Ring(flow.organisation.reception, RECEPTION_RINGS, WhileRinging.RINGBACK.value, None)
    unavailable = End(flow.prompts.get(RECEPTION_UNAVAILABLE, nothing))
    goodbye = End(flow.prompts.get(GOODBYE, nothing))
    outcomes = dict.fromkeys((outcome.value for outcome in DialOutcome), UNAVAILABLE_STEP)
    outcomes[DialOutcome.ANSWERED.value] = GOODBYE_STEP

    def own(name: str, step_type: StepType, fields: Any, routes: Mapping[str, str]) -> Step:
        return Step(name, step_type.name, fields, step_type.run, step_type.waits, routes, file, place.line, place)

    return {
        RECEPTION_STEP: own(RECEPTION_STEP, RING, ring, outcomes),
        UNAVAILABLE_STEP: own(UNAVAILABLE_STEP, END, unavailable, nothing),
        GOODBYE_STEP: own(GOODBYE_STEP, END, goodbye, nothing),
    }
