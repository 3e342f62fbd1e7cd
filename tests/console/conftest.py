"""The API on a real Postgres: in this process, or as the process that `switchboard up` starts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg
import pytest
import pytest_asyncio
from aiohttp import web

from switchboard.console.application import make_application
from switchboard.console.office import Bookings, ConsoleOffice
from switchboard.domain.api_token import ApiToken, Scope, digest, new_token
from switchboard.domain.audit import Change
from switchboard.domain.hours import HoursTable
from switchboard.domain.organisation import Organisation
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.machine.postgres_server import PostgresServer
from switchboard.ports import Clock
from switchboard.postgres.appointment_list import AppointmentList
from switchboard.postgres.appointments import PostgresAppointments
from switchboard.postgres.calendar_feeds import PostgresCalendarFeeds
from switchboard.postgres.console import PostgresConsole
from switchboard.postgres.migrate import migrate
from tests.flows.playing import EXAMPLE, PROMPTS
from tests.postgres_fixture import fresh_database, postgres_server

__all__ = ["postgres_server"]

EVERY_SCOPE = frozenset(Scope)


@cache
def example() -> Configuration:
    """Read once."""
    return load_configuration(EXAMPLE, PROMPTS)


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    """The example's."""
    return example().organisation


def bookings_of(dsn: str | Callable[[], str], clock: Clock) -> tuple[Bookings, PostgresAppointments]:
    """The example's calendars, to be closed."""

    async def hours() -> Mapping[str, HoursTable]:
        return example().hours

    organisation = example().organisation
    zone = ZoneInfo(organisation.timezone)
    kept = PostgresAppointments(dsn, clock, lambda: organisation.appointments, lambda: zone)
    return Bookings(kept, AppointmentList(kept.queries), hours), kept


@pytest_asyncio.fixture(scope="module")
async def modules_database(postgres_server: PostgresServer) -> str:  # pytest's way to ask for it
    """One for a module's tests: making one a test takes longer than these."""
    url = await fresh_database(postgres_server.url)
    await migrate(url)
    return url


@pytest_asyncio.fixture
async def database(modules_database: str) -> AsyncIterator[str]:
    """That one, empty."""
    yield modules_database
    connection = await asyncpg.connect(modules_database, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("alter table audit_log disable trigger all")
            await connection.execute("alter table appointment_events disable trigger all")
            await connection.execute(
                "truncate presence, absences, api_tokens, api_answers, audit_log, console_accounts, calls, call_events,"
                " appointments, appointment_events, outbox cascade"
            )
            await connection.execute("alter table audit_log enable trigger all")
            await connection.execute("alter table appointment_events enable trigger all")
    finally:
        connection.terminate()


@dataclass
class SetClock:
    """ports.Clock that a test moves."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.at


async def token_for(
    store: PostgresConsole, scopes: frozenset[Scope] = EVERY_SCOPE, *, expires_at: datetime | None = None
) -> str:
    """A new token that allows so much."""
    text, identifier = new_token(), uuid4()
    created = datetime.now(UTC) - timedelta(minutes=1)
    token = ApiToken(identifier, f"test {identifier.hex[:8]}", scopes, created, "a test", expires_at)
    change = Change("a test", "token.created", token.name, token=identifier)
    assert await store.add_token(token, digest(text), change)
    return text


@dataclass
class Answer:
    """A response, read."""

    status: int
    headers: Any
    raw: bytes
    json: Any


@dataclass
class Api:
    """A client of an API that runs in this process."""

    url: str
    session: aiohttp.ClientSession
    store: PostgresConsole
    clock: SetClock
    dsn: str
    token: str = ""
    is_controller_answering: bool = True
    monotonic: float = 1000.0  # seconds, by which wrong tokens are counted

    async def __call__(
        self, method: str, path: str, *, token: str | None = None, headers: dict[str, str] | None = None, **sent: Any
    ) -> Answer:
        """A request with the token that allows everything, another one, or none ("")."""
        token = self.token if token is None else token
        every = ({"Authorization": f"Bearer {token}"} if token else {}) | (headers or {})
        async with self.session.request(method, self.url + path, headers=every, **sent) as response:
            raw = await response.read()
            json = await response.json(content_type=None) if "json" in response.content_type else None
            return Answer(response.status, response.headers, raw, json)

    async def rows(self, query: str, *arguments: object) -> list[dict[str, Any]]:
        """What Postgres has."""
        connection = await asyncpg.connect(self.dsn, timeout=10)
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            connection.terminate()


Serve = Callable[[str], Awaitable[Api]]


@pytest_asyncio.fixture
async def serve(organisation: Organisation) -> AsyncIterator[Serve]:
    """Serves the API on a database."""
    closing: list[Callable[[], Awaitable[None]]] = []

    async def start(dsn: str) -> Api:
        store, clock = PostgresConsole(lambda: dsn), SetClock()
        feeds = PostgresCalendarFeeds(lambda: dsn)
        api = Api("", aiohttp.ClientSession(), store, clock, dsn)

        async def live() -> Organisation:
            return organisation

        async def is_answering() -> bool:
            return api.is_controller_answering

        async def close() -> None:
            await api.session.close()
            await runner.cleanup()
            store.close()
            feeds.close()
            await kept.close()

        bookings, kept = bookings_of(dsn, clock)
        office = ConsoleOffice(store, live, clock, is_answering, bookings, feeds=feeds)
        runner = web.AppRunner(make_application(office, now=lambda: api.monotonic), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        api.url = f"http://{host}:{port}"
        closing.append(close)
        return api

    yield start
    for each in closing:
        await each()


@pytest_asyncio.fixture
async def api(serve: Serve, database: str) -> Api:
    """One on an empty database, with a token that allows everything."""
    served = await serve(database)
    served.token = await token_for(served.store)
    return served
