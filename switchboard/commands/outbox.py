"""`switchboard outbox`: what is still to be sent because of messages, and what came to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchboard.postgres.outbox import PostgresOutbox

DAYS = 7  # what came to nothing longer ago is not listed


def register(app: typer.Typer) -> None:
    commands = typer.Typer(help="Mail and webhooks that wait, or came to nothing.", invoke_without_command=True)
    commands.callback()(outbox)
    commands.command("retry")(retry)
    app.add_typer(commands, name="outbox")


def outbox(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """List what waits to be sent, and what came to nothing in the last week, the newest first."""
    if context.invoked_subcommand is not None:
        return
    from datetime import UTC, datetime, timedelta

    since = datetime.now(UTC) - timedelta(days=DAYS)
    entries = _asked(lambda store: store.entries(since))
    if as_json:
        import orjson

        rows = [{**each, "message_id": str(each["message_id"] or "") or None} for each in entries]
        print(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "since", "by", "to", "about", "message", "state"):
        table.add_column(heading, no_wrap=heading in ("id", "since", "by"))
    for each in entries:
        table.add_row(*map(Text, _cells(each)))
    Console(highlight=False).print(table if entries else "Nothing waits, and nothing came to nothing.")


def retry(identifier: Annotated[int, typer.Argument(metavar="ID", help="As `switchboard outbox` lists it.")]) -> None:
    """Send one once more, now."""
    if not _asked(lambda store: store.try_again(identifier)):
        raise typer.BadParameter(f"nothing to send is called {identifier} (`switchboard outbox`)", param_hint="ID")
    print(f"{identifier}: tried again now")


def _cells(entry: Any) -> list[str]:
    from switchboard.commands.calls import printable

    state = f"next try {entry['next_at'].astimezone():%Y-%m-%d %H:%M}"
    if entry["done_at"] is not None:
        state = {"refused": "REFUSED", "given_up": "GIVEN UP"}[entry["outcome"]]
    elif not entry["attempts"]:
        state = "to be sent"
    told = f"{state}: {entry['error']}" if entry["error"] else state
    cells = (
        *(str(entry["id"]), f"{entry['created_at'].astimezone():%Y-%m-%d %H:%M}", entry["kind"]),
        *(entry["receiver"] or "", entry["what"] or "", str(entry["message_id"] or "")[:8], told),
    )
    return [printable(cell) for cell in cells]


def _asked(question: Callable[[PostgresOutbox], Awaitable[Any]]) -> Any:
    import asyncio

    from switchboard.commands.calls import database_url
    from switchboard.postgres.outbox import PostgresOutbox

    async def ask() -> Any:
        async with PostgresOutbox(database_url()) as store:
            return await question(store)

    return asyncio.run(ask())
