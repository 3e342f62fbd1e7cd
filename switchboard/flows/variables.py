"""Variables: what a flow declares under `variables:`, and what is noted in them during a call.

They belong to the call: every flow sees them, and two flows that declare the same one must agree. What is known of
every call (`caller`, `time`, …) can be named like a variable and cannot be set.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from switchboard.domain.clients import SUBJECTS as CLIENT_SUBJECTS
from switchboard.domain.clients import UNKNOWN, Standing
from switchboard.domain.hours import HoursTable
from switchboard.domain.language import Language
from switchboard.domain.organisation import Organisation
from switchboard.flows.expressions.parse import KEYWORDS
from switchboard.flows.expressions.typed import FUNCTIONS, Names
from switchboard.flows.expressions.types import (
    WEEKDAYS,
    Day,
    Number,
    Text,
    TimeOfDay,
    Type,
    Value,
    Words,
    YesNo,
    told,
)
from switchboard.flows.reading import Reading
from switchboard.flows.source import Listing, Node, Place, Scalar, Table

SUBJECTS = ("caller", "number", "language", "time", "weekday", "date", *CLIENT_SUBJECTS)
MOST_WORDS, MOST_NUMBERS = 100, 1000  # values of a variable: exploring tries them all
LARGEST = 100_000

_BY_NAME: dict[str, Type] = {"text": Text(), "yes_no": YesNo(), "time": TimeOfDay(), "date": Day()}
_EXPECTED = (
    "a list of words such as `[order, account]`, `text`, `yes_no`, `time`, `date` or `{number: 0..5}`; "
    "with a first value `{one_of: [order, account], first: order}`, `{number: 0..5, first: 0}`, "
    "`{type: yes_no, first: no}`"
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as declared."""

    name: str
    type: Type
    first: Value | None  # what it holds when a call begins; None: nothing is known
    place: Place


@dataclass(slots=True)
class Variables:
    """Those of all flows, and what the steps read so far do with them."""

    declared: Mapping[str, Variable] = field(default_factory=dict)
    were_set: set[str] = field(default_factory=set)
    were_asked: set[str] = field(default_factory=set)

    def check(self, reading: Reading) -> None:
        """Variables that have no use are doubtful."""
        for name, variable in self.declared.items():
            if name not in self.were_set | self.were_asked:
                reading.problems.warn(
                    variable.place, f"no step sets or asks for `{name}`", "steps that do, or no such line"
                )
            elif name not in self.were_set and variable.first is None:
                text = f"`{name}` is never known: steps ask for it, and none sets it"
                reading.problems.warn(variable.place, text, "a `set` step, or a first value")


def read_variables(reading: Reading, tables: Iterable[Table]) -> Variables:
    """The variables of all flows."""
    declared: dict[str, Variable] = {}
    for table in tables:
        node = table.get("variables")
        if node is None:
            continue
        entries = reading.table(node, node.place, "variables")
        for name, written in entries.entries.items():
            place = entries.key_places[name]
            if not _is_free(reading, name, place, "variable", (*KEYWORDS, *WEEKDAYS, *FUNCTIONS, *reading.languages)):
                continue
            variable = _variable(reading, name, place, written)
            if variable is None:
                continue
            other = declared.setdefault(name, variable)
            if (other.type, other.first) != (variable.type, variable.first):
                expected = f"`{_declaration(other)}`, as there; a variable belongs to the whole call"
                reading.problems.add(place, f"`{name}` is declared otherwise at {other.place}", expected)
    for variable in declared.values():
        for word in variable.type.words if isinstance(variable.type, Words) else ():
            if word in declared:
                text = f"`{word}` is both a word of `{variable.name}` and a variable"
                reading.problems.add(variable.place, text, "another name for one of them")
    return Variables(declared)


def names_of(
    variables: Variables, hours: Mapping[str, HoursTable], languages: Iterable[Language], organisation: Organisation
) -> Names:
    """What expressions may name."""
    types: dict[str, Type] = {
        "caller": Text(),
        "number": Words(tuple(organisation.numbers)),
        "language": Words(tuple(languages)),
        "time": TimeOfDay(),
        "weekday": Words(WEEKDAYS),
        "date": Day(),
        "class": Words((*organisation.client_classes, UNKNOWN)),
        "vip": YesNo(),
        "standing": Words(tuple(each.value for each in Standing)),
        "manager": Words(tuple(organisation.people)),
    }
    types.update((name, variable.type) for name, variable in variables.declared.items())
    return Names(types, hours)


def first_values(declared: Mapping[str, Variable]) -> dict[str, Value | None]:
    """What a call begins with."""
    return {name: variable.first for name, variable in declared.items() if variable.first is not None}


def kept_values(declared: Mapping[str, Variable], noted: Any) -> dict[str, Value | None]:
    """What was noted of a call before, perhaps under another version: only variables there are, with values they take.

    The others begin anew.
    """
    values = first_values(declared)
    for name, value in noted.items() if isinstance(noted, Mapping) else ():
        variable = declared.get(name)
        if variable is not None and ((value is None and name in values) or variable.type.accepts(value)):
            values[name] = value
    return values


def _is_free(reading: Reading, name: str, place: Place, what: str, taken: Collection[str]) -> bool:
    """May something be called so?"""
    before = reading.problems.errors_added
    reading.identifier(name, place, what)
    if name in SUBJECTS:
        reading.problems.add(place, f"`{name}` is known of every call", "another name")
    elif name in taken:
        reading.problems.add(place, f"`{name}` means something else in conditions", "another name")
    return reading.problems.errors_added == before


def _variable(reading: Reading, name: str, place: Place, node: Node) -> Variable | None:
    first: Node | None = None
    written: Node | None = node
    kind = ""
    if isinstance(node, Table):
        reading.keys(node, f"variable `{name}`", allowed=("one_of", "number", "type", "first"))
        kinds = [key for key in ("one_of", "number", "type") if key in node.entries]
        if len(kinds) != 1:
            reading.problems.add(place, f"what `{name}` holds is not clear", _EXPECTED)
            return None
        kind, first = kinds[0], node.get("first")
        written = node.get(kind)
    type_ = _type(reading, name, place, written, kind)
    if type_ is None:
        return None
    value = None
    if first is not None:
        value = read_value(reading, first, place, name, type_)
    return Variable(name, type_, value, place)


def _type(reading: Reading, name: str, place: Place, node: Node | None, kind: str) -> Type | None:
    at = node.place if node else place
    if isinstance(node, Listing) and kind in ("", "one_of"):
        return _words(reading, name, node)
    if not isinstance(node, Scalar) or kind == "one_of":
        reading.problems.add(at, f"what `{name}` holds is not clear", _EXPECTED)
        return None
    if kind == "number":
        return _range(reading, name, node)
    found = _BY_NAME.get(node.text)
    if found is None:
        text = f"`{name}` has no known type"
        reading.problems.add(at, text, _EXPECTED, got=node.text, known=_BY_NAME)
    return found


def _words(reading: Reading, name: str, node: Listing) -> Words | None:
    words = [reading.word(item, item.place, "word") for item in node.items]
    before = reading.problems.errors_added
    for item, word in zip(node.items, words, strict=True):
        if word in ("yes", "no"):
            reading.problems.add(item.place, f"`{word}` is no word of a list", "`yes_no`, or other words")
        elif word:  # what is no word has been told
            _is_free(reading, word, item.place, "word", KEYWORDS)
    if len(set(words)) != len(words):
        reading.problems.add(node.place, f"`{name}` has a word twice", "each word once")
    if not 1 <= len(words) <= MOST_WORDS:
        reading.problems.add(node.place, f"`{name}` has {len(words)} words", f"1 to {MOST_WORDS}")
    return Words(tuple(words)) if reading.problems.errors_added == before and all(words) else None


def _range(reading: Reading, name: str, node: Scalar) -> Number | None:
    least, dots, most = node.text.partition("..")
    whole = Number(-LARGEST, LARGEST)
    first, last = whole.parse(least.strip()), whole.parse(most.strip())
    expected = f"a range such as `0..5`, of at most {MOST_NUMBERS} numbers between -{LARGEST} and {LARGEST}"
    if not (dots and isinstance(first, int) and isinstance(last, int) and 0 <= last - first < MOST_NUMBERS):
        reading.problems.add(node.place, f"the range of `{name}` is not clear", expected)
        return None
    return Number(first, last)


def read_value(reading: Reading, node: Node | None, place: Place, name: str, type_: Type) -> Value | None:
    """A value of a type as written in YAML; None with a problem if it is none."""
    if isinstance(node, Scalar) and isinstance(type_, Text) and not node.text and not node.is_plain:
        return ""  # written as "": a text without letters
    text = reading.value(node, place, f"`{name}`", type_.told)
    value = type_.parse(text) if text else None
    if text and value is None:
        known = type_.words if isinstance(type_, Words) else ()
        at = node.place if node else place
        reading.problems.add(at, f"`{name}` is never `{text[:40]}`", type_.told, got=text, known=known)
    return value


def _declaration(variable: Variable) -> str:
    type_ = variable.type
    first = "" if variable.first is None else f", first: {told(variable.first)}"
    if isinstance(type_, Words):
        words = f"[{', '.join(type_.words)}]"
        return f"{{one_of: {words}{first}}}" if first else words
    if isinstance(type_, Number):
        return f"{{number: {type_.least}..{type_.most}{first}}}"
    name = next(name for name, known in _BY_NAME.items() if known == type_)
    return f"{{type: {name}{first}}}" if first else name
