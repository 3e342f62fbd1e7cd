"""YAML that remembers where each word stands.

Scalars stay the text that was typed: what it means is decided by who reads it, so `on:`, `no`, `12:30` and `0100` are
never turned into a truth value, a number of minutes or an octal number behind the administrator's back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from switchboard.flows.problems import Place as Place
from switchboard.flows.problems import Problem as Problem
from switchboard.flows.problems import Problems as Problems
from switchboard.flows.problems import Severity as Severity

LARGEST_FILE = 1_000_000  # bytes
MOST_NODES = 50_000  # a file's values after aliases are written out
DEEPEST = 50  # levels

_FAST = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_PLAIN_TAGS = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One word or text, as typed. `is_plain` when without quotes."""

    place: Place
    text: str
    is_plain: bool

    @property
    def is_empty(self) -> bool:
        """Nothing was written: `key:` or `key: ~`."""
        return self.is_plain and self.text in ("", "~", "null")


@dataclass(frozen=True, slots=True)
class Listing:
    """A sequence."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, keys as typed, in the file's order."""

    place: Place
    entries: dict[str, Node]
    key_places: dict[str, Place]

    def get(self, key: str) -> Node | None:
        """The value of a key, None when absent."""
        return self.entries.get(key)


Node = Scalar | Listing | Table


def kind_of(node: Node) -> str:
    """What a node is, in an administrator's words."""
    if isinstance(node, Scalar):
        return "nothing" if node.is_empty else f"`{_shortened(node.text)}`"
    return "a list" if isinstance(node, Listing) else "a table of `key: value` lines"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:57] + "..."


def read_text(path: Path, name: str, problems: Problems) -> str:
    """The file's text; "" and a problem if it cannot be read. `name` is how the file is called in problems."""
    beginning = Place(name, 1, 1)
    try:
        content = path.read_bytes()
    except OSError as error:
        problems.add(beginning, f"cannot be read: {error.strerror or error}")
        return ""
    if len(content) > LARGEST_FILE:
        problems.add(beginning, f"is {len(content)} bytes long", f"at most {LARGEST_FILE}")
        return ""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problems.add(Place(name, line, 1), "is not UTF-8 text", "a file saved as UTF-8")
        return ""
    problems.lines[name] = text.splitlines()
    return text


def read_yaml(path: Path, name: str, problems: Problems) -> Table:
    """The file's table; an empty one, and problems, if it is not one. Never raises."""
    beginning = Place(name, 1, 1)
    empty = Table(beginning, {}, {})
    text = read_text(path, name, problems)
    if not text.strip():
        if name in problems.lines:
            problems.add(beginning, "is empty", "a table of `key: value` lines")
        return empty
    try:
        nodes = _documents(text, name, problems)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(name, mark.line + 1, mark.column + 1) if mark else beginning
        said = "; ".join(part for part in (error.context, error.problem) if part)
        problems.add(place, f"is not valid YAML: {said}", hint_of(said))
        return empty
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        problems.add(Place(name, line, 1), f"is not valid YAML: {' '.join(str(error).split())}")
        return empty
    except _UnreasonableError as error:
        problems.add(error.place, str(error), error.expected)
        return empty
    if len(nodes) != 1 or not isinstance(nodes[0], Table):
        place = nodes[1].place if len(nodes) > 1 else beginning
        problems.add(place, "holds something else", "one table of `key: value` lines")
        return empty
    return nodes[0]


def hint_of(said: str) -> str:
    """What the YAML library's words usually mean to somebody who writes texts."""
    if "\\t" in said or "tab" in said:
        return "spaces, not tabs, before the words of a line"
    if "mapping values are not allowed" in said:
        return 'a text with a colon to stand in quotes: "Hours: nine to five"'
    if "but got '['" in said:
        return 'a text with a bracket to stand in quotes: "floor in [first, second]"'
    if "could not find expected ':'" in said or "expected <block end>" in said:
        return "this line to stand exactly below its neighbours"
    return ""


class _UnreasonableError(Exception):
    """Nested or multiplied beyond reason."""

    def __init__(self, place: Place, text: str, expected: str) -> None:
        super().__init__(text)
        self.place = place
        self.expected = expected


def _documents(text: str, name: str, problems: Problems) -> list[Node]:
    """The file's documents. Raises yaml.YAMLError, _UnreasonableError.

    libyaml, compiled, is ten times as fast as PyYAML's own parser. That one has the better words for what is wrong, and
    takes `{return:}`, which libyaml does not.
    """
    reader = _Reader(name, yaml.parse(text, _FAST))
    try:
        nodes = list(reader.documents())
    except yaml.YAMLError:
        reader = _Reader(name, yaml.parse(text, yaml.SafeLoader))
        nodes = list(reader.documents())
    for place, told, expected in reader.notes:
        problems.add(place, told, expected)
    return nodes


class _Reader:
    """Turns YAML's events into nodes, aliases written out. Raises _UnreasonableError, and what the events raise."""

    def __init__(self, file: str, events: Iterator[yaml.Event]) -> None:
        self.file = file
        self.events = events
        self.notes: list[tuple[Place, str, str]] = []  # what is wrong in what YAML allows
        self.seen = 0  # nodes
        self.depth = 0
        self.anchors: dict[str, tuple[Node, int] | None] = {}  # a node and how many it holds; None while it is read

    def documents(self) -> Iterator[Node]:
        """Each document that holds anything."""
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors.clear()
                first = next(self.events)
                node = self.read(first)
                if not (isinstance(node, Scalar) and node.is_empty and not node.text):
                    yield node

    def read(self, event: Any) -> Node:
        """The node that begins with an event."""
        place = self.place_of(event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(str(event.anchor), place)
        before = self.seen
        self.count(1, place)
        if event.tag and event.tag != "!" and (not event.tag.startswith(_PLAIN_TAGS) or "python" in event.tag):
            self.note(place, f"the tag `{_shortened(event.tag)}` means nothing here", "a plain value")
        if event.anchor:
            if event.anchor in self.anchors:
                self.note(place, f"the anchor `&{_shortened(event.anchor)}` stands twice", "each anchor once")
            self.anchors[event.anchor] = None
        node = self.content(event, place)
        if event.anchor:
            self.anchors[event.anchor] = (node, self.seen - before)
        return node

    def content(self, event: Any, place: Place) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(place, event.value, not event.style)
        self.depth += 1
        if self.depth > DEEPEST:
            raise _UnreasonableError(place, "is nested too deeply", f"at most {DEEPEST} levels")
        if isinstance(event, yaml.SequenceStartEvent):
            node: Node = Listing(place, tuple(self.items(yaml.SequenceEndEvent)))
        else:
            node = self.table(place)
        self.depth -= 1
        return node

    def items(self, end: type[yaml.Event]) -> Iterator[Node]:
        while not isinstance(event := next(self.events), end):
            yield self.read(event)

    def table(self, place: Place) -> Table:
        table = Table(place, {}, {})
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key_place = self.place_of(event)
            key, value = self.read(event), self.read(next(self.events))
            if not isinstance(key, Scalar):
                self.note(key_place, "a key is a list or a table", "a word")
            elif key.text == "<<":
                self.note(key_place, "`<<` is not known here", "the lines themselves")
            elif key.text in table.entries:
                text = f"`{_shortened(key.text)}` stands twice, first on line {table.key_places[key.text].line}"
                self.note(key_place, text, "each key once")
            else:
                table.entries[key.text] = value
                table.key_places[key.text] = key_place
        return table

    def alias(self, anchor: str, place: Place) -> Node:
        if anchor not in self.anchors:
            self.note(place, f"nothing is marked `&{_shortened(anchor)}`", "an anchor that stands before")
            return Scalar(place, "", True)
        known = self.anchors[anchor]
        if known is None:
            self.note(place, "an anchor holds itself", "an alias to something already complete")
            return Scalar(place, "", True)
        node, size = known
        self.count(size, place)
        return node

    def note(self, place: Place, text: str, expected: str) -> None:
        self.notes.append((place, text, expected))

    def count(self, nodes: int, place: Place) -> None:
        self.seen += nodes
        if self.seen > MOST_NODES:
            text = "has too many values once its aliases are written out"
            raise _UnreasonableError(place, text, f"at most {MOST_NODES}")

    def place_of(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1)


def all_scalars(node: Node) -> Iterator[Scalar]:
    """Every scalar value below a node."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Listing):
        for item in node.items:
            yield from all_scalars(item)
    else:
        for value in node.entries.values():
            yield from all_scalars(value)
