"""`switchboard calls`: the newest calls, and the story of one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from switchboard.domain.call_record import CallEvent

calls_app = typer.Typer(help="The record of every call.", no_args_is_help=False)

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def register(app: typer.Typer) -> None:
    app.add_typer(calls_app, name="calls")


@calls_app.callback(invoke_without_command=True)
def list_calls(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    since: Annotated[str, typer.Option(help="Only those of the last 30m, 8h, 1d, 2w…")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
) -> None:
    """List the newest calls, newest first."""
    if context.invoked_subcommand is not None:
        return
    import asyncio

    begin = datetime.now(UTC) - period(since) if since else None
    rows = asyncio.run(_newest(begin, limit))
    if as_json:
        print(_as_json(rows))
    else:
        _print_table(rows)


@calls_app.command("show")
def show(
    call_id: Annotated[str, typer.Argument(metavar="ID", help="The call's id, or as much of it as is unique.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Tell the story of one call: what happened, when and why."""
    import asyncio

    row, events = asyncio.run(_one(call_id))
    if as_json:
        told = [{"event_id": e.event_id, "at": e.at, "kind": e.kind, "data": e.data} for e in events]
        print(_as_json({"call": row, "events": told}))
    else:
        _print_story(row, events)


def period(text: str) -> timedelta:
    """The time that "30m", "8h", "1d" or "2w" means."""
    match = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip().lower())
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a time like 30m, 8h, 1d or 2w", param_hint="--since")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def printable(text: object) -> str:
    """The text with control and formatting characters shown as escapes, so that what a caller sends can neither move
    the cursor nor hide or reorder what stands beside it."""
    return "".join(
        repr(character)[1:-1] if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else character
        for character in str(text)
    )


def database_url() -> str:
    """Where the records are. Raises RecordsUnreachable if no database runs, or SettingsError."""
    from switchboard.machine.account import folders_of
    from switchboard.machine.running import database_url
    from switchboard.settings import load

    settings = load()
    return database_url(settings, folders_of(settings))


async def _newest(since: datetime | None, limit: int) -> Sequence[Mapping[str, Any]]:
    from switchboard.postgres.archive import PostgresArchive

    async with PostgresArchive(database_url()) as archive:
        return await archive.calls(since=since, limit=limit)


async def _one(prefix: str) -> tuple[Mapping[str, Any], Sequence[CallEvent]]:
    from switchboard.postgres.archive import PostgresArchive

    if not re.fullmatch(r"[0-9a-fA-F-]{1,36}", prefix):
        raise typer.BadParameter(f"{prefix!r} is no id of a call: hex digits and dashes", param_hint="ID")
    async with PostgresArchive(database_url()) as archive:
        found = await archive.ids_beginning(prefix)
        if len(found) > 1:
            raise typer.BadParameter(f"several calls begin with {prefix!r}: give more of the id", param_hint="ID")
        row = await archive.call(found[0]) if found else None
        if row is None:
            raise typer.BadParameter(f"no call begins with {prefix!r}", param_hint="ID")
        return row, await archive.story(found[0])


def _as_json(value: object) -> str:
    import orjson

    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not rows:
        console.print("No calls.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "started", "caller", "number", "lasted", "how", "with", "last step"):
        table.add_column(heading, no_wrap=heading in ("id", "started", "lasted"))
    for row in rows:
        cells = (
            short_id(row, rows),
            f"{row['started_at'].astimezone():%Y-%m-%d %H:%M:%S}",
            _caller(row),
            row["number"],
            _lasted(row),
            row["disposition"] or f"({row['state'] or 'unknown'})",
            row["answered_name"] or row["answered_extension"] or "",
            row["last_step"] or "",
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console.print(table)


def short_id(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """As much of the row's id as tells it from the others shown. Calls of one second share the first 12 digits."""
    others = [str(other["id"]) for other in rows if other["id"] != row["id"]]
    text = str(row["id"])
    for length in (13, 18, 23, 36):
        if not any(other.startswith(text[:length]) for other in others):
            return text[:length]
    return text


def _print_story(row: Mapping[str, Any], events: Sequence[CallEvent]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from switchboard.domain.call_story import story

    console = Console(highlight=False)
    console.print(Text(printable(f"{_caller(row) or 'withheld number'} called {row['number'] or '?'}"), "bold"))
    facts = [f"{row['started_at'].astimezone():%A %Y-%m-%d %H:%M:%S %Z}", _lasted(row)]
    facts.append(row["disposition"] or f"not ended ({row['state'] or 'unknown'})")
    if row["talk_seconds"]:
        facts.append(f"talked {row['talk_seconds']:.0f} s to {row['answered_name'] or row['answered_extension']}")
    if row["irregularities"]:
        facts.append("irregular: " + "; ".join(row["irregularities"]))
    console.print(Text(printable(", ".join(fact for fact in facts if fact))))
    console.print(Text(printable(f"id {row['id']}"), "dim"))
    console.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("time", "what", "why"):
        table.add_column(heading, no_wrap=heading == "time", overflow="fold")
    for line in story(events):
        local = line.at.astimezone()
        table.add_row(
            f"{local:%H:%M:%S}.{local.microsecond // 1000:03}", *map(Text, map(printable, (line.what, line.why)))
        )
    console.print(table)


def _caller(row: Mapping[str, Any]) -> str:
    name, number = row["caller_name"], row["caller_number"]
    return f"{name} <{number}>" if name and number else name or number


def _lasted(row: Mapping[str, Any]) -> str:
    if row["ended_at"] is None:
        return ""
    minutes, seconds = divmod(round((row["ended_at"] - row["started_at"]).total_seconds()), 60)
    return f"{minutes}:{seconds:02}"
