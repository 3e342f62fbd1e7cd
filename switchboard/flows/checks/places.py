"""Where in the files a thing stands that is known by its id only: opening hours, a fact, a prompt, a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from switchboard.flows.problems import Place

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Places:
    """The places of ids in the files of a configuration."""

    lines: Mapping[str, list[str]]  # of each file
    _trees: dict[str, yaml.Node | None] = field(default_factory=dict)

    def of(self, file: str, *path: str) -> Place:
        """Of the entry that these keys lead to in the file of this name; as near as can be told."""
        name = self._name(file)
        node, place = self._tree(name), Place(name, 1, 1)
        for key in path:
            if not isinstance(node, yaml.MappingNode):
                break
            found = next(((known, value) for known, value in node.value if known.value == key), None)
            if found is None:
                break
            mark = found[0].start_mark
            node, place = found[1], Place(name, mark.line + 1, mark.column + 1)
        return place

    def _name(self, file: str) -> str:
        return next((name for name in self.lines if name == file or name.endswith(f"/{file}")), file)

    def _tree(self, name: str) -> yaml.Node | None:
        if name not in self._trees:
            text = "\n".join(self.lines.get(name, []))
            self._trees[name] = yaml.compose(text, _Loader) if text.strip() else None
        return self._trees[name]
