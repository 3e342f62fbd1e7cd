"""Conditions and calculations within a flow's YAML: read, their faults told at the line and column where they stand."""

from __future__ import annotations

from datetime import datetime

from switchboard.domain.hours import HoursTable
from switchboard.flows.conversation import CLOCK, Conversation
from switchboard.flows.expressions.meaning import Meaning, names_in
from switchboard.flows.expressions.typed import Names, Understood
from switchboard.flows.expressions.types import Type, Value
from switchboard.flows.expressions.types import told as told_of
from switchboard.flows.expressions.understand import understand_condition, understand_value
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place, Scalar
from switchboard.flows.variables import names_of

CALCULATED = "="  # a value that begins so is calculated


def read_condition(flow: FlowReading, node: Node | None, place: Place) -> Meaning | None:
    """A condition; None with problems if it is none."""
    text = flow.reading.value(node, place, "when", "a condition such as `time < 12:00`")
    if not text or not isinstance(node, Scalar):
        return None
    return _taken(flow, node, text, 0, understand_condition(text, names_in_flow(flow)))


def read_calculation(flow: FlowReading, node: Scalar, text: str, wanted: Type) -> Meaning | None:
    """A value that is calculated, `text` being the node's, rendered, with CALCULATED before it."""
    calculation = text.removeprefix(CALCULATED)
    return _taken(flow, node, text, len(CALCULATED), understand_value(calculation, wanted, names_in_flow(flow)))


def names_in_flow(flow: FlowReading) -> Names:
    """What expressions of a flow may name."""
    return names_of(flow.variables, flow.hours, flow.reading.languages, flow.organisation)


def _taken(flow: FlowReading, node: Scalar, text: str, skipped: int, understood: Understood) -> Meaning | None:
    problems = flow.reading.problems
    is_as_written = text == node.text.strip()
    lead = len(node.text) - len(node.text.lstrip()) + skipped if is_as_written else 0
    for fault in understood.faults:
        if not is_as_written:  # what a template filled in has no column of its own
            if not fault.is_warning:
                wrong = f"`{text[:60]}`: {fault.text}"
                problems.add(node.place, wrong, fault.expected, got=fault.got, known=fault.known)
            continue
        at = _place_in(node, lead + fault.at, problems.lines.get(node.place.file, []))
        if fault.is_warning:
            problems.warn(at, fault.text, fault.expected)
        else:
            problems.add(at, fault.text, fault.expected, got=fault.got, known=fault.known)
    if understood.meaning is not None:
        flow.variables.were_asked |= names_in(understood.meaning)
    return understood.meaning


def _place_in(node: Scalar, offset: int, lines: list[str]) -> Place:
    """Where the character `offset` of a scalar's text stands; the scalar's beginning where it is folded or escaped."""
    place = node.place
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    for quote in ("", "'", '"'):
        column = place.column - 1 + len(quote)
        if line[place.column - 1 : column] == quote and line.startswith(node.text, column):
            return Place(place.file, place.line, column + offset + 1)
    if line[place.column - 1 : place.column] == "'":  # a quote within is written twice
        doubled = node.text[:offset].count("'")
        if line.startswith(node.text.replace("'", "''"), place.column):
            return Place(place.file, place.line, place.column + offset + doubled + 1)
    return place


class Seen:
    """What a step saw of the call while it decided: each thing looked at once, and all at one instant."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._instant: datetime | None = None
        self._values: dict[str, Value | None] = {}

    def value(self, name: str) -> Value | None:
        """What is known by this name; None if nothing is."""
        if name not in self._values:
            instant = self._now() if name in CLOCK else None
            self._values[name] = self._conversation.value_of(name, instant)
        return self._values[name]

    def hours(self, table: HoursTable) -> str:
        """Are we open?"""
        name = f"hours({table.id})"
        if name not in self._values:
            self._values[name] = table.state_at(self._now()).kind.value
        return str(self._values[name])

    @property
    def told(self) -> str:
        """All that was looked at, for the record."""
        return ", ".join(f"{name} is {told_of(value)}" for name, value in self._values.items())

    def _now(self) -> datetime:
        if self._instant is None:
            self._instant = self._conversation.now()
        return self._instant
