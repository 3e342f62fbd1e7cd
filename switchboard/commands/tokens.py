"""`switchboard tokens`: who may use the API, and for what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from switchboard.domain.api_token import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from switchboard.domain.api_token import ApiToken
    from switchboard.postgres.console import PostgresConsole

T = TypeVar("T")
_AS = typer.Option("--as", help="Who you are; default: this account's name.")

tokens_app = typer.Typer(help="Tokens of the API: who may ask and change what.", no_args_is_help=False)


def register(app: typer.Typer) -> None:
    app.add_typer(tokens_app, name="tokens")


@tokens_app.callback(invoke_without_command=True)
def list_tokens(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """List them, the newest first: what each allows, until when, and when it was used last."""
    if context.invoked_subcommand is not None:
        return
    from datetime import UTC, datetime

    tokens, now = _asked(lambda store: store.tokens()), datetime.now(UTC)
    if as_json:
        import orjson

        told = [
            {
                "id": each.id,
                "name": each.name,
                "scopes": sorted(each.scopes),
                "created_at": each.created_at,
                "created_by": each.created_by,
                "expires_at": each.expires_at,
                "revoked_at": each.revoked_at,
                "used_at": each.used_at,
                "in_force": each.is_in_force(now),
            }
            for each in tokens
        ]
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
    else:
        _print_table(tokens, now)


@tokens_app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What it is for: `reception`, `crm`.")],
    scope: Annotated[list[Scope], typer.Option(help="What it allows; give it several times for several.")],
    expires: Annotated[str, typer.Option(help="Until when: `90d`, `12h`, `4w` from now. Default: never.")] = "",
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Make a token and print it. It is shown this once: only its SHA-256 is kept."""
    from datetime import UTC, datetime
    from uuid import uuid4

    from switchboard.commands.acting import who_acts
    from switchboard.domain.api_token import NAME, ApiToken, digest, new_token
    from switchboard.domain.audit import Change

    if not NAME.fullmatch(name):
        expected = "letters, digits, spaces, dots, dashes, underscores, at most 64, a letter or digit at both ends"
        raise typer.BadParameter(f"{name!r} — expected {expected}", param_hint="NAME")
    now, by = datetime.now(UTC), who_acts(who)
    lives = _lifetime(expires)
    text, scopes = new_token(), frozenset(scope)
    token = ApiToken(uuid4(), name, scopes, now, by, now + lives if lives else None)
    detail = {"scopes": sorted(scopes), "expires_at": token.expires_at}
    change = Change(by, "token.created", name, detail, token.id)
    if not _asked(lambda store: store.add_token(token, digest(text), change)):
        raise typer.BadParameter(f"there is one called {name!r}; revoke it first, or choose another", param_hint="NAME")
    print(text)
    typer.echo("Keep it now: it is shown this once.", err=True)


@tokens_app.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="As `switchboard tokens` lists it.")],
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Make a token allow nothing any more, from the next request on."""
    from switchboard.commands.acting import who_acts
    from switchboard.domain.audit import Change

    change = Change(who_acts(who), "token.revoked", name[:100])
    if not _asked(lambda store: store.revoke_token(name, change)):
        raise typer.BadParameter(f"no token in force is called {name!r} (`switchboard tokens`)", param_hint="NAME")
    print(f"{name}: revoked")


def _lifetime(text: str) -> timedelta | None:
    from switchboard.domain.api_token import lifetime

    if not text:
        return None
    try:
        return lifetime(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expires") from None


def _print_table(tokens: Sequence[ApiToken], now: datetime) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from switchboard.commands.calls import printable

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("name", "allows", "until", "used last", "made"):
        table.add_column(heading)
    for each in tokens:
        until = _told(each.expires_at) or "for good"
        if each.revoked_at:
            until = f"revoked {_told(each.revoked_at)}"
        elif not each.is_in_force(now):
            until = f"expired {until}"
        made = f"{_told(each.created_at)} by {each.created_by}"
        cells = (each.name, ", ".join(sorted(each.scopes)), until, _told(each.used_at) or "never", made)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    Console(highlight=False).print(table if tokens else "No tokens. `switchboard tokens create` makes one.")


def _told(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}" if at else ""


def _asked(question: Callable[[PostgresConsole], Awaitable[T]]) -> T:
    import asyncio

    from switchboard.commands.calls import database_url
    from switchboard.postgres.console import PostgresConsole

    async def ask() -> T:
        store = PostgresConsole(database_url)
        try:
            return await question(store)
        finally:
            store.close()

    return asyncio.run(ask())
