"""Who acts, and why: noted with everything that changes what callers hear."""

from __future__ import annotations

import os
import pwd
import sys

import typer

LONGEST = 500  # characters


def account_name() -> str:
    """The account of this machine whose person acts: who called sudo, where somebody did."""
    if os.geteuid() == 0 and (caller := os.environ.get("SUDO_USER")):
        return caller
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


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


def _text(value: str, option: str) -> str:
    """In one line that Postgres can keep."""
    text = " ".join(value.split())
    if not text or len(text) > LONGEST or not text.isprintable():
        raise typer.BadParameter(f"1 to {LONGEST} printable characters", param_hint=option)
    return text
