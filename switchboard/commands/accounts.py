"""`switchboard accounts`: who may sign in to the console."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from switchboard.domain.account import Role

if TYPE_CHECKING:
    from switchboard.domain.account import Account
    from switchboard.postgres.accounts import PostgresAccounts

T = TypeVar("T")
_AS = typer.Option("--as", help="Who you are; default: this account's name.")
_NAME = typer.Argument(help="As it is typed to sign in: `liis`.")

accounts_app = typer.Typer(help="Who may sign in to the console.", no_args_is_help=False)


def register(app: typer.Typer) -> None:
    app.add_typer(accounts_app, name="accounts")


@accounts_app.callback(invoke_without_command=True)
def list_accounts(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """List them: role, and whether the password is a one-time one."""
    if context.invoked_subcommand is not None:
        return
    accounts = _asked(lambda store: store.accounts())
    if as_json:
        import orjson

        told = [{"id": each.id, "name": each.name, "role": each.role, "state": _state(each)} for each in accounts]
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return
    for each in accounts:
        print(f"{each.name:<20} {each.role:<14} {_state(each)}")
    if not accounts:
        print("Nobody: `switchboard accounts add NAME --role administrator` makes the first.")


@accounts_app.command("add")
def add(
    name: Annotated[str, _NAME],
    role: Annotated[Role, typer.Option(help="What they are here for.")],
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Make an account, and print its one-time password: with it its owner chooses their own."""
    import re
    from uuid import uuid4

    from switchboard.commands.acting import who_acts
    from switchboard.domain.account import ACCOUNT_NAME, one_time_password
    from switchboard.domain.audit import Change
    from switchboard.postgres.slow_hash import hashed

    name = name.strip().casefold()
    if not re.fullmatch(ACCOUNT_NAME, name):
        expected = "letters a to z, digits, dots, dashes, underscores, at most 40, a letter or digit at both ends"
        raise typer.BadParameter(f"{name!r} — expected {expected}", param_hint="NAME")
    password = one_time_password()
    change = Change(who_acts(who), "account.created", name, {"role": role.value})

    async def make(store: PostgresAccounts) -> bool:
        return await store.add(uuid4(), name, role, await hashed(password), change)

    if not _asked(make):
        raise typer.BadParameter(f"there is an account {name!r}; `accounts reset` gives it a new password")
    _print_once(password)


@accounts_app.command("reset")
def reset(name: Annotated[str, _NAME], who: Annotated[str | None, _AS] = None) -> None:
    """Give an account a one-time password, printed here, and end its sessions."""
    from datetime import UTC, datetime

    from switchboard.commands.acting import who_acts
    from switchboard.domain.account import one_time_password
    from switchboard.domain.audit import Change
    from switchboard.postgres.slow_hash import hashed

    password = one_time_password()
    change = Change(who_acts(who), "account.password_reset", name[:100])

    async def set_it(store: PostgresAccounts) -> bool:
        account = await _of(store, name)
        now = datetime.now(UTC)
        return await store.set_password(account.id, await hashed(password), now, change, must_change=True)

    _asked(set_it)
    _print_once(password)


@accounts_app.command("role")
def set_role(
    name: Annotated[str, _NAME], role: Annotated[Role, typer.Argument()], who: Annotated[str | None, _AS] = None
) -> None:
    """Give an account another role, and end its sessions."""
    from switchboard.commands.acting import who_acts
    from switchboard.domain.audit import Change

    change = Change(who_acts(who), "account.role_set", name[:100], {"role": role.value})

    async def set_it(store: PostgresAccounts) -> bool:
        return await store.set_role((await _of(store, name)).id, role, change)

    _unless_last(_asked(set_it))
    print(f"{name}: {role}")


@accounts_app.command("disable")
def disable(name: Annotated[str, _NAME], who: Annotated[str | None, _AS] = None) -> None:
    """Let an account sign in no more, and end its sessions."""
    _set_disabled(name, who, disabled=True)


@accounts_app.command("enable")
def enable(name: Annotated[str, _NAME], who: Annotated[str | None, _AS] = None) -> None:
    """Let an account sign in again."""
    _set_disabled(name, who, disabled=False)


def _set_disabled(name: str, who: str | None, *, disabled: bool) -> None:
    from switchboard.commands.acting import who_acts
    from switchboard.domain.audit import Change

    change = Change(who_acts(who), "account.disabled" if disabled else "account.enabled", name[:100])

    async def set_it(store: PostgresAccounts) -> bool:
        return await store.set_disabled((await _of(store, name)).id, change, disabled=disabled)

    _unless_last(_asked(set_it))
    print(f"{name}: {'disabled' if disabled else 'may sign in'}")


async def _of(store: PostgresAccounts, name: str) -> Account:
    found = await store.named(name.strip().casefold())
    if found is None:
        raise typer.BadParameter(f"there is no account {name!r} (`switchboard accounts`)", param_hint="NAME")
    return found[0]


def _unless_last(done: bool) -> None:
    if not done:
        raise typer.BadParameter("it is the last that can manage accounts: make another administrator first")


def _print_once(password: str) -> None:
    print(password)
    typer.echo("A one-time password, shown this once: whoever signs in with it chooses their own.", err=True)


def _state(account: Account) -> str:
    if account.is_disabled:
        return "disabled"
    return "one-time password" if account.must_change else "in use"


def _asked(ask: Callable[[PostgresAccounts], Awaitable[T]]) -> T:
    import asyncio

    from switchboard.commands.calls import database_url
    from switchboard.postgres.accounts import PostgresAccounts

    async def run() -> T:
        store = PostgresAccounts(database_url)
        try:
            return await ask(store)
        finally:
            store.close()

    return asyncio.run(run())
