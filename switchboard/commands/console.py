"""`switchboard console`: the process that serves the API; `up` starts it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from switchboard.settings import Settings


def register(app: typer.Typer) -> None:
    app.command("console", hidden=True)(console)


def console() -> None:
    """Serve the console's API. Started by `up`, or by systemd; calls need it for nothing."""
    import uvloop

    from switchboard import logs
    from switchboard.settings import load

    settings = load()
    logs.configure(settings)
    uvloop.run(_serve(settings))


class _SystemClock:
    """ports.Clock over the machine's."""

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)


async def _serve(settings: Settings) -> None:
    from switchboard.console.live_organisation import LiveOrganisation
    from switchboard.console.office import ConsoleOffice
    from switchboard.console.serving import serve
    from switchboard.machine.account import folders_of
    from switchboard.machine.controller_link import controller_status
    from switchboard.machine.running import database_url
    from switchboard.postgres.console import PostgresConsole

    folders = folders_of(settings)

    async def is_controller_answering() -> bool:
        status = await controller_status(folders.controller_socket)
        return status is not None and status.get("answering") is True

    store = PostgresConsole(lambda: database_url(settings, folders))
    try:
        await serve(
            settings, ConsoleOffice(store, LiveOrganisation(folders.versions), _SystemClock(), is_controller_answering)
        )
    finally:
        store.close()
