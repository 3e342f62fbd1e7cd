"""`switchboard recordings`: recorded conversations, listed, exported and erased. Who took a copy, and who erased what
and why, stands in the call's record."""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar
from uuid import UUID

import typer

if TYPE_CHECKING:
    from switchboard.domain.identity import CallId
    from switchboard.postgres.recordings import PostgresRecordings

T = TypeVar("T")
recordings_app = typer.Typer(help="Recorded conversations.", no_args_is_help=True)
TOLD = {"missing": "missing", "erasing": "being erased", "erased": "erased"}  # recordings by state that are not kept
_WHICH = typer.Argument(metavar="ID", help="The recording's id or its call's, or as much of it as is unique.")
_WHY = typer.Option(help="For those who look later; asked for at a terminal.")
_AS = typer.Option("--as", help="Who says so; default: this machine's account.")


def register(app: typer.Typer) -> None:
    app.add_typer(recordings_app, name="recordings")


@recordings_app.command("list")
def list_recordings(limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50) -> None:
    """List the newest recordings: conversations, and names that callers stated."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from switchboard.commands.calls import printable
    from switchboard.postgres.recordings import STATED_NAME

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "call", "started", "seconds", "with", "consent", "kept until"):
        table.add_column(heading, no_wrap=heading in ("id", "call"))
    rows = _asked(lambda store: store.fetch("listed", limit))
    for row in rows:
        until = f"{row['keep_until'].astimezone():%Y-%m-%d}" if row["state"] == "kept" else TOLD[row["state"]]
        started = f"{row['started_at'].astimezone():%Y-%m-%d %H:%M}"
        people = "(states a name)" if row["kind"] == STATED_NAME else row["people"]
        cells = (row["id"], row["call_id"], started, f"{row['seconds']:.0f}", people, row["consent"], until)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    Console(highlight=False).print(table if rows else "No recordings.")


@recordings_app.command("play-to")
def play_to(
    which: Annotated[str, _WHICH],
    file: Annotated[Path, typer.Argument(help="Where to write the WAV file: caller left, our side right.")],
    why: Annotated[str | None, _WHY] = None,
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Copy a recording to a file, which is noted before."""
    from datetime import UTC, datetime

    from switchboard.domain.call_record import CallEvent, EventKind
    from switchboard.domain.identity import new_event_id

    if file.exists():
        raise typer.BadParameter(f"{file} is there already", param_hint="FILE")
    found = _found(which, why, who)
    if not found.path.exists():
        print(f"{found.path}: the recording's file is not there", file=sys.stderr)
        raise typer.Exit(1)
    now = datetime.now(UTC)
    data = {"recording": str(found.name), "who": found.who, "why": found.why}
    event = CallEvent(found.call_id, new_event_id(now), now, EventKind.RECORDING_EXPORTED, data)
    _asked(lambda store: store.note(event))
    try:
        _copy(found.path, file)
    except OSError as error:
        print(f"{file}: cannot be written: {error.strerror or error}", file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"{file}: written")


def _copy(source: Path, target: Path) -> None:
    """For its owner's eyes from the first byte on; never over what is there."""
    import os
    import shutil

    with (
        source.open("rb") as recorded,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy,
    ):
        shutil.copyfileobj(recorded, copy)


@recordings_app.command("erase")
def erase_recording(
    which: Annotated[str, _WHICH],
    why: Annotated[str | None, _WHY] = None,
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Erase a recording for good; the record keeps that there was one, and who erased it."""
    from datetime import UTC, datetime

    from switchboard.machine.account import folders_of
    from switchboard.settings import load

    found = _found(which, why, who, also=("erasing",))
    folders = folders_of(load())

    async def erased(store: PostgresRecordings) -> None:
        await store.mark(found.name, found.who, found.why)
        await store.finish_erasing(folders, found.name, found.kind, datetime.now(UTC))

    try:
        _asked(erased)
    except OSError as error:
        print(f"{found.path}: cannot be removed yet: {error.strerror or error}", file=sys.stderr)
        print("Nobody can hear it any more, and `switchboard up` goes on trying.", file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"{found.name}: erased")


class _Found(NamedTuple):
    name: UUID
    call_id: CallId
    kind: str
    path: Path
    who: str
    why: str


def _found(which: str, why: str | None, who: str | None, *, also: tuple[str, ...] = ()) -> _Found:
    """A kept recording (or one in another of these states), who does something with it, and why."""
    from switchboard.commands.acting import reason, who_acts
    from switchboard.domain.identity import CallId
    from switchboard.machine.account import folders_of
    from switchboard.postgres.recordings import recording_file
    from switchboard.settings import load

    if not re.fullmatch(r"[0-9a-f][0-9a-f-]{3,35}", which):
        raise typer.BadParameter(f"{which!r} is no id: hex digits and dashes", param_hint="ID")
    said, by = reason(why), who_acts(who)
    rows = _asked(lambda store: store.fetch("one", which))
    if len(rows) != 1:
        text = f"several recordings begin with {which!r}: give more of the id" if rows else f"no recording {which!r}"
        raise typer.BadParameter(text, param_hint="ID")
    if (state := rows[0]["state"]) not in ("kept", *also):
        raise typer.BadParameter(f"that recording is {TOLD[state]}", param_hint="ID")
    name, kind = UUID(str(rows[0]["id"])), str(rows[0]["kind"])
    path = recording_file(folders_of(load()), name, kind)
    return _Found(name, CallId(UUID(str(rows[0]["call_id"]))), kind, path, by, said)


def _asked(question: Callable[[PostgresRecordings], Awaitable[T]]) -> T:
    import asyncio

    from switchboard.commands.calls import database_url
    from switchboard.postgres.recordings import PostgresRecordings

    async def ask() -> T:
        async with PostgresRecordings(database_url()) as store:
            return await question(store)

    return asyncio.run(ask())
