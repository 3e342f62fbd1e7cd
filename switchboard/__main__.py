"""The command line: `switchboard` or `python -m switchboard`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from switchboard.commands import (
    absence,
    accounts,
    appointments,
    blocklist,
    callbacks,
    calls,
    check,
    clients,
    config,
    console,
    controller,
    diff,
    graph,
    hours,
    mailbox,
    messages,
    outbox,
    prepare,
    presence,
    prompts,
    publish,
    queues,
    recordings,
    replay,
    rollback,
    rota,
    schema,
    simulate,
    status,
    tokens,
    up,
    versions,
)
from switchboard.errors import SwitchboardError
from switchboard.settings import FILE_VARIABLE

app = typer.Typer(
    help="A telephone operator in software for one organisation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _options(
    settings: Annotated[
        Path | None, typer.Option(help="Settings file; default: switchboard.toml in this folder, if there is one.")
    ] = None,
) -> None:
    if settings is not None:
        os.environ[FILE_VARIABLE] = str(settings.absolute())  # for the processes we start, too


for command in (
    up,
    status,
    prepare,
    config,
    prompts,
    check,
    simulate,
    hours,
    rota,
    presence,
    absence,
    callbacks,
    appointments,
    graph,
    diff,
    replay,
    publish,
    versions,
    rollback,
    calls,
    messages,
    mailbox,
    queues,
    recordings,
    outbox,
    clients,
    blocklist,
    schema,
    tokens,
    accounts,
    controller,
    console,
):
    command.register(app)


def main() -> None:
    """Run a command; what goes wrong is said in a line on standard error, and exit status 1."""
    try:
        app()
    except SwitchboardError as error:
        print(f"switchboard: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


if __name__ == "__main__":
    main()
