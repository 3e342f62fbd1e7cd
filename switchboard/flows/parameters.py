"""`parameters:` of a flow: values that a `subflow` gives it, typed, so that a wrong one is told where it is given.

    parameters: {department: department, ring_for: {type: duration, default: 20s}}

A list of names, `[department]`, takes any texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Listing, Node, Place, Problems, Scalar, Table, kind_of

PARAMETERS = "parameters"
RESERVED = ("organisation", "departments", "people", "reception", "hours", "key", "place")  # known to templates
LARGEST_COUNT = 999_999
_EXPECTED = "a table of names and types such as `{department: department, ring_for: duration}`"


@dataclass(frozen=True, slots=True)
class ParameterType:
    """What values a parameter can have."""

    meaning: str  # in an administrator's words
    read: Callable[[FlowReading, Node], str]  # the value, as templates fill it in; whatever is wrong is noted


def _one_of(what: str, known: Callable[[FlowReading], Iterable[str]]) -> Callable[[FlowReading, Node], str]:
    return lambda flow, node: flow.reading.choice(node, node.place, what, known(flow))


def _duration(flow: FlowReading, node: Node) -> str:
    flow.reading.duration(node, node.place, "time")
    return flow.reading.value(node, node.place, "time").strip()


def _count(flow: FlowReading, node: Node) -> str:
    return str(flow.reading.number(node, node.place, "number here", 0, LARGEST_COUNT))


def _yes_no(flow: FlowReading, node: Node) -> str:
    return "yes" if flow.reading.flag(node, node.place, "answer here") else "no"


def _word(flow: FlowReading, node: Node) -> str:
    word = flow.reading.value(node, node.place, "word", "a word of letters, digits and `_`")
    return flow.reading.identifier(word, node.place, "word") if word else ""


def _text(flow: FlowReading, node: Node) -> str:
    return flow.reading.value(node, node.place, "value")


TYPES: Mapping[str, ParameterType] = {
    "department": ParameterType(
        "a department of people.yaml", _one_of("department", lambda flow: flow.organisation.departments)
    ),
    "person": ParameterType("a person of people.yaml", _one_of("person", lambda flow: flow.organisation.people)),
    "phone": ParameterType("an extension", _one_of("phone", lambda flow: flow.organisation.phones)),
    "hours": ParameterType("opening hours of hours.yaml", _one_of("opening hours", lambda flow: flow.hours)),
    "fact": ParameterType("a fact of facts.yaml", _one_of("fact", lambda flow: flow.facts)),
    "prompt": ParameterType("a prompt's id", _one_of("prompt", lambda flow: [*flow.prompts, *flow.open_prompts])),
    "flow": ParameterType("a flow's name", _one_of("flow", lambda flow: flow.flow_names)),
    "language": ParameterType(
        "one of the organisation's languages", _one_of("language", lambda flow: flow.reading.languages)
    ),
    "number": ParameterType(
        "one of the organisation's numbers", _one_of("number", lambda flow: flow.organisation.numbers)
    ),
    "duration": ParameterType("a time such as `20s`", _duration),
    "count": ParameterType("a whole number", _count),
    "yes_no": ParameterType("`yes` or `no`", _yes_no),
    "word": ParameterType("a word of letters, digits and `_`", _word),
    "text": ParameterType("any text", _text),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a flow."""

    name: str
    type: str
    default: Node | None  # None: a value must be given

    def value(self, flow: FlowReading, node: Node) -> str | None:
        """The value of a node, rendered as `flow` sees it; None, and a problem at the node, if it is of no use."""
        before = flow.reading.problems.errors_added
        value = TYPES[self.type].read(flow, node)
        return value if flow.reading.problems.errors_added == before else None


def read_parameters(table: Table, problems: Problems) -> dict[str, Parameter]:
    """The parameters that a flow's file declares."""
    node = table.get(PARAMETERS)
    found: dict[str, Parameter] = {}
    if isinstance(node, Table):
        for name, declared in node.entries.items():
            _check_name(name, node.key_places[name], problems)
            found[name] = _declared(name, declared, problems)
    elif node is not None and not (isinstance(node, Scalar) and node.is_empty):
        for item in node.items if isinstance(node, Listing) else (node,):
            if not isinstance(item, Scalar) or item.is_empty:
                problems.add(item.place, f"a parameter is {kind_of(item)}", _EXPECTED)
                continue
            _check_name(item.text, item.place, problems)
            found[item.text] = Parameter(item.text, "text", None)
    return found


def _declared(name: str, node: Node, problems: Problems) -> Parameter:
    written, default = node, None
    if isinstance(node, Table):
        for key, place in node.key_places.items():
            if key not in ("type", "default"):
                problems.add(place, f"a parameter knows no `{key}`", "`type` and `default`")
        default = node.get("default")
        if (given := node.get("type")) is None:
            problems.add(node.place, f"parameter `{name}` lacks `type`", f"one of {', '.join(TYPES)}")
            return Parameter(name, "text", default)
        written = given
    if not isinstance(written, Scalar) or written.text not in TYPES:
        got = written.text if isinstance(written, Scalar) else ""
        text = f"parameters have no type {kind_of(written)}"
        problems.add(written.place, text, f"one of {', '.join(TYPES)}", got=got, known=TYPES)
        return Parameter(name, "text", default)
    return Parameter(name, written.text, default)


def _check_name(name: str, place: Place, problems: Problems) -> None:
    if not (name.isascii() and name.isidentifier() and name[0].isalpha()):
        problems.add(place, f"parameter `{name}` is not a name", "letters, digits and `_`, a letter first")
    elif name in RESERVED:
        problems.add(place, f"`{name}` means something in every template already", "another name for the parameter")
