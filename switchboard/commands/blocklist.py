"""`switchboard block`, `allow`, `unblock`, `blocklist`: whom screening refuses or lets pass whatever the rules say."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from uuid import UUID

    from switchboard.postgres.blocklist import PostgresLists

T = TypeVar("T")
_WHOM = typer.Argument(metavar="NUMBER|CALL", help="A number, `+372900*` for all that begin so, or a call's id.")
_WHY = typer.Option(help="For those who look later; asked for at a terminal.")
_AS = typer.Option("--as", help="Who says so; default: this machine's account.")


def register(app: typer.Typer) -> None:
    app.command("block")(block)
    app.command("allow")(allow)
    app.command("unblock")(unblock)
    app.command("blocklist")(blocklist)


def block(
    whom: Annotated[str, _WHOM],
    why: Annotated[str | None, _WHY] = None,
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Refuse a caller from now on, before any call of theirs is answered."""
    _put(whom, "block", why, who)


def allow(
    whom: Annotated[str, _WHOM],
    why: Annotated[str | None, _WHY] = None,
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Always let a caller pass, whatever the rules say."""
    _put(whom, "allow", why, who)


def unblock(whom: Annotated[str, _WHOM]) -> None:
    """Take a number from the list, blocked or allowed."""
    pattern, _ = _pattern(whom)
    gone = _asked(lambda store: store.remove(pattern))
    if gone is None:
        raise typer.BadParameter(f"{pattern} is not in the list (`switchboard blocklist`)", param_hint="NUMBER")
    print(f"{pattern}: {'blocked' if gone.kind == 'block' else 'allowed'} no more")


def blocklist(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """List who was blocked or allowed by hand, the newest first; ivr/screening.yaml has its own lists."""
    entries = _asked(lambda store: store.entries())
    if as_json:
        import dataclasses

        import orjson

        print(orjson.dumps([dataclasses.asdict(each) for each in entries], option=orjson.OPT_INDENT_2).decode())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from switchboard.commands.calls import printable

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("number", "", "since", "who", "why"):
        table.add_column(heading, no_wrap=heading in ("number", "since"))
    for each in entries:
        kind = "blocked" if each.kind == "block" else "allowed"
        since = f"{each.at.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(*(Text(printable(cell)) for cell in (each.pattern, kind, since, each.who, each.why)))
    Console(highlight=False).print(table if entries else "Nobody is blocked or allowed by hand.")


def _put(whom: str, kind: str, why: str | None, who: str | None) -> None:
    from datetime import UTC, datetime

    from switchboard.commands.acting import reason, who_acts
    from switchboard.postgres.blocklist import Entry

    pattern, call_id = _pattern(whom)
    entry = Entry(pattern, kind, reason(why), who_acts(who), datetime.now(UTC), call_id)
    _asked(lambda store: store.put(entry))
    print(f"{pattern}: {'blocked' if kind == 'block' else 'allowed'}")


def _pattern(whom: str) -> tuple[str, UUID | None]:
    """The number that is meant, and the call that it was taken from, if one was named."""
    from switchboard.commands.clients import organisation_served
    from switchboard.flows.screening_yaml import NUMBER, number_pattern

    country = organisation_served().country
    if pattern := number_pattern(whom, country):
        return pattern, None
    if not re.fullmatch(r"[0-9a-fA-F]{8}[0-9a-fA-F-]{0,28}", whom):
        raise typer.BadParameter(f"{whom!r} is neither {NUMBER.replace('`', '')}, nor a call's id", param_hint="NUMBER")
    return _caller_of(whom, country)


def _caller_of(prefix: str, country: str) -> tuple[str, UUID]:
    import asyncio

    from switchboard.commands.calls import database_url
    from switchboard.domain.phone_numbers import e164
    from switchboard.postgres.archive import PostgresArchive

    async def ask() -> tuple[UUID, str]:
        async with PostgresArchive(database_url()) as archive:
            found = await archive.ids_beginning(prefix)
            row = await archive.call(found[0]) if len(found) == 1 else None
            if row is None:
                text = f"several calls begin with {prefix!r}: give more of the id" if found else f"no call {prefix!r}"
                raise typer.BadParameter(text, param_hint="CALL")
            return found[0], str(row["caller_number"])

    call_id, number = asyncio.run(ask())
    pattern = e164(number, country)
    if not pattern:
        raise typer.BadParameter(f"that call came without a number ({number or 'withheld'})", param_hint="CALL")
    return pattern, call_id


def _asked(question: Callable[[PostgresLists], Awaitable[T]]) -> T:
    import asyncio

    from switchboard.commands.calls import database_url
    from switchboard.postgres.blocklist import PostgresLists

    async def ask() -> T:
        async with PostgresLists(database_url()) as store:
            return await question(store)

    return asyncio.run(ask())
