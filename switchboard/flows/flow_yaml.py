"""flows/*.yaml: each flow read into steps that are ready to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from switchboard.flows.configuration import Flow
from switchboard.flows.flow_graph import FlowGraph, FlowLinks
from switchboard.flows.parameters import PARAMETERS, Parameter, read_parameters
from switchboard.flows.problems import told
from switchboard.flows.render import TemplateProblem
from switchboard.flows.repetition import (
    Repetition,
    copies,
    copy_name,
    repeated_names,
    repeated_steps,
    without_repetition,
)
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Place, Problem, Problems, Table, all_scalars
from switchboard.flows.speech_texts import Wordings
from switchboard.flows.step_yaml import StepReader, own_steps
from switchboard.flows.steps.subflow import SUBFLOW

MOST_INSTANCES = 500  # flows with parameters multiply by the values they are used with
MOST_STEPS = 20_000  # of all flows, copies by `for each` included


@dataclass(frozen=True, slots=True)
class _Instance:
    """A flow with values for its parameters."""

    id: str
    name: str
    values: Mapping[str, str]
    place: Place | None  # where it was first asked for; None where nobody needs to


@dataclass(slots=True)
class FlowFiles:
    """All flows of a folder, read as they are needed: one with parameters once for each set of values."""

    tables: Mapping[str, Table]
    new_reading: Callable[[str, Mapping[str, str]], FlowReading]  # (flow's id, its parameters)
    problems: Problems
    folder: str = ""  # how problems call the configuration folder
    flows: dict[str, Flow] = field(default_factory=dict)
    _parameters: dict[str, dict[str, Parameter]] = field(default_factory=dict)  # by flow's name
    _defaults: dict[str, dict[str, str]] = field(default_factory=dict)
    _instances: dict[str, _Instance] = field(default_factory=dict)
    _waiting: list[_Instance] = field(default_factory=list)
    _failed: list[_Instance] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)
    _links: dict[str, FlowLinks] = field(default_factory=dict)  # by flow's id
    _steps: int = 0
    _graph: FlowGraph = field(init=False)

    def __post_init__(self) -> None:
        self._graph = FlowGraph.of_files(self.tables)

    def _read_parameters(self) -> None:
        for name, table in self.tables.items():
            self._parameters[name] = read_parameters(table, self.problems)
            flow = self.new_reading(name, {})
            values = {
                parameter.name: parameter.value(flow, parameter.default)
                for parameter in self._parameters[name].values()
                if parameter.default is not None
            }
            self._defaults[name] = {key: value or "" for key, value in values.items()}

    def read_all(self) -> dict[str, Flow]:
        """Every flow that callers can come to."""
        before = self.problems.errors_added
        self._read_parameters()
        self._graph.check(self.problems)
        for name, parameters in self._parameters.items():
            if len(parameters) == len(self._defaults[name]):
                self._ask(_Instance(name, name, self._defaults[name], None))
        while self._waiting:
            instance = self._waiting.pop(0)
            errors = self.problems.errors_added
            with self.problems.holding(instance.values if instance.place else {}):
                self.flows[instance.id] = self._read(instance)
            if self.problems.errors_added > errors and instance.place:
                self._failed.append(instance)
        self._tell_failures()
        if self.problems.errors_added == before:
            FlowGraph(self._links).check(self.problems)
            self._check_results()
        self._check_unused()
        return self.flows

    def use(self, reading: FlowReading, name: str, arguments: Table | None, place: Place) -> str:
        """Somebody goes on with the flow `name` with these values: the id of the flow made of both."""
        identifier = self._use(reading, name, arguments, place)
        self._links[reading.flow].gotos.append(identifier)
        return identifier

    def lead_into(
        self, reading: FlowReading, name: str, arguments: Table | None, place: Place
    ) -> tuple[str, frozenset[str]]:
        """As `use`, to come back. With what the flow can hand back."""
        identifier = self._use(reading, name, arguments, place)
        self._links[reading.flow].subflows.append((identifier, place))
        instance = self._instances.get(identifier)
        return identifier, self._results(name, instance.values if instance else {})

    def _use(self, reading: FlowReading, name: str, arguments: Table | None, place: Place) -> str:
        self._used.add(name)
        parameters, defaults = self._parameters[name], self._defaults[name]
        given = arguments.entries if arguments else {}
        at = arguments.place if arguments else place
        for key in given:
            if arguments and key not in parameters:
                expected = f"one of {', '.join(parameters)}" if parameters else "no `with:`, as it has no parameters"
                self.problems.add(
                    arguments.key_places[key], f"flow `{name}` has no `{key}`", expected, got=key, known=parameters
                )
        for key in parameters:
            if key not in given and key not in defaults:
                self.problems.add(at, f"flow `{name}` needs `{key}`", f"`with: {{{key}: …}}`")
        values: dict[str, str] = {}
        for key, parameter in parameters.items():
            value = parameter.value(reading, given[key]) if key in given else defaults.get(key)
            if value is not None:
                values[key] = value
        distinct = ", ".join(f"{key}={value}" for key, value in values.items() if defaults.get(key) != value)
        identifier = f"{name}({distinct})" if distinct else name
        if len(values) == len(parameters):
            self._ask(_Instance(identifier, name, values, at))
        return identifier

    def _ask(self, instance: _Instance) -> None:
        if instance.id in self._instances:
            return
        if len(self._instances) >= MOST_INSTANCES:
            if instance.place:
                expected = f"at most {MOST_INSTANCES} flows"
                self.problems.add(instance.place, "flows with parameters are used with too many values", expected)
            return
        self._instances[instance.id] = instance
        self._waiting.append(instance)

    def _results(self, name: str, values: Mapping[str, str]) -> frozenset[str]:
        """What a flow can hand back; where it goes on with a flow that a parameter names, the values say with which."""
        reading = self.new_reading(name, values).reading

        def filled(flow: str, text: str) -> str:
            given = values if flow == name else self._defaults.get(flow, {})
            try:
                return reading.templates.render(text, {**reading.data.get(reading.default_language, {}), **given})
            except TemplateProblem:
                return ""  # told when the step is read

        return self._graph.results(name, filled)

    def _read(self, instance: _Instance) -> Flow:
        name, table = instance.name, self.tables[instance.name]
        self._links[instance.id] = FlowLinks(results=self._graph.own_results(name))
        flow = self.new_reading(instance.id, instance.values)
        reading = flow.reading
        reading.keys(table, f"flow `{name}`", needed=("flow", "start", "steps"), allowed=(PARAMETERS, "variables"))
        written = reading.word(table.get("flow"), table.place, "flow", f"`{name}`, as the file is")
        if written and written != name:
            at = table.entries["flow"].place
            reading.problems.add(at, f"the flow is called {written}", f"`{name}`, as the file is")
        step_tables = reading.table(table.get("steps"), table.place, "steps")
        repetitions = repeated_steps(flow, step_tables)
        flow.repeated.update({step: each.values if each else () for step, each in repetitions.items()})
        start = flow.target(table.get("start"), table.place, "start")
        steps = own_steps(flow, f"flows/{name}.yaml", table.place)
        known: list[str] = []
        for step_name, node in step_tables.entries.items():
            place = step_tables.key_places[step_name]
            reading.identifier(step_name, place, "step")
            step_table = reading.table(node, place, f"step `{step_name}`")
            known += repeated_names(step_name, flow.repeated[step_name]) if step_name in repetitions else [step_name]
            with self._of_file(name, place):
                for copied, name_of_copy, its_table in self._copies(flow, step_name, step_table, repetitions):
                    file = place.file.removeprefix(f"{self.folder}/")
                    reader = StepReader(copied, name_of_copy, place, its_table, file, self.lead_into)
                    if step := reader.read():
                        steps[name_of_copy] = step
        known += steps
        for target, at in flow.targets:
            repeated = target.partition("(")[0]
            values = flow.repeated.get(repeated)
            if target not in known and values != ():
                expected = f"one of its copies such as `{copy_name(repeated, values[0])}`" if values else "a step of it"
                with self._of_file(name, at):
                    reading.problems.add(at, f"no step `{target}` in this flow", expected, got=target, known=known)
        return Flow(instance.id, start, steps, self._results(name, instance.values))

    def _copies(
        self, flow: FlowReading, name: str, table: Table, repetitions: Mapping[str, Repetition | None]
    ) -> Iterator[tuple[FlowReading, str, Table]]:
        """(what sees the value, name, table) of each copy of a step; of one that is not repeated, itself."""
        repetition = repetitions.get(name)
        self._steps += len(repetition.values) if repetition else 1
        if self._steps > MOST_STEPS:
            self.problems.add(table.place, f"the flows have more than {MOST_STEPS} steps", "fewer repetitions")
        elif repetition:
            for copy in copies(flow, repetition):
                yield copy.flow, copy_name(name, copy.value), without_repetition(table)
        elif name not in repetitions:
            yield flow, name, table

    @contextmanager
    def _of_file(self, name: str, place: Place) -> Iterator[None]:
        """What is found in an included file is told with the flow that includes it."""
        with self.problems.holding({"flow": name} if place.file != self.tables[name].place.file else {}):
            yield

    def _tell_failures(self) -> None:
        """Where some values fail and others don't, the values are to blame: told where they are given, too."""
        for instance in self._failed:
            others = [each for each in self._instances.values() if each.name == instance.name and each.place]
            are_all = all(each in self._failed for each in others)
            if instance.place and (len(others) == 1 or not are_all):
                text = f"flow `{instance.name}` fails with {told(instance.values)}"
                self.problems.add(instance.place, text, "values that it can be used with")

    def _check_results(self) -> None:
        """Every word that a flow can hand back has its way on, where a `subflow` led into it."""
        graph = FlowGraph(self._links)
        for identifier, flow in self.flows.items():
            self.flows[identifier] = replace(flow, results=graph.results(identifier))
            for step in flow.steps.values():
                if step.type == SUBFLOW.name:
                    missing = sorted(graph.results(step.fields.flow) - set(step.routes))
                    if missing:
                        text = f"step `{step.name}` does not say where {', '.join(missing)} leads"
                        self.problems.add(step.place, text, "every outcome to lead somewhere")

    def _check_unused(self) -> None:
        """A flow that nobody gives its values is read without them, as far as that goes."""
        for name, table in self.tables.items():
            if name in self._used or len(self._parameters[name]) == len(self._defaults[name]):
                continue
            self.problems.warn(
                table.key_places[PARAMETERS], f"flow `{name}` is used nowhere", "a `subflow` that gives it its values"
            )
            by_value = {scalar.place for scalar in all_scalars(table) if "{" in scalar.text}
            for problem in self._read_without_values(name):
                if problem.place not in by_value:
                    self.problems.adopt(problem)

    def _read_without_values(self, name: str) -> list[Problem]:
        scratch = Problems(self.problems.lines)

        def new_reading(identifier: str, values: Mapping[str, str]) -> FlowReading:
            flow = self.new_reading(identifier, values)
            reading = replace(flow.reading, problems=scratch)
            return replace(flow, reading=reading, wordings=Wordings(reading.languages), use=files.use)

        files = FlowFiles(
            self.tables, new_reading, scratch, self.folder, _parameters=self._parameters, _defaults=self._defaults
        )
        nothing = dict.fromkeys(self._parameters[name], "")
        files._read(_Instance(name, name, {**nothing, **self._defaults[name]}, None))
        return scratch.in_order()
