"""`switchboard up`: start everything for one machine, as children that die with it."""

from __future__ import annotations

import os
import signal
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("up")(up)


def up(
    die_with_parent: Annotated[
        bool, typer.Option(help="Stop when the process that started this one ends, however it ends.")
    ] = False,
) -> None:
    """Start the switchboard on this machine and keep it running; Ctrl-C ends it."""
    from switchboard.commands.launcher import launch
    from switchboard.machine.child_start import die_with
    from switchboard.settings import load

    if die_with_parent:
        die_with(os.getppid(), signal.SIGTERM)
    launch(load())
