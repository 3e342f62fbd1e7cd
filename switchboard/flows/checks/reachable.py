"""Steps, flows and cases that no call ever comes to."""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.flows.checks.findings import Examined, Finding, flow_name, values_of
from switchboard.flows.configuration import Step
from switchboard.flows.problems import Place, Severity

OWN = "_"  # what the switchboard's own steps begin with


def unreachable_flows(examined: Examined) -> Iterator[Finding]:
    """Flows that no number begins with and no step leads to."""
    reached = {flow_name(state.flow) for state in examined.reached.seen}
    for flow in _flow_files(examined):
        if flow not in reached:
            place = examined.places.of(f"flows/{flow}.yaml", "flow")
            text = f"no call ever comes to flow `{flow}`"
            expected = "a number, a `goto` or a `subflow` that leads to it; or delete the file"
            yield Finding("unreachable-flow", Severity.WARNING, place, (flow,), text, expected)


def unreachable_steps(examined: Examined) -> Iterator[Finding]:
    """Steps of flows that calls come to, and yet come not to these: not of any values, at any time."""
    flows = {flow_name(state.flow) for state in examined.reached.seen}
    come_to = {examined.step(state).place for state in examined.reached.seen}
    for identifier, step in _steps(examined):
        name = flow_name(identifier)
        if step.place not in come_to and name in flows and not step.name.startswith(OWN):
            text = f"no call ever comes to step `{step.name}`"
            at = (f"{name}.{step.name}",)
            yield Finding("unreachable-step", Severity.WARNING, step.place, at, text, "a step that leads to it")


def unreachable_cases(examined: Examined) -> Iterator[Finding]:
    """Cases of a `switch` that never fit, as an earlier one takes all, or nobody calls then."""
    taken: dict[Place, set[str]] = {}
    for state, moves in examined.edges.out.items():
        if examined.step(state).type == "switch":
            taken.setdefault(examined.step(state).place, set()).update(move.left.outcome for _, move in moves)
    for identifier, step in _steps(examined):
        if step.place not in taken:
            continue
        for case in sorted(case for case in step.routes if case.startswith("case ")):
            if case not in taken[step.place]:
                text = f"{case} of step `{step.name}` never fits"
                at = (f"{flow_name(identifier)}.{step.name}",)
                expected = "one that some call meets, within the next 400 days"
                values = values_of(identifier)
                yield Finding("unreachable-case", Severity.WARNING, step.place, at, text, expected, holds_for=values)


def _steps(examined: Examined) -> Iterator[tuple[str, Step]]:
    for identifier, flow in examined.configuration.flows.items():
        for step in flow.steps.values():
            yield identifier, step


def _flow_files(examined: Examined) -> Iterator[str]:
    """Every flow there is a file of, used with values or not."""
    names = {flow_name(identifier): None for identifier in examined.configuration.flows}
    for file in examined.configuration.lines:
        parts = file.rsplit("/", 2)
        if len(parts) > 1 and parts[-2] == "flows":
            names.setdefault(parts[-1].removesuffix(".yaml"), None)
    yield from names
