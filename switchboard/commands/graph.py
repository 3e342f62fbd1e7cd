"""`switchboard graph`: the flows as a picture to print, with last month's callers where records exist."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchboard.flows.configuration import Configuration
    from switchboard.flows.picture import Callers, Page
    from switchboard.flows.picture_svg import Sheet

LEGEND = (
    "Dashed box: callers come from there. Thick: asks for a key. Black bar: rings a person. Double: another flow. "
    "Round: the end."
)
STANDARD_OUTPUT = Path("-")
WRONG_ARGUMENTS = 2  # exit status


def register(app: typer.Typer) -> None:
    app.command("graph")(graph)


def graph(
    ivr: Annotated[Path | None, typer.Argument(help="The folder to draw; default: that of the setting `ivr`.")] = None,
    flow: Annotated[str, typer.Option(help="Only this flow; `department` or `department(department=sales)`.")] = "",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write; a folder for a file per page; `-` prints.")
    ] = Path("flows.svg"),
    since: Annotated[str, typer.Option(help="Count the callers of the last 30d, 8h, 2w…")] = "30d",
    records: Annotated[bool, typer.Option("--records/--no-records", help="Count callers at all.")] = True,
    prompts: Annotated[Path | None, typer.Option(help="The prompts' folder; default: the one beside IVR.")] = None,
) -> None:
    """Draw the flows as SVG: numbers with their safety nets, steps, keys and outcomes, a page for each flow.

    With records at hand, each arrow has the number of callers who went that way; ways that nobody took are grey.
    """
    from switchboard.commands.draft import load_draft
    from switchboard.flows.picture_svg import draw, papers

    configuration = load_draft(ivr, prompts)
    callers = _count(since) if records else None
    note = f"{LEGEND} Numbers at arrows: callers {callers.since}; grey: nobody." if callers else LEGEND
    sheets = draw(_pages(configuration, flow, callers), note)
    written = write(sheets, output)
    if written:
        pages = f"{len(sheets)} page{'s' if len(sheets) > 1 else ''}"
        print(f"{written}: {pages} of {papers(sheets)}, {callers.since if callers else 'callers not counted'}")


def write(sheets: Sequence[Sheet], output: Path) -> str:
    """Write the sheets into one file, or into a folder with a file each; returns where, "" if printed."""
    from switchboard.errors import SetupError
    from switchboard.flows.picture_svg import as_document

    try:
        if output == STANDARD_OUTPUT:
            sys.stdout.write(as_document(sheets))
            return ""
        if output.suffix.lower() == ".svg" and not output.is_dir():
            output.write_text(as_document(sheets), "utf-8")
            return str(output)
        output.mkdir(parents=True, exist_ok=True)
        for number, sheet in enumerate(sheets, 1):
            (output / f"{number:02}-{_file_name(sheet.title)}.svg").write_text(as_document([sheet]), "utf-8")
    except OSError as error:
        raise SetupError(f"-o: cannot write {output}: {error.strerror}") from error
    return str(output)


def _file_name(title: str) -> str:
    words = "".join(each if each.isascii() and each.isalnum() else " " for each in title.rpartition(": ")[2]).split()
    return "-".join(words)[:60] or "page"


def _pages(configuration: Configuration, flow: str, callers: Callers | None) -> list[Page]:
    import difflib

    from switchboard.flows.picture import pages

    try:
        return pages(configuration, flow=flow, callers=callers)
    except KeyError:
        known = sorted({name.partition("(")[0] for name in configuration.flows})
        near = difflib.get_close_matches(flow, known, n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        print(f"switchboard graph: --flow {flow}: no such flow — expected {', '.join(known)}{hint}", file=sys.stderr)
        raise typer.Exit(WRONG_ARGUMENTS) from None


def _count(since: str) -> Callers | None:
    """The callers of the last time; None, and a line that says why, where there are no records."""
    import asyncio
    from datetime import UTC, datetime

    from switchboard.commands.calls import database_url, period
    from switchboard.errors import RecordsUnreachable
    from switchboard.flows.picture import Callers
    from switchboard.postgres.edges import taken_edges

    length = period(since)
    try:
        taken = asyncio.run(taken_edges(database_url(), datetime.now(UTC) - length))
    except RecordsUnreachable as error:
        print(f"switchboard graph: callers are not counted: {error}", file=sys.stderr)
        return None
    if not taken.by_number:
        print(f"switchboard graph: no calls are recorded of the last {since}", file=sys.stderr)
        return None
    return Callers(f"of the last {since}", taken.by_outcome, taken.by_number)
