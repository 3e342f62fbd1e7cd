"""The pages in this process, on a real Postgres, and somebody at a browser without scripts."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web
from argon2 import PasswordHasher

from switchboard.console.application import make_application
from switchboard.console.live_calls import LiveCalls
from switchboard.console.pages.sessions import session_key
from switchboard.console.site_office import SiteOffice
from switchboard.console.wrong_secrets import WrongSecrets
from switchboard.domain.account import Role
from switchboard.domain.audit import Change
from switchboard.domain.organisation import Organisation
from switchboard.postgres import slow_hash
from switchboard.postgres.accounts import PostgresAccounts
from switchboard.postgres.console import PostgresConsole
from switchboard.postgres.console_calls import ConsoleCalls
from tests.console.conftest import SetClock, bookings_of

PASSWORD = "violet tractor lamp"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Shown:
    """A page, as it came."""

    status: int
    headers: Any
    text: str

    @property
    def csrf(self) -> str:
        """The token of its forms."""
        found = re.search(r'name="csrf" value="([^"]*)"', self.text)
        return html.unescape(found[1]) if found else ""

    @property
    def to(self) -> str:
        """Where it leads on to."""
        return str(self.headers.get("Location", ""))


@dataclass
class Browser:
    """One person's, with cookies."""

    url: str
    session: aiohttp.ClientSession
    csrf: str = ""

    async def get(self, path: str, **sent: Any) -> Shown:
        return await self._ask("GET", path, **sent)

    async def post(self, path: str, *, csrf: str | None = None, headers: Any = None, **fields: str) -> Shown:
        """A form, with the token of the page seen last."""
        data = fields | {"csrf": self.csrf if csrf is None else csrf}
        return await self._ask("POST", path, data=data, headers=headers)

    async def sign_in(self, name: str, password: str = PASSWORD, to: str = "") -> Shown:
        await self.get("/sign-in")
        return await self.post("/sign-in", name=name, password=password, to=to)

    async def _ask(self, method: str, path: str, **sent: Any) -> Shown:
        async with self.session.request(method, self.url + path, allow_redirects=False, **sent) as response:
            shown = Shown(response.status, response.headers, await response.text())
        self.csrf = shown.csrf or self.csrf
        return shown


@dataclass
class Site:
    """The site, and what a test turns."""

    url: str
    accounts: PostgresAccounts
    clock: SetClock
    live: LiveCalls
    monotonic: float = 1000.0  # seconds, by which wrong passwords are counted
    status: dict[str, Any] | None = None  # what the controller tells; None: it does not answer
    browsers: list[Browser] = field(default_factory=list)

    def browser(self) -> Browser:
        """Another person's."""
        jar = aiohttp.CookieJar(unsafe=True)  # for an address, too
        made = Browser(self.url, aiohttp.ClientSession(cookie_jar=jar))
        self.browsers.append(made)
        return made

    async def account(self, name: str, role: Role = Role.RECEPTIONIST) -> None:
        """One whose password is PASSWORD."""
        identifier, kept = uuid4(), QUICK.hash(PASSWORD)
        change = Change("a test", "account.created", name)
        assert await self.accounts.add(identifier, name, role, kept, change)
        begin = self.clock.now()
        assert await self.accounts.set_password(identifier, kept, begin, change, must_change=False)

    async def signed_in(self, role: Role = Role.RECEPTIONIST, name: str = "") -> Browser:
        """Somebody in that role."""
        name = name or f"{role.value}-{len(self.browsers)}"
        await self.account(name, role)
        browser = self.browser()
        assert (await browser.sign_in(name)).to == "/"
        await browser.get("/")
        return browser


async def served_site(dsn: Callable[[], str], organisation: Organisation, folder: Any) -> AsyncIterator[Site]:
    """One on a database."""
    clock, store, accounts, calls = SetClock(), PostgresConsole(dsn), PostgresAccounts(dsn), ConsoleCalls(dsn)
    bookings, kept = bookings_of(dsn, clock)
    site = Site("", accounts, clock, LiveCalls(calls, clock))

    async def live() -> Organisation:
        return organisation

    async def status() -> dict[str, Any] | None:
        return site.status

    async def is_answering() -> bool:
        return site.status is not None

    office = SiteOffice(
        store=store,
        organisation=live,
        clock=clock,
        is_controller_answering=is_answering,
        bookings=bookings,
        accounts=accounts,
        calls=calls,
        live_calls=site.live,
        hashed=slow_hash.hashed,
        is_right=slow_hash.is_right,
        wrong_passwords=WrongSecrets(lambda: site.monotonic),
        controller_status=status,
        session_key=session_key(folder / "console.key"),
        over_tls=False,
    )
    runner = web.AppRunner(make_application(office), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = "http://{}:{}".format(*runner.addresses[0][:2])
    try:
        yield site
    finally:
        for browser in site.browsers:
            await browser.session.close()
        await runner.cleanup()
        for each in (store, accounts, calls):
            each.close()
        await kept.close()
