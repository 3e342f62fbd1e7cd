"""`switchboard up`: start everything for one machine, as children that die with it."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    app.command("up")(up)


def up() -> None:
    """Start the switchboard on this machine and keep it running; Ctrl-C ends it."""
    from switchboard.commands.launcher import launch
    from switchboard.settings import load

    launch(load())
