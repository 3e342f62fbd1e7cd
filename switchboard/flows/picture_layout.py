"""Where boxes and arrows stand on paper: sizes by the length of the texts, places by Graphviz's `dot`.

Graphviz (in pygraphviz's wheel) is told sizes only, never a text, so that fonts of the machine change nothing: the same
page is laid out the same everywhere. Lengths are points, 1/72 inch; y grows downward.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from switchboard.flows.picture import Arrow, Box, BoxKind, Page

BOX_WIDTH = 120.0
PADDING = 6.0
NAME_SIZE, GIST_SIZE, LABEL_SIZE = 9.5, 8.0, 8.0
LINE = 1.25  # of the font's size
BOLD = 1.1  # how much wider
LABEL_WIDTH = 66.0
MOST_LINES, MOST_LABEL_LINES = 4, 8
MOST_PLACED_LABELS = 150  # arrows; more take `dot` too long, and their labels stand in the middle of the arrows

# Widths of Helvetica's letters in thousandths of the font's size (Adobe's AFM); others are as wide as an `o` or an `O`.
_NARROW = dict.fromkeys("iIjl|.,:;'`!/\\ft()[]{}-· ", 300) | dict.fromkeys("mwMW@—…→", 880) | {"1": 556}
_SMALL, _LARGE, _FULL, _NONE = 556, 700, 1000, 0


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box in its place: middle, width, height, and its gist in lines."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    name: str
    gist: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlacedArrow:
    """An arrow: a curve of Bézier points, the tip, and its label's lines with their middle."""

    arrow: Arrow
    points: tuple[tuple[float, float], ...]
    tip: tuple[float, float]
    label: tuple[str, ...]
    label_at: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """A page laid out."""

    width: float
    height: float
    boxes: tuple[PlacedBox, ...]
    arrows: tuple[PlacedArrow, ...]


def lay_out(page: Page, *, sideways: bool) -> Layout:
    """Place everything, from top to bottom, or `sideways` from left to right."""
    import pygraphviz

    graph = pygraphviz.AGraph(directed=True, strict=False)
    graph.graph_attr.update(rankdir="LR" if sideways else "TB", nodesep="0.2", ranksep="0.26", splines="true")
    graph.node_attr.update(shape="box", fixedsize="true", label="")
    texts = {box.id: (_name(box), _gist(box)) for box in page.boxes}
    names = {box.id: f"n{number}" for number, box in enumerate(page.boxes)}
    for box in page.boxes:
        width, height = _size(box, texts[box.id][1])
        graph.add_node(names[box.id], width=width / 72, height=height / 72)
    labels = [label_lines(arrow) for arrow in page.arrows]
    for number, arrow in enumerate(page.arrows):
        size = _label_size(labels[number])
        is_placed = labels[number] and len(labels) <= MOST_PLACED_LABELS
        attributes = {"label": _blank(*size)} if is_placed else {}
        graph.add_edge(names[arrow.tail], names[arrow.head], key=str(number), comment=str(number), **attributes)
    laid = json.loads(graph.draw(format="json0", prog="dot"))
    graph.close()
    return _read(page, laid, texts, labels)


def _read(
    page: Page,
    laid: Mapping[str, object],
    texts: Mapping[str, tuple[str, tuple[str, ...]]],
    labels: Sequence[tuple[str, ...]],
) -> Layout:
    _, _, width, height = _floats(str(laid["bb"]))

    def down(x: float, y: float) -> tuple[float, float]:
        return round(x, 1), round(height - y, 1)

    nodes: list[Mapping[str, str]] = laid["objects"]  # type: ignore[assignment]
    boxes = []
    for box, node in zip(page.boxes, nodes, strict=True):
        x, y = down(*_floats(node["pos"]))
        name, gist = texts[box.id]
        boxes.append(PlacedBox(box, x, y, *_size(box, gist), name, gist))
    edges: list[Mapping[str, str]] = laid.get("edges", [])  # type: ignore[assignment]
    arrows = []
    for edge in sorted(edges, key=lambda each: int(each["comment"])):
        number = int(edge["comment"])
        tip, *points = [down(*_floats(each.removeprefix("e,"))) for each in _tip_first(edge["pos"].split())]
        at = down(*_floats(edge["lp"])) if "lp" in edge else _middle(points)
        arrows.append(PlacedArrow(page.arrows[number], tuple(points), tip, labels[number], at))
    return Layout(width, height, tuple(boxes), tuple(arrows))


def _middle(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The point in the middle of a curve of cubic Béziers."""
    first = 3 * ((len(points) - 1) // 6)
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[first : first + 4]
    return round((ax + 3 * bx + 3 * cx + dx) / 8, 1), round((ay + 3 * by + 3 * cy + dy) / 8, 1)


def _tip_first(places: Sequence[str]) -> Iterable[str]:
    return sorted(places, key=lambda place: not place.startswith("e,"))


def _floats(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _blank(width: float, height: float) -> str:
    """A label of this size without a text in it."""
    sizes = f'fixedsize="true" width="{round(width)}" height="{round(height)}"'
    return f'<<table border="0" cellborder="0" cellpadding="0" cellspacing="0" {sizes}><tr><td></td></tr></table>>'


def _gist(box: Box) -> tuple[str, ...]:
    lines: list[str] = []
    for text in box.gist:
        lines += wrap(text, BOX_WIDTH - 2 * PADDING, GIST_SIZE)
    if len(lines) > MOST_LINES:
        last = cut(f"{lines[MOST_LINES - 1]} …", BOX_WIDTH - 2 * PADDING, GIST_SIZE)
        lines = [*lines[: MOST_LINES - 1], last]
    if box.type and not has_room_for_type(box):
        lines.insert(0, box.type)
    if box.place:
        lines.append(box.place)
    return tuple(lines)


def has_room_for_type(box: Box) -> bool:
    """Does the step's type stand beside its name? Else below it."""
    wide = measure(box.name, NAME_SIZE) * BOLD + measure(box.type, GIST_SIZE) + PADDING
    return wide <= BOX_WIDTH - 2 * PADDING


def _name(box: Box) -> str:
    return cut(box.name, (BOX_WIDTH - 2 * PADDING) / BOLD, NAME_SIZE)


def _size(box: Box, gist: Sequence[str]) -> tuple[float, float]:
    if box.kind is BoxKind.REFERENCE:
        return measure(_name(box), NAME_SIZE) * BOLD + 2 * PADDING, NAME_SIZE * LINE + 4
    return BOX_WIDTH, 2 * PADDING + NAME_SIZE * LINE + len(gist) * GIST_SIZE * LINE


def label_lines(arrow: Arrow) -> tuple[str, ...]:
    """An arrow's label: outcomes, each with its callers where they are counted."""
    if arrow.total is None:
        told = ", ".join(label for label in arrow.labels if label)
        lines = wrap(told, LABEL_WIDTH, LABEL_SIZE) if told else []
    else:
        lines = []
        for label, count in zip(arrow.labels, arrow.callers, strict=True):
            lines += wrap(f"{label}: {count}" if label else str(count), LABEL_WIDTH, LABEL_SIZE)
    if len(lines) > MOST_LABEL_LINES:
        lines = [*lines[: MOST_LABEL_LINES - 1], "…"]
    return tuple(lines)


def _label_size(lines: Sequence[str]) -> tuple[float, float]:
    width = max((measure(line, LABEL_SIZE) for line in lines), default=0.0)
    return width + 8, len(lines) * LABEL_SIZE * LINE + 4


def measure(text: str, size: float) -> float:
    """About how wide the text is, points; rather too wide than too narrow."""
    return sum(_width(character) for character in text) * size / 1000


def _width(character: str) -> int:
    if character in _NARROW:
        return _NARROW[character]
    if unicodedata.combining(character):
        return _NONE
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return _FULL
    return _LARGE if character.isupper() else _SMALL


def wrap(text: str, width: float, size: float) -> list[str]:
    """The text in lines of at most this width, broken between words; within a word only where one is too long."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if measure(longer, size) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        while measure(word, size) > width:
            fits = next(n for n in range(len(word), 0, -1) if n == 1 or measure(word[:n], size) <= width)
            lines.append(word[:fits])
            word = word[fits:]
        line = word
    return [*lines, line] if line else lines


def cut(text: str, width: float, size: float) -> str:
    """The text, its end replaced by … where it is too wide."""
    if measure(text, size) <= width:
        return text
    while text and measure(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"
