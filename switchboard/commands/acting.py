"""Who acts, and why: noted with everything that changes what callers hear."""

from __future__ import annotations

import os
import pwd
import sys
from typing import TYPE_CHECKING

import typer

from switchboard.errors import SetupError

if TYPE_CHECKING:
    from switchboard.commands.preparation import Place
    from switchboard.settings import Settings

LONGEST = 500  # characters


def account_name() -> str:
    """The account of this machine whose person acts: who called sudo, where somebody did."""
    if caller := os.environ.get("SUDO_USER"):
        return caller
    return _name_of(os.geteuid())


def who_acts(name: str | None) -> str:
    """The name that was given, else the account's. Raises typer.BadParameter."""
    return _text(account_name() if name is None else name, "--as")


def reason(why: str | None) -> str:
    """The reason that was given; at a terminal it is asked for. Raises typer.BadParameter."""
    if why is None and sys.stdin.isatty():
        why = typer.prompt("Why")
    if why is None:
        raise typer.BadParameter("say why, for those who look later: --why 'Easter hours'", param_hint="--why")
    return _text(why, "--why")


def own_place(settings: Settings) -> Place:
    """The switchboard that is to be changed. Raises SetupError if it is another account's, which could not read then
    what we write; and SettingsError."""
    from switchboard.commands.preparation import Place
    from switchboard.machine.account import folders_of, service_account

    if settings.state.exists() and (owner := settings.state.stat().st_uid) != os.geteuid():
        name = _name_of(owner)
        raise SetupError(f"{settings.state} belongs to {name}: do this as {name} (sudo -u {name} …)")
    account = service_account(settings)
    return Place(settings, folders_of(settings, account), account)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _text(value: str, option: str) -> str:
    """In one line that Postgres can keep."""
    text = " ".join(value.split())
    if not text or len(text) > LONGEST or not text.isprintable():
        raise typer.BadParameter(f"1 to {LONGEST} printable characters", param_hint=option)
    return text
