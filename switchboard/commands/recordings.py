"""`switchboard recordings`: recorded conversations, listed, exported and erased. Who took a copy, and who erased what
and why, stands in the call's record."""

from __future__ import annotations

import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

if TYPE_CHECKING:
    from switchboard.domain.call_record import EventKind
    from switchboard.postgres.recordings import PostgresRecordings

T = TypeVar("T")
recordings_app = typer.Typer(help="Recorded conversations.", no_args_is_help=True)
_WHICH = typer.Argument(metavar="ID", help="The recording's id or its call's, or as much of it as is unique.")
_WHY = typer.Option(help="For those who look later; asked for at a terminal.")
_AS = typer.Option("--as", help="Who says so; default: this machine's account.")


def register(app: typer.Typer) -> None:
    app.add_typer(recordings_app, name="recordings")


@recordings_app.command("list")
def list_recordings(limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50) -> None:
    """List the newest recordings."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from switchboard.commands.calls import printable

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "call", "started", "seconds", "with", "consent", "kept until"):
        table.add_column(heading, no_wrap=heading in ("id", "call"))
    rows = _asked(lambda store: store.fetch("listed", limit))
    for row in rows:
        until = f"{row['keep_until'].astimezone():%Y-%m-%d}" if row["state"] == "kept" else row["state"]
        started = f"{row['started_at'].astimezone():%Y-%m-%d %H:%M}"
        cells = (row["id"], row["call_id"], started, f"{row['seconds']:.0f}", row["people"], row["consent"], until)
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
    from switchboard.domain.call_record import EventKind

    if file.exists():
        raise typer.BadParameter(f"{file} is there already", param_hint="FILE")
    source = _noted(which, EventKind.RECORDING_EXPORTED, why, who)
    shutil.copyfile(source, file)
    file.chmod(0o600)
    print(f"{file}: written")


@recordings_app.command("erase")
def erase_recording(
    which: Annotated[str, _WHICH],
    why: Annotated[str | None, _WHY] = None,
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Erase a recording for good; the record keeps that there was one, and who erased it."""
    from switchboard.domain.call_record import EventKind
    from switchboard.postgres.call_audio import erase

    path = _noted(which, EventKind.RECORDING_ERASED, why, who)
    erase(path)
    _asked(lambda store: store.fetch("erased", UUID(path.stem)))
    print(f"{path.stem}: erased")


def _noted(which: str, kind: EventKind, why: str | None, who: str | None) -> Path:
    """The file of a kept recording, once the record tells what is about to happen to it."""
    from datetime import UTC, datetime

    from switchboard.commands.acting import reason, who_acts
    from switchboard.domain.call_record import CallEvent
    from switchboard.domain.identity import CallId, new_event_id
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
    if rows[0]["state"] != "kept":
        raise typer.BadParameter(f"that recording is {rows[0]['state']}", param_hint="ID")
    now, name = datetime.now(UTC), UUID(str(rows[0]["id"]))
    data = {"recording": str(name), "who": by, "why": said}
    event = CallEvent(CallId(UUID(str(rows[0]["call_id"]))), new_event_id(now), now, kind, data)
    _asked(lambda store: store.note(event))
    return recording_file(folders_of(load()), name)


def _asked(question: Callable[[PostgresRecordings], Awaitable[T]]) -> T:
    import asyncio

    from switchboard.commands.calls import database_url
    from switchboard.postgres.recordings import PostgresRecordings

    async def ask() -> T:
        async with PostgresRecordings(database_url()) as store:
            return await question(store)

    return asyncio.run(ask())
