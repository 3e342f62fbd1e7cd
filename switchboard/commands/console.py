"""`switchboard console`: the process that serves the pages and the API; `up` starts it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from switchboard.settings import Settings


def register(app: typer.Typer) -> None:
    app.command("console", hidden=True)(console)


def console() -> None:
    """Serve the console's pages and API. Started by `up`, or by systemd; calls need it for nothing."""
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
    from switchboard.console.live_calls import LiveCalls
    from switchboard.console.live_organisation import LiveOrganisation
    from switchboard.console.office import Bookings
    from switchboard.console.pages.sessions import session_key
    from switchboard.console.serving import serve
    from switchboard.console.site_office import SiteOffice
    from switchboard.console.wrong_secrets import WrongSecrets
    from switchboard.machine.account import folders_of
    from switchboard.machine.controller_link import controller_status
    from switchboard.machine.running import database_url
    from switchboard.postgres.accounts import PostgresAccounts
    from switchboard.postgres.appointment_list import AppointmentList
    from switchboard.postgres.appointments import PostgresAppointments
    from switchboard.postgres.calendar_feeds import PostgresCalendarFeeds
    from switchboard.postgres.console import PostgresConsole
    from switchboard.postgres.console_calls import ConsoleCalls
    from switchboard.postgres.slow_hash import hashed, is_right

    folders, clock = folders_of(settings), _SystemClock()

    async def status() -> Mapping[str, Any] | None:
        return await controller_status(folders.controller_socket)

    async def is_controller_answering() -> bool:
        told = await status()
        return told is not None and told.get("answering") is True

    def dsn() -> str:
        return database_url(settings, folders)

    store, accounts, calls = PostgresConsole(dsn), PostgresAccounts(dsn), ConsoleCalls(dsn)
    feeds = PostgresCalendarFeeds(dsn)
    live = LiveOrganisation(folders.versions)
    appointments = PostgresAppointments(
        dsn, clock, lambda: live.known.appointments, lambda: ZoneInfo(live.known.timezone)
    )
    try:
        await serve(
            settings,
            SiteOffice(
                store=store,
                organisation=live,
                clock=clock,
                is_controller_answering=is_controller_answering,
                bookings=Bookings(appointments, AppointmentList(appointments.queries), live.hours),
                accounts=accounts,
                calls=calls,
                live_calls=LiveCalls(calls, clock),
                hashed=hashed,
                is_right=is_right,
                wrong_passwords=WrongSecrets(time.monotonic),
                controller_status=status,
                session_key=session_key(folders.state / "console.key"),
                feeds=feeds,
                over_tls=settings.console_certificate is not None or settings.console_without_tls,
            ),
        )
    finally:
        for each in (store, accounts, calls, feeds):
            each.close()
        await appointments.close()
