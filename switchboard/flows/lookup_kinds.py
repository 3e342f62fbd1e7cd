"""What the fields of a `lookup` step can hold."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from switchboard.domain.lookups import MOST_PARTS, Lookup
from switchboard.flows.expressions.types import Number, Type, Value, Words, YesNo
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place

MOST_ANSWERS = 100  # that differ in what is noted: exploring tries them all
_PATH = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Taken:
    """A value of an answer: where it stands, and what it can be."""

    path: str
    type: Type


@dataclass(frozen=True, slots=True)
class LookupName:
    """A system that can be asked."""

    expected: str = "the id of one of `lookups` in organisation.yaml"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Lookup:
        known = flow.organisation.lookups
        name = flow.reading.choice(node, place, "lookup", known)
        return known.get(name, Lookup("", "", timedelta(seconds=1)))


@dataclass(frozen=True, slots=True)
class Paths:
    """Variables and where their values stand."""

    expected: str = "a table of variables and places in the answer such as `{wants: customer.segment}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Mapping[str, Taken]:
        reading = flow.reading
        table = reading.table(node, place, "into")
        found: dict[str, Taken] = {}
        for name, written in table.entries.items():
            at = table.key_places[name]
            variable = flow.variables.declared.get(name)
            path = reading.word(written, at, "place in the answer")
            if path and not (_PATH.fullmatch(path) and path.count(".") < MOST_PARTS):
                expected = "names with `.` between them, such as `customer.segment` or `orders.0.state`"
                reading.problems.add(written.place, f"`{path[:40]}` is no place in an answer", expected)
            if variable is None:
                known = list(flow.variables.declared)
                expected = "a line for it under `variables:` of the flow"
                reading.problems.add(at, f"no variable `{name}`", expected, got=name, known=known)
                continue
            flow.variables.were_set.add(name)
            if values_of(variable.type) is None:
                text = f"`{name}` may hold too much for an answer of another system"
                reading.problems.add(at, text, "a list of words, `yes_no`, or a small range of numbers")
                continue
            found[name] = Taken(path, variable.type)
        ways = math.prod(len(values_of(each.type) or ()) + 1 for each in found.values())
        if ways > MOST_ANSWERS:
            reading.problems.add(table.place, f"{ways} answers that differ", f"at most {MOST_ANSWERS}: fewer variables")
        return found


def values_of(type_: Type) -> tuple[Value, ...] | None:
    """All values of a type that has few."""
    if isinstance(type_, Words):
        return type_.words
    if isinstance(type_, YesNo):
        return (True, False)
    if isinstance(type_, Number) and type_.most - type_.least < MOST_ANSWERS:
        return tuple(range(type_.least, type_.most + 1))
    return None


def taken_value(value: Any, type_: Type) -> Value | None:
    """A value of an answer as a variable holds it; None if it can't."""
    if isinstance(value, str) and not isinstance(type_, Words):
        value = type_.parse(value)
    return value if value is not None and type_.accepts(value) else None
