"""YAML that remembers where each word stands.

Scalars stay the text that was typed: what it means is decided by who reads it, so `on:`, `no`, `12:30` and `0100` are
never turned into a truth value, a number of minutes or an octal number behind the administrator's back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from switchboard.flows.problems import Place as Place
from switchboard.flows.problems import Problem as Problem
from switchboard.flows.problems import Problems as Problems
from switchboard.flows.problems import Severity as Severity

LARGEST_FILE = 1_000_000  # bytes
MOST_NODES = 50_000  # a file's values after aliases are written out


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
        documents = list(yaml.compose_all(text, yaml.SafeLoader))
        nodes = [_Reader(name, problems).read(document) for document in documents if document is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(name, mark.line + 1, mark.column + 1) if mark else beginning
        said = "; ".join(part for part in (error.context, error.problem) if part)
        problems.add(place, f"is not valid YAML: {said}", hint_of(said))
        return empty
    except yaml.YAMLError as error:
        problems.add(beginning, f"is not valid YAML: {' '.join(str(error).split())}")
        return empty
    except RecursionError:
        problems.add(beginning, "is nested too deeply", "fewer levels")
        return empty
    except _TooManyNodesError as error:
        problems.add(error.place, "has too many values once its aliases are written out", f"at most {MOST_NODES}")
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


class _TooManyNodesError(Exception):
    """Aliases multiply beyond reason."""

    def __init__(self, place: Place) -> None:
        super().__init__(str(place))
        self.place = place


class _Reader:
    """Turns PyYAML's nodes into ours, aliases written out."""

    def __init__(self, file: str, problems: Problems) -> None:
        self.file = file
        self.problems = problems
        self.seen = 0
        self.open: set[int] = set()  # nodes being read, to notice one inside itself

    def read(self, node: yaml.Node) -> Node:
        place = self.place_of(node)
        self.seen += 1
        if self.seen > MOST_NODES:
            raise _TooManyNodesError(place)
        if id(node) in self.open:
            self.problems.add(place, "an anchor holds itself", "an alias to something already complete")
            return Scalar(place, "", True)
        if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
            self.problems.add(place, f"the tag `{_shortened(node.tag)}` means nothing here", "a plain value")
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.ScalarNode):
                return Scalar(place, node.value, node.style is None)
            if isinstance(node, yaml.SequenceNode):
                return Listing(place, tuple(self.read(item) for item in node.value))
            return self.table(place, node)
        finally:
            self.open.discard(id(node))

    def table(self, place: Place, node: yaml.Node) -> Table:
        table = Table(place, {}, {})
        for key_node, value_node in node.value:
            key_place = self.place_of(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.add(key_place, "a key is a list or a table", "a word")
                continue
            key = key_node.value
            if key == "<<":
                self.problems.add(key_place, "`<<` is not known here", "the lines themselves")
                continue
            if key in table.entries:
                first = table.key_places[key].line
                self.problems.add(key_place, f"`{key}` stands twice, first on line {first}", "each key once")
                continue
            table.entries[key] = self.read(value_node)
            table.key_places[key] = key_place
        return table

    def place_of(self, node: yaml.Node) -> Place:
        mark = node.start_mark
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
