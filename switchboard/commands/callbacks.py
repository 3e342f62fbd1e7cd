"""`switchboard callbacks`: who was promised to be called back, and how that stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchboard.domain.callback import Callback

callbacks_app = typer.Typer(help="Callers who are called back.", no_args_is_help=False)


def register(app: typer.Typer) -> None:
    app.add_typer(callbacks_app, name="callbacks")


@callbacks_app.callback(invoke_without_command=True)
def list_callbacks(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List callbacks: those still to be made, who came first first; then those that are over, the last first."""
    if context.invoked_subcommand is not None:
        return
    import asyncio

    callbacks = asyncio.run(_newest(limit))
    if as_json:
        import orjson

        from switchboard.domain.callback import as_json as told

        print(orjson.dumps([told(each) for each in callbacks], option=orjson.OPT_INDENT_2).decode())
        return
    for line in lines(callbacks):
        print(line)


@callbacks_app.command("cancel")
def cancel(
    callback: Annotated[str, typer.Argument(metavar="ID", help="As `switchboard callbacks` lists it.")],
    who: Annotated[str | None, typer.Option("--as", help="Who you are; default: this account's name.")] = None,
) -> None:
    """Call somebody back no more. An attempt that has begun goes on; none follows."""
    import asyncio

    from switchboard.commands.acting import who_acts

    if not re.fullmatch(r"[0-9a-fA-F-]{1,36}", callback):
        raise typer.BadParameter(f"{callback!r} is no id of a callback: hex digits and dashes", param_hint="ID")
    cancelled = asyncio.run(_cancel(callback, f"by {who_acts(who)}"))
    if cancelled is None:
        raise typer.BadParameter(f"no open callback, or several, begin with {callback!r}", param_hint="ID")
    print(f"cancelled: {cancelled.number}, queue {cancelled.queue}")


def lines(callbacks: Sequence[Callback]) -> list[str]:
    """What is printed."""
    from switchboard.commands.calls import printable

    return [printable(_line(each)) for each in callbacks] or ["Nobody was promised to be called back."]


def _line(callback: Callback) -> str:
    state = callback.state.value.replace("_", " ")
    who = f"{callback.number} {callback.name}".rstrip()
    tries = f"{callback.attempts} attempt{'' if callback.attempts == 1 else 's'}"
    last = f", last: {callback.last.replace('_', ' ')}" if callback.last else ""
    until = f", until {callback.deadline.astimezone():%a %H:%M}" if callback.is_open else ""
    since = f"{callback.promised_at.astimezone():%Y-%m-%d %H:%M}"
    return f"{str(callback.id)[:18]}  {state:9}  {since}  {callback.queue}  {who}  {tries}{last}{until}"


async def _newest(limit: int) -> Sequence[Callback]:
    from switchboard.commands.calls import database_url
    from switchboard.postgres.callbacks import PostgresCallbacks

    async with PostgresCallbacks(database_url()) as table:
        return await table.newest(limit)


async def _cancel(prefix: str, why: str) -> Callback | None:
    from switchboard.commands.calls import database_url
    from switchboard.postgres.callbacks import PostgresCallbacks

    async with PostgresCallbacks(database_url()) as table:
        found = await table.beginning(prefix)
        return await table.cancel(found[0], why) if len(found) == 1 else None
