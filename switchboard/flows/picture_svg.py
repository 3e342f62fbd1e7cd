"""Pages as SVG, black on white, in the size of paper: A4 upright or across, whichever leaves the writing larger."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from switchboard.flows.picture import BoxKind, Page, with_references
from switchboard.flows.picture_layout import (
    GIST_SIZE,
    LABEL_SIZE,
    LINE,
    NAME_SIZE,
    PADDING,
    Layout,
    PlacedArrow,
    PlacedBox,
    has_room_for_type,
    lay_out,
    measure,
)

FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
A4 = (595.28, 841.89)  # points: 210 mm x 297 mm
MARGIN = 28.0
TITLE, FOOT = 44.0, 18.0  # heights
COMFORTABLE = 0.7  # of the sizes written; below, references take the place of arrows
SMALLEST = 0.6  # below, the page is of larger paper: 5 points is what one still reads
GREY = "#9a9a9a"
BAR = 4.0  # width of the bar that marks people
BETWEEN_PAGES = 20.0
PAPERS = ("A4", "A3", "A2", "A1", "A0")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page drawn on its paper."""

    title: str
    paper: str
    width: float
    height: float
    content: str  # SVG elements


def draw(pages: Sequence[Page], note: str = "") -> list[Sheet]:
    """Each page on a sheet of its own. `note` stands at the foot of each."""
    return [_sheet(page, f"{number}/{len(pages)}", note) for number, page in enumerate(pages, 1)]


def as_document(sheets: Sequence[Sheet]) -> str:
    """One SVG file: the sheets one below the other, each in the size of its paper."""
    width = max((sheet.width for sheet in sheets), default=A4[0])
    height = sum(sheet.height for sheet in sheets) + BETWEEN_PAGES * max(0, len(sheets) - 1)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_mm(width)}mm" height="{_mm(height)}mm" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{FONT}">',
        f"<title>{_text('; '.join(sheet.title for sheet in sheets))}</title>",
        f'<rect width="{width:g}" height="{height:g}" fill="white"/>',
    ]
    top = 0.0
    for sheet in sheets:
        lines.append(f'<g transform="translate(0 {top:g})">\n{sheet.content}\n</g>')
        top += sheet.height + BETWEEN_PAGES
    return "\n".join([*lines, "</svg>", ""])


def _sheet(page: Page, number: str, note: str) -> Sheet:
    fit = _best_fit(page, "A4")
    if fit.scale < COMFORTABLE:
        fit = max(_best_fit(with_references(page), "A4"), fit, key=lambda each: round(each.scale, 1))
    for paper in PAPERS[1:]:
        if fit.scale >= SMALLEST:
            break
        fit = _best_fit(with_references(page), paper)
    layout, scale, width, height = fit.layout, fit.scale, fit.width, fit.height
    left = MARGIN + (width - 2 * MARGIN - layout.width * scale) / 2
    # Titles on larger paper are larger, too: they are read from farther away.
    lines = [
        f'<rect width="{width:g}" height="{height:g}" fill="white"/>',
        _written(page.title, MARGIN, MARGIN + 12, 15, width - 2 * MARGIN, weight="bold"),
        _written(page.subtitle, MARGIN, MARGIN + 27, 9, width - 2 * MARGIN),
        f'<g transform="translate({left:.1f} {MARGIN + TITLE:g}) scale({scale:g})">',
        *_drawn(layout),
        "</g>",
        _written(note, MARGIN, height - MARGIN + 6, 7.5, width - 2 * MARGIN - 40),
        _written(number, width - MARGIN - 24, height - MARGIN + 6, 7.5, 40),
    ]
    return Sheet(page.title, fit.paper, width, height, "\n".join(lines))


@dataclass(frozen=True, slots=True)
class _Fit:
    """A layout on a paper."""

    layout: Layout
    scale: float
    paper: str
    width: float
    height: float


def _best_fit(page: Page, paper: str) -> _Fit:
    """Upright or across, from top to bottom or from left to right: as it can be drawn largest."""
    growth = 2 ** (PAPERS.index(paper) / 2)
    fits = []
    for sideways in (False, True):
        layout = lay_out(page, sideways=sideways)
        for width, height in ((A4[0] * growth, A4[1] * growth), (A4[1] * growth, A4[0] * growth)):
            wide = (width - 2 * MARGIN) / max(1.0, layout.width)
            high = (height - 2 * MARGIN - TITLE - FOOT) / max(1.0, layout.height)
            scale = round(min(1.0, wide, high), 2)
            fits.append(_Fit(layout, scale, paper, round(width, 2), round(height, 2)))
    return max(fits, key=lambda fit: fit.scale)


def _drawn(layout: Layout) -> Iterator[str]:
    for arrow in layout.arrows:
        yield from _arrow(arrow)
    for box in layout.boxes:
        yield from _box(box)
    for arrow in layout.arrows:  # above all lines
        yield from _label(arrow)


def _box(placed: PlacedBox) -> Iterator[str]:
    box = placed.box
    left, top = placed.x - placed.width / 2, placed.y - placed.height / 2
    if box.kind is BoxKind.REFERENCE:
        baseline = placed.y + NAME_SIZE * 0.35
        yield _written(placed.name, placed.x, baseline, NAME_SIZE, placed.width, anchor="middle", weight="bold")
        return
    yield f"<g><title>{_text(' '.join((box.type, box.name, *box.gist, box.place)))}</title>"
    yield _frame(box.kind, left, top, placed.width, placed.height)
    left += BAR * (box.kind is BoxKind.PERSON)
    inside = placed.width - 2 * PADDING - BAR * (box.kind is BoxKind.PERSON)
    baseline = top + PADDING + NAME_SIZE * 0.85
    yield _written(placed.name, left + PADDING, baseline, NAME_SIZE, inside, weight="bold")
    if has_room_for_type(box):
        right = left + PADDING + inside
        yield _written(box.type, right, baseline, GIST_SIZE, inside / 2, anchor="end", style="italic")
    for number, line in enumerate(placed.gist):
        y = top + PADDING + NAME_SIZE * LINE + (number + 0.85) * GIST_SIZE * LINE
        is_place = bool(box.place) and number == len(placed.gist) - 1
        yield _written(line, left + PADDING, y, GIST_SIZE - is_place, inside, fill="#555555" if is_place else "black")
    yield "</g>"


def _frame(kind: BoxKind, left: float, top: float, width: float, height: float) -> str:
    """Entries are dashed, ends round, questions thick, people barred, other flows double."""
    look = {
        BoxKind.ENTRY: 'rx="3" stroke-dasharray="4 2"',
        BoxKind.END: f'rx="{min(12.0, height / 2):g}" stroke-width="1.6"',
        BoxKind.QUESTION: 'stroke-width="2"',
        BoxKind.NET: 'rx="3" stroke-dasharray="1.5 1.5"',
    }.get(kind, "")
    size = f'x="{left:.1f}" y="{top:.1f}" width="{width:g}" height="{height:.1f}"'
    rect = f'<rect {size} fill="white" stroke="black" {look}/>'
    if kind is BoxKind.PERSON:
        rect += f'<rect x="{left:.1f}" y="{top:.1f}" width="{BAR:g}" height="{height:.1f}"/>'
    if kind is BoxKind.FLOW:
        inner = f'x="{left + 2.5:.1f}" y="{top + 2.5:.1f}" width="{width - 5:g}" height="{height - 5:.1f}"'
        rect += f'<rect {inner} fill="none" stroke="black" stroke-width="0.7"/>'
    return rect


def _arrow(placed: PlacedArrow) -> Iterator[str]:
    first, *rest = placed.points
    curves = " ".join(f"{x:g},{y:g}" for x, y in rest)
    is_unused = placed.arrow.total == 0
    colour = GREY if is_unused else "black"
    dashes = ' stroke-dasharray="3 2"' if placed.arrow.is_emergency else ""
    yield f'<path d="M{first[0]:g},{first[1]:g} C{curves}" fill="none" stroke="{colour}"{dashes}/>'
    yield f'<polygon points="{_head(placed)}" fill="{colour}"/>'


def _head(placed: PlacedArrow) -> str:
    (x, y), (tip_x, tip_y) = placed.points[-1], placed.tip
    length = max(0.1, ((tip_x - x) ** 2 + (tip_y - y) ** 2) ** 0.5)
    side_x, side_y = -(tip_y - y) / length * 3, (tip_x - x) / length * 3
    corners = ((tip_x, tip_y), (x + side_x, y + side_y), (x - side_x, y - side_y))
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)


def _label(placed: PlacedArrow) -> Iterator[str]:
    if not placed.label:
        return
    x, middle = placed.label_at
    height = len(placed.label) * LABEL_SIZE * LINE
    width = max(measure(line, LABEL_SIZE) for line in placed.label) + 3
    top = middle - height / 2
    background = f'x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    yield f'<rect {background} fill="white" fill-opacity="0.85"/>'
    for number, line in enumerate(placed.label):
        fill = GREY if _is_unused(placed, line) else "black"
        y = top + (number + 0.8) * LABEL_SIZE * LINE
        yield _written(line, x, y, LABEL_SIZE, width, anchor="middle", fill=fill)


def _is_unused(placed: PlacedArrow, line: str) -> bool:
    return placed.arrow.total == 0 or (placed.arrow.total is not None and line.endswith(": 0"))


def _written(
    text: str,
    x: float,
    y: float,
    size: float,
    room: float,
    *,
    weight: str = "",
    style: str = "",
    anchor: str = "",
    fill: str = "",
) -> str:
    """A line of text that keeps within its room whatever the font is."""
    attributes = [f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"']
    told = {"font-weight": weight, "font-style": style, "text-anchor": anchor, "fill": fill}
    attributes += [f"{name}={quoteattr(value)}" for name, value in told.items() if value and value != "black"]
    if (wide := measure(text, size)) > 0.8 * room:
        attributes.append(f'textLength="{min(wide, room):.1f}" lengthAdjust="spacingAndGlyphs"')
    return f"<text {' '.join(attributes)}>{_text(text)}</text>" if text else ""


def _text(text: str) -> str:
    """Escaped, and without what XML cannot carry or what would reorder the line."""
    return escape("".join(map(_shown, text)))


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if character in "\n\t":
        return " "
    return "�" if category in ("Cc", "Cf", "Cs", "Cn") or ord(character) in (0xFFFE, 0xFFFF) else character


def _mm(points: float) -> str:
    return f"{points * 25.4 / 72:.1f}"


def papers(sheets: Iterable[Sheet]) -> str:
    """`A4`, or what else is needed to print them: `A4, A3`."""
    return ", ".join(paper for paper in PAPERS if any(sheet.paper == paper for sheet in sheets))
