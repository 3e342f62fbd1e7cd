"""`switchboard messages`: what callers left, who answers for it, and who heard it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from switchboard.postgres.messages import PostgresMessages

T = TypeVar("T")
messages_app = typer.Typer(help="Messages that callers left.", no_args_is_help=False)
_WHICH = typer.Argument(metavar="MESSAGE", help="A message's id, or how it begins.")
_AS = typer.Option("--as", help="Who does so; default: this machine's account.")
COLUMNS = (
    "id", "recorded_at", "kind", "caller_number", "caller_name", "client_code", "client_name", "person", "department",
    "owner", "state", "urgent", "call_back", "seconds", "language", "deadline", "escalated_at", "transcript",
    "transcript_confidence", "transcript_by", "call_id",
)  # fmt: skip
PARTS = ("body", "who", "about", "introduction")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would calculate


def register(app: typer.Typer) -> None:
    app.add_typer(messages_app, name="messages")


@messages_app.callback(invoke_without_command=True)
def list_messages(
    context: typer.Context,
    person: Annotated[str | None, typer.Option("--for", help="Only one person's: an id or an extension.")] = None,
    department: Annotated[str | None, typer.Option(help="Only a department's: an id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are done, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the messages that are not done, the newest first."""
    if context.invoked_subcommand is not None:
        return
    rows = _listed(person, department, everything, limit)
    if as_json:
        _print_json(rows)
        return
    _print_table(rows)


@messages_app.command("show")
def show(
    which: Annotated[str, _WHICH],
    who: Annotated[str | None, _AS] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show one message, and who did what to it. Whoever reads a transcript has heard it: that is noted."""
    from switchboard.commands.acting import who_acts
    from switchboard.commands.calls import printable

    row = _found(which)
    if row["transcript"]:
        _asked(lambda store: store.read(row["id"], who_acts(who)))
    history = _asked(lambda store: store.history(row["id"]))
    if as_json:
        _print_json({**row, "history": history})
        return
    zone = _zone()
    for key, value in row.items():
        if value not in (None, "", False, "[]"):
            print(f"{key:12} {printable(_written(value, zone))}")
    for each in history:
        detail = ", ".join(f"{key}: {value}" for key, value in each["detail"].items() if value)
        print(f"  {_written(each['at'], zone)}  {printable(each['who'])}: {each['what']} {printable(detail)}".rstrip())


@messages_app.command("play")
def play(
    which: Annotated[str, _WHICH],
    file: Annotated[Path, typer.Argument(help="A WAV file to be written, which any player plays.")],
    part: Annotated[str, typer.Option(help=f"Of a form: {', '.join(PARTS)}.")] = "body",
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Write what was said to a file. It is noted who did."""
    from switchboard.commands.acting import who_acts
    from switchboard.errors import SetupError

    if part not in PARTS:
        raise typer.BadParameter(f"{part!r} — expected one of {', '.join(PARTS)}", param_hint="--part")
    row = _found(which)
    sound = _asked(lambda store: store.sound(row["id"], part, who_acts(who), "file"))
    if sound is None:
        raise typer.BadParameter(f"message {row['id']} has no sound of {part}", param_hint="MESSAGE")
    try:
        file.write_bytes(sound)
    except OSError as error:
        raise SetupError(f"{file}: cannot be written: {error.strerror}") from error
    print(f"{file}: {row['seconds']:.0f} s")


@messages_app.command("assign")
def assign(
    which: Annotated[str, _WHICH],
    person: Annotated[str, typer.Argument(help="Who answers for it from now on: an id or an extension.")],
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Give a message to somebody, whoever had it."""
    from switchboard.commands.acting import who_acts
    from switchboard.commands.people_named import organisation_served, person_named

    row = _found(which)
    _own(row, person_named(organisation_served(), person), who_acts(who), row["owner"])


@messages_app.command("take")
def take(
    which: Annotated[str, _WHICH],
    person: Annotated[str, typer.Option("--as", help="Who takes it: an id or an extension.")],
) -> None:
    """Take a message that nobody has. Of two who take it at once, one has it."""
    from switchboard.commands.people_named import organisation_served, person_named

    taker = person_named(organisation_served(), person)
    _own(_found(which), taker, taker, None)


@messages_app.command("done")
def done(which: Annotated[str, _WHICH], who: Annotated[str | None, _AS] = None) -> None:
    """Nothing is left to do about it."""
    from switchboard.commands.acting import who_acts

    row = _found(which)
    is_new = _asked(lambda store: store.done(row["id"], who_acts(who)))
    print(f"{row['id']}: {'done' if is_new else 'was done already'}")


@messages_app.command("export")
def export(
    person: Annotated[str | None, typer.Option("--for", help="Only one person's: an id or an extension.")] = None,
    department: Annotated[str | None, typer.Option(help="Only a department's: an id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are done, too.")] = False,
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Write the messages as CSV to standard output. It is noted who did."""
    from switchboard.commands.acting import who_acts

    rows = _listed(person, department, everything, 10_000)
    writer = csv.writer(sys.stdout)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row[column]) for column in COLUMNS] for row in rows)
    _asked(lambda store: store.exported([row["id"] for row in rows], who_acts(who)))


@messages_app.command("erase")
def erase(
    which: Annotated[str, _WHICH],
    why: Annotated[str | None, typer.Option(help="For those who look later; asked for at a terminal.")] = None,
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Remove what was said and who said it: audio, transcript, what is still to be sent, files. It cannot be undone."""
    from switchboard.commands.acting import reason, who_acts

    row = _found(which)
    because = reason(why)
    _asked(lambda store: store.erase(row["id"], who_acts(who), because))
    left = _remove_files(row["id"])
    print(f"{row['id']}: erased")
    for line in left:
        print(line, file=sys.stderr)
    if left:
        raise typer.Exit(1)


@messages_app.command("unreached")
def unreached(
    days: Annotated[int, typer.Option(min=1, max=366, help="Callers of so many days.")] = 7,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List callers who talked to nobody, and have not since; with whom their call was for."""
    from switchboard.commands.calls import printable

    rows = _asked(lambda store: store.unreached(datetime.now(UTC) - timedelta(days=days), limit))
    if as_json:
        _print_json(rows)
        return
    if not rows:
        print(f"Everybody who called in the last {days} days talked to somebody.")
        return
    zone = _zone()
    for row in rows:
        whom = row["person"] or row["department"] or (row["extension"] and f"phone {row['extension']}") or "nobody yet"
        left = f", message {row['message_id']}" if row["message_id"] else ""
        caller = printable(f"{row['caller_number']} {row['caller_name']}".strip())
        print(f"{_written(row['started_at'], zone)}  {caller} for {whom}{left}")


def _own(row: Mapping[str, Any], person: str, who: str, owner: str | None) -> None:
    if _asked(lambda store: store.assign(row["id"], person, who, owner=owner)):
        print(f"{row['id']}: {person} answers for it")
        return
    now = _found(str(row["id"]))
    told = f"{now['owner']} has it" if now["owner"] else "it was erased"
    print(f"{row['id']}: {told}; nothing was changed", file=sys.stderr)
    raise typer.Exit(1)


def _listed(person: str | None, department: str | None, everything: bool, limit: int) -> Sequence[Mapping[str, Any]]:
    from switchboard.commands.people_named import organisation_served, person_named
    from switchboard.domain.message import MessageState
    from switchboard.postgres.messages import NOT_DONE

    states = [*NOT_DONE, MessageState.DONE.value] if everything else [*NOT_DONE]
    of = person_named(organisation_served(), person) if person is not None else None
    return _asked(lambda store: store.listed(person=of, department=department, states=states, limit=limit))


def _found(which: str) -> Mapping[str, Any]:
    text = which.strip().lower()
    if len(text) < 4 or set(text) - set("0123456789abcdef-"):
        raise typer.BadParameter(f"{which!r} is no message's id", param_hint="MESSAGE")
    rows = _asked(lambda store: store.found(text))
    if len(rows) != 1:
        told = "several messages' ids begin" if rows else "no message's id begins"
        raise typer.BadParameter(f"{told} with {which!r}", param_hint="MESSAGE")
    return rows[0]


def _asked(question: Callable[[PostgresMessages], Awaitable[T]]) -> T:
    import asyncio

    from switchboard.commands.calls import database_url
    from switchboard.postgres.messages import PostgresMessages

    async def ask() -> T:
        async with PostgresMessages(database_url()) as store:
            return await question(store)

    return asyncio.run(ask())


def _remove_files(message: UUID) -> list[str]:
    """Remove all that lies on this machine's disk; what could not be, in a line each."""
    from switchboard.machine.account import folders_of
    from switchboard.postgres.message_erasure import remove_files
    from switchboard.settings import load

    return remove_files(folders_of(load()), message)


def _zone() -> ZoneInfo:
    from zoneinfo import ZoneInfo

    from switchboard.commands.people_named import organisation_served

    return ZoneInfo(organisation_served().timezone)


def _written(value: object, zone: ZoneInfo) -> str:
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def _cell(value: object) -> str:
    """As CSV has it: what a caller's network sent is never a formula."""
    text = "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.startswith(FORMULA) and not text.removeprefix("+").isdigit() else text


def _print_json(value: object) -> None:
    import orjson

    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from switchboard.commands.calls import printable

    console = Console(highlight=False)
    if not rows:
        console.print("No messages.")
        return
    zone = _zone()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("message", "taken", "caller", "for", "owner", "state", "length", ""):
        table.add_column(heading, no_wrap=heading in ("message", "taken", "length"))
    for row in rows:
        caller = row["client_name"] or row["caller_name"]
        cells = (
            str(row["id"])[:13],
            _written(row["recorded_at"], zone),
            f"{row['caller_number'] or 'withheld'} {caller}".strip() if caller else row["caller_number"] or "withheld",
            row["person"] or row["department"] or "",
            row["owner"] or "",
            row["state"].replace("_", " "),
            f"{row['seconds']:.0f} s",
            "urgent" if row["urgent"] else "",
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console.print(table)
