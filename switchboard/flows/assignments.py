"""What a `set` step notes: values as written, or calculated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switchboard.flows.conditions import CALCULATED, read_calculation
from switchboard.flows.expressions.meaning import Known, Meaning
from switchboard.flows.expressions.types import Type, Value
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place, Scalar
from switchboard.flows.variables import SUBJECTS, read_value


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one variable gets: a value, or what `calculation` comes to."""

    type: Type
    value: Value | None
    calculation: Meaning | None = None

    def result(self, known: Known) -> Value | None:
        """The value to note, kept within the variable's type; None where it is not known."""
        if self.calculation is None:
            return self.value
        found = self.calculation.evaluate(known)
        return None if found is None else self.type.noted(found)


@dataclass(frozen=True, slots=True)
class Assignments:
    """Variables and what they get."""

    expected: str = "a table such as `{wants: order, tries: = tries + 1}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Mapping[str, Assignment]:
        table = flow.reading.table(node, place, "values")
        found = {}
        for name, written in table.entries.items():
            at = table.key_places[name]
            if name in SUBJECTS:
                flow.reading.problems.add(at, f"`{name}` is known of every call", "a variable")
                continue
            variable = flow.variables.declared.get(name)
            if variable is None:
                known = list(flow.variables.declared)
                expected = f"one of {', '.join(known)}; or" if known else ""
                expected = f"{expected} a line for it under `variables:` of the flow".strip()
                flow.reading.problems.add(at, f"no variable `{name}`", expected, got=name, known=known)
                continue
            flow.variables.were_set.add(name)
            found[name] = _assignment(flow, written, at, name, variable.type)
        return found


def _assignment(flow: FlowReading, node: Node, place: Place, name: str, type_: Type) -> Assignment:
    if isinstance(node, Scalar) and node.text.lstrip().startswith(CALCULATED):
        text = flow.reading.value(node, place, name)
        return Assignment(type_, None, read_calculation(flow, node, text, type_) if text else None)
    return Assignment(type_, read_value(flow.reading, node, place, name, type_))
