"""`switchboard controller`: the process that answers calls; `up` starts it."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    app.command("controller", hidden=True)(controller)


def controller() -> None:
    """Answer calls on a running Asterisk. Started by `up`, or by systemd beside a distribution's Asterisk."""
    from switchboard.app import run_controller
    from switchboard.settings import load

    run_controller(load())
