"""The launcher behind `switchboard up`: what is started, in which order, and what the person who did is told."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import socket
import sys
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import asyncpg
import structlog
from rich.console import Console

from switchboard import logs
from switchboard.commands.first_account import FIRST, first_administrator
from switchboard.commands.live import choose_live, make_live, note_live
from switchboard.commands.preparation import Place, Prepared, make_place, prepare
from switchboard.commands.progress import ShownProgress
from switchboard.errors import RecordsUnreachable, SetupError
from switchboard.machine.asterisk_server import asterisk_server
from switchboard.machine.children import Children, Program
from switchboard.machine.console_link import console_problem
from switchboard.machine.controller_link import controller_status
from switchboard.machine.ports import check_console_port, check_ports
from switchboard.machine.postgres_server import PostgresServer, postgres_version
from switchboard.machine.running import Running, RunningProcess, only_one, start_of
from switchboard.postgres.migrate import migrate
from switchboard.settings import Settings

log = structlog.get_logger(__name__)


def launch(settings: Settings) -> None:
    """Start everything, say how to call, and return when told to stop (SIGINT, SIGTERM, SIGHUP) and all has ended.

    Raises SettingsError, SetupError or ConfigurationError if it can't be started; nothing is left running then.
    """
    logs.configure(settings)
    os.umask(0o022)  # what others must reach is told by modes, whatever the shell's habit
    console = Console(highlight=False, soft_wrap=True)
    place = make_place(settings)
    with only_one(place.folders, console.print):
        check_ports(settings)
        with ShownProgress() as shown:
            prepared = prepare(place, lambda: choose_live(place), shown.tell)
        make_live(place, prepared.chosen)
        asyncio.run(_Launcher(prepared, console).run())


class _Launcher:
    def __init__(self, prepared: Prepared, console: Console) -> None:
        self._prepared = prepared
        self._place: Place = prepared.place
        self._console = console
        self._children = Children()
        self._stopping = asyncio.Event()
        self._since = datetime.now(UTC)
        self._console_notice = ""
        self._running = Running(
            processes=[],
            database_url="",
            addresses=addresses_to_dial(prepared),
            versions={
                "switchboard": metadata.version("switchboard"),
                "python": platform.python_version(),
                "asterisk": prepared.asterisk.version,
            },
            asterisk_command=list(prepared.asterisk.command),
            state=str(self._place.folders.state),
            served=str(self._place.folders.served),
        )

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop)
        starting = asyncio.create_task(self._start_all())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                self._console.print(welcome(self._prepared, self._console_notice))
                await stopping
        finally:
            starting.cancel()
            stopping.cancel()
            await asyncio.gather(starting, stopping, return_exceptions=True)
            await self._children.stop()
            self._place.folders.running.unlink(missing_ok=True)
        self._console.print("Stopped.")

    def _stop(self) -> None:
        if self._stopping.is_set():
            self._children.hurry.set()
        else:
            self._stopping.set()
            self._console.print("\nStopping. Press Ctrl-C again not to wait.")

    async def _start_all(self) -> None:
        # Asterisk last: from then on calls arrive, and its safety net answers them until the controller does.
        await self._start_postgres()
        program = asterisk_server(self._prepared.asterisk, self._place.folders, self._place.account)
        await self._children.start(program, changed=self._note)
        self._note()
        await self._children.start(self._controller(), changed=self._note)
        self._note()
        await self._start_console()

    async def _start_console(self) -> None:
        """Calls need it for nothing: whatever is wrong with it is told, and the rest goes on."""
        settings = self._place.settings
        try:
            check_console_port(settings)
        except SetupError as error:
            self._console_notice = f"The console is not there: {error}, and start again. Calls are answered."
            return
        child = await self._children.start(self._console_server(), changed=self._note, must_start=False)
        self._note()
        self._console_notice = f"The console: {settings.console_url}"
        if password := await first_administrator(self._running.database_url):
            self._console_notice += f"\n\n  sign in as {FIRST} with the one-time password {password}"
        if child.pid is None:
            self._console_notice = f"The console does not start, see {child.program.log}. Calls are answered."

    async def _start_postgres(self) -> None:
        settings, folders = self._place.settings, self._place.folders
        if settings.database_url is not None:
            self._running.database_url = str(settings.database_url)
            try:
                await migrate(self._running.database_url)
                self._running.versions["postgres"] = await _server_version(self._running.database_url)
                await note_live(self._place, self._running.database_url)
            except RecordsUnreachable as error:
                log.warning("calls are answered without the database, and recorded when it is back", problem=str(error))
            return
        password = self._prepared.secrets.postgres
        server = PostgresServer(folders, port=settings.postgres_port, password=password, account=self._place.account)
        await self._children.start(await server.program(), changed=self._note)
        await server.make_database()
        await migrate(server.url)
        await note_live(self._place, server.url)
        self._running.database_url = server.url
        self._running.versions["postgres"] = postgres_version().rpartition(".")[0]  # the last is the package's

    def _controller(self) -> Program:
        socket = self._place.folders.controller_socket

        async def is_answering(_: int) -> bool:
            status = await controller_status(socket)
            return status is not None and status.get("answering") is True

        return Program(
            name="controller",
            command=(sys.executable, "-m", "switchboard", "controller"),
            folder=Path.cwd(),  # relative paths of the settings mean the same to it
            log=self._place.folders.logs / "controller.log",
            stop_signal=signal.SIGTERM,
            stop_within=timedelta(seconds=15),
            ready=is_answering,
        )

    def _console_server(self) -> Program:
        url = self._place.settings.console_url

        async def is_serving(_: int) -> bool:
            return await console_problem(url) is not None

        return Program(
            name="console",
            command=(sys.executable, "-m", "switchboard", "console"),
            folder=Path.cwd(),
            log=self._place.folders.logs / "console.log",
            stop_signal=signal.SIGTERM,
            stop_within=timedelta(seconds=5),
            ready=is_serving,
        )

    def _note(self) -> None:
        """Write who runs."""
        launcher = RunningProcess("launcher", os.getpid(), self._since.isoformat(), start_of(os.getpid()))
        self._running.processes = [launcher]
        for child in self._children.all():
            since = child.since.isoformat() if child.since else None
            started = start_of(child.pid) if child.pid else 0
            self._running.processes.append(RunningProcess(child.program.name, child.pid, since, started))
        self._running.write(self._place.folders)


async def _server_version(url: str) -> str:
    try:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            return str(await connection.fetchval("SHOW server_version", timeout=10))
        finally:
            await connection.close(timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise SetupError(f"database_url: Postgres does not say its version: {error}") from error


def addresses_to_dial(prepared: Prepared) -> list[str]:
    """The organisation's numbers as SIP addresses, in the order of the YAML."""
    host = _host(prepared.place.settings)
    port = prepared.place.settings.sip_port
    return [f"sip:{number}@{host}:{port}" for number in prepared.configuration.organisation.numbers]


def _host(settings: Settings) -> str:
    """The address a phone should use: the one bound, or, of all, that of the way out of this machine."""
    if not settings.bind.is_unspecified:
        return f"[{settings.bind}]" if settings.bind.version == 6 else str(settings.bind)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        try:
            trial.connect(("192.0.2.1", 9))  # sends nothing: only asks the kernel which way it would go
        except OSError:
            return "127.0.0.1"
        return str(trial.getsockname()[0])


def welcome(prepared: Prepared, *notices: str) -> str:
    """What the person who started it reads: whom to call, with which phone, where to look, how to stop."""
    settings, folders = prepared.place.settings, prepared.place.folders
    organisation = prepared.configuration.organisation
    server = f"{_host(settings)}:{settings.sip_port}"
    names = [number.name for number in organisation.numbers.values()]
    lines = [f"\n{organisation.name} answers calls. Dial with any SIP phone on this machine:\n"]
    lines += [f"  {address:<40} {name}" for address, name in zip(addresses_to_dial(prepared), names, strict=True)]
    lines += [f"\nDesk phones register at {server} with account and password:\n"]
    for extension, phone in sorted(organisation.phones.items()):
        lines.append(f"  {extension:<8} {prepared.secrets.phones[extension]:<18} {phone.name}")
    if not settings.bind.is_loopback:
        lines.append(
            f"\nSIP and RTP are open on {settings.bind}: whoever reaches this machine can call the numbers above "
            "and try to register as a desk phone."
        )
    lines += [f"\n{notice}" for notice in (*prepared.chosen.notices, *notices) if notice]
    lines += [f"\nLogs: {folders.logs}", f"How it is: {_own_command()} status", "Stop: Ctrl-C\n"]
    return "\n".join(lines)


def _own_command() -> str:
    """How this program is started from the folder the person is in."""
    program = Path(sys.executable).with_name("switchboard")
    if not program.exists():
        return "switchboard"
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)
