"""`for each`: a step, keys of a menu, or what is said, once for each of the departments, people, numbers, …

    to: {for each: department in departments, except: [reception], ring: {department: "{{ department }}"}, …}

makes the steps `to(sales)`, `to(finance)`, … What is repeated sees the value under its name, here `department`, and
`place`: 1 for the first of them, 2 for the second. Names of steps are never templates: a copy that leads to a step
which is repeated too leads to the copy of the same value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from switchboard.flows.parameters import RESERVED
from switchboard.flows.schema import FlowReading, Offered
from switchboard.flows.source import Node, Place, Scalar, Table

FOR_EACH, EXCEPT, ONLY = "for each", "except", "only"
WORDS = (FOR_EACH, EXCEPT, ONLY)
LISTS = {  # and what one of them is called
    "departments": "department",
    "people": "person",
    "numbers": "number",
    "phones": "phone",
    "languages": "language",
}
KEY = "key"  # `for each: key`: whatever the keys of the same step are repeated for
MOST_COPIES = 300  # of one repetition
MOST_COPIES_IN_ALL = 20_000  # of a folder: repetitions may stand in repetitions, and in flows with parameters
RANGE = re.compile(r"([0-9])-([0-9])")
EXPECTED = "such as `department in departments`, or `floor in [first, second]` on a line of its own"

_WRITTEN = re.compile(r"(\S+)\s+in\s+(.+)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_VALUE = re.compile(r"[A-Za-z0-9_.+-]+")


@dataclass(frozen=True, slots=True)
class Repetition:
    """What is repeated for."""

    variable: str  # how a copy calls its value
    values: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Copy:
    """One of what a repetition makes."""

    value: str
    flow: FlowReading  # that sees the value


def is_repeated(node: Node) -> bool:
    """Does a node say `for each`?"""
    return isinstance(node, Table) and FOR_EACH in node.entries


def without_repetition(table: Table) -> Table:
    """The table as each copy reads it."""
    entries = {key: node for key, node in table.entries.items() if key not in WORDS}
    return Table(table.place, entries, {key: table.key_places[key] for key in entries})


def copies(flow: FlowReading, repetition: Repetition) -> Iterator[Copy]:
    """One for each value, in order; what is found wrong meanwhile is told with the value."""
    keys = {offered.value: offered.key for offered in flow.offered or () if offered.variable == repetition.variable}
    for place, value in enumerate(repetition.values, 1):
        flow.copied.count += 1
        if flow.copied.count > MOST_COPIES_IN_ALL:
            text = "is repeated too often, with all the repetitions it stands in"
            flow.reading.problems.add(repetition.place, text, f"at most {MOST_COPIES_IN_ALL} copies in all files")
            return
        with flow.reading.problems.holding({repetition.variable: value}):
            yield _copy(flow, repetition.variable, value, place, keys.get(value, ""))


def _copy(flow: FlowReading, variable: str, value: str, place: int, key: str = "") -> Copy:
    names: dict[str, str | int] = {variable: value, "place": place}
    if key:
        names["key"] = key
    reading = replace(flow.reading, parameters={**flow.reading.parameters, **names})
    return Copy(value, replace(flow, reading=reading, repeated_for=value))


def read_repetition(flow: FlowReading, table: Table) -> Repetition | None:
    """The `for each`, `except` and `only` of a table; None, and problems, where they can't be read."""
    problems, node = flow.reading.problems, table.get(FOR_EACH)
    text = flow.reading.word(node, table.place, FOR_EACH, EXPECTED)
    at = node.place if node else table.place
    found = _WRITTEN.fullmatch(text.strip())
    if not found:
        if text:
            problems.add(at, f"`for each: {text}` is not clear", EXPECTED)
        return None
    variable, listed = found.groups()
    if not _NAME.fullmatch(variable) or variable in RESERVED:
        text = f"`{variable}` cannot be what each of them is called"
        problems.add(at, text, "a name of letters, digits and `_` that means nothing else yet")
        return None
    if variable in flow.reading.parameters:
        problems.add(at, f"`{variable}` is a parameter or repeated already", "another name for each of them")
        return None
    values = _values(flow, listed, at)
    return (
        None if values is None else _chosen(flow, table, Repetition(variable, values, at), LISTS.get(listed, "value"))
    )


def _values(flow: FlowReading, listed: str, at: Place) -> tuple[str, ...] | None:
    problems = flow.reading.problems
    if listed.startswith("[") and listed.endswith("]"):
        words = tuple(word.strip() for word in listed[1:-1].split(","))
        for number, word in enumerate(words):
            if not _VALUE.fullmatch(word):
                problems.add(at, f"`{word}` cannot stand in a `for each`", "words of letters, digits and `_.+-`")
                return None
            if word in words[:number]:
                problems.add(at, f"`{word}` stands twice in the `for each`", "each once")
                return None
        return words
    organisation = flow.organisation
    known: dict[str, Iterable[str]] = {
        "departments": organisation.departments,
        "people": organisation.people,
        "numbers": organisation.numbers,
        "phones": organisation.phones,
        "languages": flow.reading.languages,
    }
    if listed not in known:
        expected = f"one of {', '.join(LISTS)}, or a list such as `[first, second]`"
        problems.add(at, f"there are no `{listed}` to repeat for", expected, got=listed, known=LISTS)
        return None
    return tuple(known[listed])


def _chosen(flow: FlowReading, table: Table, repetition: Repetition, what: str) -> Repetition | None:
    """Those of `only`, in the order they stand there, without those of `except`."""
    reading = flow.reading
    before = reading.problems.errors_added

    def words(key: str) -> tuple[str, ...] | None:
        node = table.get(key)
        if node is None:
            return None
        return reading.several(node, table.place, lambda item, at: reading.choice(item, at, what, repetition.values))

    only, exceptions = words(ONLY), words(EXCEPT) or ()
    chosen = [value for value in dict.fromkeys(repetition.values if only is None else only) if value not in exceptions]
    if reading.problems.errors_added > before:
        return None
    at = table.key_places[FOR_EACH]
    if not chosen:
        reading.problems.add(at, "repeats nothing", f"at least one {what}")
        return None
    if len(chosen) > MOST_COPIES:
        reading.problems.add(
            at, f"repeats {len(chosen)} times", f"at most {MOST_COPIES}; fewer by `only:` or `except:`"
        )
        return None
    return Repetition(repetition.variable, tuple(chosen), at)


def repeated_steps(flow: FlowReading, steps: Table) -> dict[str, Repetition | None]:
    """The repetition of each step that has one, by the step's name; None where it can't be read."""
    return {
        name: read_repetition(flow, node)
        for name, node in steps.entries.items()
        if isinstance(node, Table) and is_repeated(node)
    }


def offered_keys(flow: FlowReading, node: Node | None, *, leads: bool) -> tuple[Offered, ...]:
    """The keys that ranges of a menu's `keys` make: `1-9: {for each: department in departments, next: to}`.

    Each value has its key, counted from the range's first. `leads`: does a key lead to a step, by `next`?
    """
    found: list[Offered] = []
    for key, entry in node.entries.items() if isinstance(node, Table) else ():
        if isinstance(node, Table) and (bounds := RANGE.fullmatch(key)):
            found += _range(flow, bounds, entry, node.key_places[key], leads=leads)
    return tuple(found)


def _range(flow: FlowReading, bounds: re.Match[str], entry: Node, place: Place, *, leads: bool) -> Iterator[Offered]:
    problems, written = flow.reading.problems, bounds.group()
    first, last = int(bounds.group(1)), int(bounds.group(2))
    example = "department in departments, next: to" if leads else "language in languages"
    if not isinstance(entry, Table) or not is_repeated(entry):
        text = f"keys `{written}` don't say what they are repeated for"
        problems.add(entry.place, text, f"`{written}: {{for each: {example}}}`")
        return
    needed = (FOR_EACH, "next") if leads else (FOR_EACH,)
    flow.reading.keys(entry, "a range of keys", needed=needed, allowed=(EXCEPT, ONLY))
    if not 1 <= first <= last:
        problems.add(place, f"`{written}` are no keys", "keys from 1 to 9, the lower one first, such as `1-9`")
        return
    repetition = read_repetition(flow, entry)
    if repetition is None:
        return
    count, room = len(repetition.values), last - first + 1
    if count > room:
        wider = f"`{first}-{first + count - 1}`, or " if first + count <= 10 else ""
        text = f"{count} keys are needed, and `{written}` are {room}"
        problems.add(place, text, f"{wider}fewer of them by `except:` or `only:`, the others in a menu of their own")
        return
    for copy, key in zip(copies(flow, repetition), range(first, last + 1), strict=False):
        yield Offered(str(key), repetition.variable, copy.value, entry.get("next"), copy.flow, place)


def said_copies(flow: FlowReading, entry: Table) -> Iterator[Copy]:
    """The copies of something said: for each value, or with `for each: key` for each key the step repeats."""
    reading = flow.reading
    reading.keys(entry, "what is said for each", needed=(FOR_EACH, "say"), allowed=(EXCEPT, ONLY))
    node = entry.get(FOR_EACH)
    if not (isinstance(node, Scalar) and node.text == KEY):
        repetition = read_repetition(flow, entry)
        yield from copies(flow, repetition) if repetition else ()
        return
    for key in (EXCEPT, ONLY):
        if key in entry.entries:
            reading.problems.add(entry.key_places[key], f"`{key}` cannot be said here", f"`{key}:` with the keys")
    if flow.offered is None:
        return  # told with the keys
    if not flow.offered:
        expected = "a range such as `1-9: {for each: department in departments, next: to}`"
        reading.problems.add(node.place, "no key of this step is repeated", expected)
    for place, offered in enumerate(flow.offered, 1):
        with reading.problems.holding({offered.variable: offered.value}):
            yield _copy(flow, offered.variable, offered.value, place, offered.key)


def copy_name(step: str, value: str) -> str:
    """How the copy of a step for a value is called."""
    return f"{step}({value})"


def repeated_names(step: str, values: Sequence[str]) -> tuple[str, ...]:
    """All copies of a step."""
    return tuple(copy_name(step, value) for value in values)
