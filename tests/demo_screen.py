"""How the demo is shown: three columns that grow in a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

STYLES = {"Kadri": "bold cyan", "Reception": "bold magenta"}
_RECOGNISED_WITHIN = 3.0  # seconds after which what was heard is written down
_FRAME = 7  # lines of the terminal that are not the columns'
_RECORD = (
    ("number", "dialled"),
    ("caller_name", "caller"),
    ("caller_number", ""),
    ("state", "state"),
    ("language", "language"),
    ("last_step", "last step"),
    ("answered_name", "talked to"),
    ("talk_seconds", "for"),
    ("disposition", "came to"),
    ("ended_by", "ended by"),
    ("hangup_cause", "cause"),
)


@dataclass
class PhoneLine:
    """Something a person did or heard."""

    at: float  # seconds since dialling
    who: str
    does: str  # "dials", "hears", …
    what: str = ""
    is_done: bool = False  # nothing will be added to `what`


@dataclass
class StepLine:
    """Something the ledger tells."""

    at: float
    what: str
    why: str = ""


@dataclass
class Shown:
    """All that there is to see."""

    title: str
    phones: list[PhoneLine] = field(default_factory=list)
    steps: list[StepLine] = field(default_factory=list)
    record: Mapping[str, Any] | None = None
    now: float = 0.0  # seconds since dialling


class Screen(Protocol):
    """Shows it."""

    def update(self, shown: Shown) -> None:
        """Something is new or told more exactly."""

    def close(self, shown: Shown) -> None:
        """That was all."""


def screen_for(console: Console) -> Screen:
    """Columns in a terminal, lines in a pipe or file."""
    return Columns(console) if console.is_terminal else Lines(console)


class Columns:
    """Three columns side by side; while they grow, what no longer fits the terminal scrolls out at the top."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def update(self, shown: Shown) -> None:
        height = max(8, self._console.height - _FRAME)
        self._live.update(_table(shown, height), refresh=True)

    def close(self, shown: Shown) -> None:
        self._live.stop()
        self._console.print(_table(shown, None))


class Lines:
    """One line each, as they come."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed: set[tuple[float, str, str]] = set()

    def update(self, shown: Shown) -> None:
        """In the order of what happened: a line waits for those before it that are not known to their end yet."""
        unsure = min((line.at for line in shown.phones if not line.is_done), default=shown.now - _RECOGNISED_WITHIN)
        self._print_before(shown, min(unsure, shown.now - _RECOGNISED_WITHIN))

    def close(self, shown: Shown) -> None:
        self._print_before(shown, shown.now + 1.0)
        self._console.print("\nThe record:")
        for label, value in _facts(shown.record):
            self._console.print(f"  {label:<10} {value}", highlight=False)

    def _print_before(self, shown: Shown, limit: float) -> None:
        lines = [(line.at, line.who, f"{line.does} {line.what}".strip()) for line in shown.phones]
        lines += [(step.at, "switchboard", f"{step.what}: {step.why}".removesuffix(": ")) for step in shown.steps]
        for line in sorted(lines):
            if line[0] < limit and line not in self._printed:
                self._printed.add(line)
                self._print(*line)

    def _print(self, at: float, who: str, text: str) -> None:
        self._console.print(f"{at:6.2f}  {who:<12} {text}", highlight=False, soft_wrap=True, markup=False)


class _Tail:
    """The last lines of something."""

    def __init__(self, inner: RenderableType, height: int) -> None:
        self._inner, self._height = inner, height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self._inner, options.update(height=None))[-self._height :]:
            yield from line
            yield Segment.line()


def _table(shown: Shown, height: int | None) -> RenderableType:
    columns: list[RenderableType] = [_phones(shown.phones), _steps(shown.steps), _record(shown.record)]
    if height is not None:
        columns = [_Tail(column, height) for column in columns]
    table = Table(box=box.ROUNDED, expand=True, title=shown.title, title_style="bold", header_style="bold")
    table.add_column("The phones", ratio=37)
    table.add_column("The switchboard", ratio=34)
    table.add_column("The record", ratio=27)
    table.add_row(*columns)
    return table


def _phones(lines: list[PhoneLine]) -> RenderableType:
    grid = _timed()
    who = ""
    for line in sorted(lines, key=lambda each: each.at):
        if line.who != who:
            who = line.who
            grid.add_row("", Text(who, STYLES.get(who, "bold")))
        style = "green" if line.does == "hears" else "default"
        grid.add_row(Text(f"{line.at:.1f}", "dim"), Text.assemble((f"{line.does} ", "dim"), (line.what, style)))
    return grid


def _steps(lines: list[StepLine]) -> RenderableType:
    grid = _timed()
    for line in lines:
        what, _, place = line.what.partition(" (flows/")
        text = Text(what)
        if line.why:
            text.append(f"\n{line.why}", "cyan")
        if place:
            text.append(f"\nflows/{place.removesuffix(')')}", "dim")
        grid.add_row(Text(f"{line.at:.1f}", "dim"), text)
    return grid


def _record(row: Mapping[str, Any] | None) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in _facts(row):
        grid.add_row(label, Text(value, "bold"))
    return Group(grid)


def _timed() -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _facts(row: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if row is None:
        return []
    facts = [("id", str(row["id"])[:13])]
    for column, label in _RECORD:
        value = row[column]
        if value not in (None, "", 0.0):
            facts.append((label, f"{value:.1f} s" if column == "talk_seconds" else str(value)))
    if row["ended_at"]:
        facts.append(("lasted", f"{(row['ended_at'] - row['started_at']).total_seconds():.1f} s"))
    return facts
