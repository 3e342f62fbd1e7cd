"""`include:` at the top of a file: tables of other files of the folder, as if they stood there.

    include: [shared/closing.yaml]

Sections (`steps` of a flow, `people` of people.yaml) are put together entry by entry; nothing may be defined twice.
Every word keeps its own file and line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from switchboard.flows.source import Listing, Node, Place, Problems, Scalar, Table, kind_of, read_yaml

INCLUDE = "include"
FLOWS = "flows"
SECTIONS_OF_A_FLOW = ("parameters", "variables", "steps")
SECTIONS = {  # of each file: tables whose entries may come from several files; everything else is in one of them
    "organisation.yaml": ("numbers", "trunks", "outbound", "client_classes", "lookups", "webhooks"),
    "people.yaml": ("phones", "departments", "people"),
    "hours.yaml": (),
    "facts.yaml": (),
    "rota.yaml": (),
    "screening.yaml": (),
    "appointments.yaml": ("resources", "event_types"),
}
OPTIONAL = ("rota.yaml", "screening.yaml", "appointments.yaml")
MOST_INCLUDED = 100  # files in one
_EXPECTED = "a file of this folder such as `shared/closing.yaml`"


@dataclass(slots=True)
class Including:
    """Reads the files of a configuration folder with all that they include."""

    folder: Path
    problems: Problems
    _tables: dict[Path, Table] = field(default_factory=dict)  # as written, each file read once

    def read(self, name: str) -> Table:
        """The table of a file, by its path in the folder. An empty one, and problems, if it cannot be read;
        an empty one if it may be left out and is."""
        if name in OPTIONAL and not (self.folder / name).exists():
            return Table(Place(shown(self.folder / name), 1, 1), {}, {})
        written = self._written(self.folder / name)
        whole = Table(written.place, {}, {})
        sections = SECTIONS.get(name, SECTIONS_OF_A_FLOW)
        self._merge(whole, written, sections, (name,), {(self.folder / name).resolve()})
        return whole

    def _written(self, path: Path) -> Table:
        if path not in self._tables:
            self._tables[path] = read_yaml(path, shown(path), self.problems)
        return self._tables[path]

    def _merge(
        self, whole: Table, part: Table, sections: Collection[str], way: tuple[str, ...], done: set[Path]
    ) -> None:
        for key, node in part.entries.items():
            if key == INCLUDE:
                continue
            known, place = whole.entries.get(key), part.key_places[key]
            if known is None:
                whole.key_places[key] = place
                is_section = key in sections and isinstance(node, Table)
                whole.entries[key] = Table(node.place, {}, {}) if is_section else node
                known = whole.entries[key]
            elif not (key in sections and isinstance(known, Table) and isinstance(node, Table)):
                self._twice(key, place, whole.key_places[key])
            if key in sections and isinstance(known, Table) and isinstance(node, Table):
                self._add_entries(known, node)
        for name, place in self._included(part):
            path = self._path(name, place, way)
            if path is None or path in done:
                continue
            if len(done) >= MOST_INCLUDED:
                self.problems.add(place, "includes too many files", f"at most {MOST_INCLUDED}")
                return
            done.add(path)
            self._merge(whole, self._written(self.folder / name), sections, (*way, name), done)

    def _add_entries(self, section: Table, part: Table) -> None:
        for key, node in part.entries.items():
            if key in section.entries:
                self._twice(key, part.key_places[key], section.key_places[key])
                continue
            section.entries[key] = node
            section.key_places[key] = part.key_places[key]

    def _twice(self, key: str, place: Place, first: Place) -> None:
        self.problems.add(place, f"`{key}` stands twice, first at {first}", "it in one of the files")

    def _included(self, part: Table) -> Iterator[tuple[str, Place]]:
        node: Node | None = part.get(INCLUDE)
        if node is None:
            return
        for item in node.items if isinstance(node, Listing) else (node,):
            if isinstance(item, Scalar) and not item.is_empty:
                yield str(PurePosixPath(item.text)), item.place
            else:
                self.problems.add(item.place, f"include is {kind_of(item)}", _EXPECTED)

    def _path(self, name: str, place: Place, way: tuple[str, ...]) -> Path | None:
        """The file of an `include:`, links resolved; None with a problem if it may not be included."""
        if name in way:
            circle = " → ".join([*way[way.index(name) :], name])
            self.problems.add(place, f"files include each other in a circle: {circle}", "one that does not lead back")
            return None
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or not name.isprintable() or "\\" in name:
            self.problems.add(place, f"`{name}` does not lie in this folder", _EXPECTED)
            return None
        if not name.endswith(".yaml"):
            self.problems.add(place, f"`{name}` is not read", "a name that ends in `.yaml`")
            return None
        if name in SECTIONS or (len(parts) == 2 and parts[0] == FLOWS):
            what = "a flow of its own" if parts[0] == FLOWS else "read anyway"
            self.problems.add(place, f"`{name}` is {what}", "a file that stands elsewhere, such as in flows/shared/")
            return None
        return self._resolved(name, place)

    def _resolved(self, name: str, place: Place) -> Path | None:
        try:
            path = (self.folder / name).resolve()
            is_there = path.is_file()
        except (OSError, ValueError, RuntimeError):  # too long a name, links in a circle
            path, is_there = self.folder, False
        if not is_there:
            known = [str(found) for found in self._pieces()]
            self.problems.add(place, f"no file `{name}`", _EXPECTED, got=name, known=known)
            return None
        if not path.is_relative_to(self.folder.resolve()):
            self.problems.add(place, f"`{name}` is a link that leads out of this folder", "the file itself")
            return None
        return path

    def _pieces(self) -> Iterator[PurePosixPath]:
        """Files that can be included."""
        for path in sorted(self.folder.rglob("*.yaml")):
            name = PurePosixPath(path.relative_to(self.folder).as_posix())
            if str(name) not in SECTIONS and (len(name.parts) != 2 or name.parts[0] != FLOWS):
                yield name


def shown(path: Path) -> str:
    """How a file is called in problems: as one would type it from here."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
