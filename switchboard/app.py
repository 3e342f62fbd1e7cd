"""The composition root: the one place that wires ports, services, flows and adapters into a controller."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import structlog
import uvloop
from aiohttp import web

from switchboard import __version__, logs
from switchboard.asterisk.agi import AgiServer
from switchboard.asterisk.agi_answers import agi_handlers
from switchboard.asterisk.ami import AmiAddress
from switchboard.asterisk.ari import AriAddress
from switchboard.asterisk.call import AsteriskCall
from switchboard.asterisk.exchange import Exchange
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.domain.hours import HoursState
from switchboard.errors import SwitchboardError
from switchboard.flows.configuration import Configuration
from switchboard.flows.interpret import can_resume, conversation_of
from switchboard.flows.load import load_configuration
from switchboard.folders import Folders
from switchboard.machine.account import folders_of
from switchboard.machine.running import read_running
from switchboard.machine.secrets import read_secrets
from switchboard.ports import Clock, Position
from switchboard.postgres.collector import CelCollector
from switchboard.postgres.drain import Drain
from switchboard.postgres.migrate import migrate
from switchboard.postgres.spool import SpooledLedger
from switchboard.services.answer_call import answer_call
from switchboard.services.office import Office
from switchboard.services.resume_call import end_politely
from switchboard.settings import Settings

RECORDS_RETRY = 2.0  # seconds between attempts while Postgres is away
ARCHIVE_DEADLINE = 3.0  # seconds the ledger gets at the end to reach Postgres; the rest waits for the next start

log = structlog.get_logger()


class SystemClock:
    """ports.Clock over the machine's."""

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)


def run_controller(settings: Settings) -> None:
    """Answer calls until SIGTERM or SIGINT."""
    logs.configure(settings)
    uvloop.run(_run_until_told(Controller(settings)))


async def _run_until_told(controller: Controller) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    gc.collect()
    gc.freeze()  # what is loaded by now lives as long as we do: the collector need not look at it during calls
    await controller.run(stop)


class Controller:
    """Everything one controller process is made of. `clock` is what it takes for now."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self._settings = settings
        self._folders: Folders = folders_of(settings)
        self._configuration: Configuration = load_configuration(settings.ivr, settings.prompts)
        self._ledger = SpooledLedger(self._folders.ledger)
        self._office = Office(
            organisation=self._configuration.organisation,
            hours=self._configuration.hours,
            facts=self._configuration.facts,
            prompts=self._configuration.prompts,
            version=self._configuration.version,
            clock=clock or SystemClock(),
            ledger=self._ledger,
        )
        secrets = read_secrets(self._folders.secrets)
        self._exchange = Exchange(
            AriAddress(settings.ari_port, secrets.ari),
            AmiAddress(settings.ami_port, secrets.ami),
            prompts=PromptStore(self._folders.prompts, self._configuration.utterances),
            phones=self._configuration.organisation.phones,
            serve=self._serve,
        )
        self._drain = Drain(self._ledger, self._database_url())
        self._records_problem: str | None = None

    @property
    def is_answering(self) -> bool:
        """A call that comes now is answered by a flow."""
        return self._exchange.is_answering

    async def run(self, stop: asyncio.Event) -> None:
        """Start, serve until told to stop, stop in order: nothing that was promised is dropped."""
        async with contextlib.AsyncExitStack() as running:
            running.callback(self._ledger.close)
            await running.enter_async_context(self._background(self._keep_records(), "records"))
            await self._exchange.start()
            running.push_async_callback(self._exchange.close)
            agi = AgiServer(agi_handlers(self._hours_now))
            await agi.start(self._settings.agi_port)
            running.push_async_callback(agi.close)
            await running.enter_async_context(self._status_server())
            log.info("controller_started", version=__version__, flows=self._configuration.version)
            await stop.wait()
            log.info("controller_stopping", calls=len(self._exchange.calls))
        log.info("controller_stopped")

    async def _serve(self, call: AsteriskCall, *, adopted: bool, position: Position | None) -> None:
        """One call's task."""
        structlog.contextvars.bind_contextvars(call=str(call.id))
        witness = {"linkedid": call.channel, "channel": call.channel_name}
        # Without a position it has not come to a step where it would wait for anybody: it begins again.
        is_lost = position is None if call.is_talking else position and not can_resume(self._configuration, position)
        if adopted and is_lost:
            await answer_call(
                call, self._office, end_politely(self._office), witness=witness, adopted=True, began=call.began
            )
            return
        flow = self._configuration.organisation.numbers[call.number].flow
        conversation = conversation_of(self._configuration, self._office, position or flow)
        began = call.began if adopted else None
        await answer_call(
            call, self._office, conversation, witness=witness, adopted=adopted, resumed=position, began=began
        )

    async def _keep_records(self) -> None:
        """Bring the schema up to date as soon as Postgres answers, then drain the ledger and read Asterisk's log."""
        while True:
            try:
                await migrate(self._database_url())
                self._records_problem = None
                await self._drain_and_collect()
            except SwitchboardError as error:
                if self._records_problem is None:
                    log.warning("records_wait_for_postgres", error=str(error))
                self._records_problem = str(error)
            except Exception:  # a task's root: whatever broke, records must not wait for a restart
                log.exception("records_broke_off", again_in=RECORDS_RETRY)
            await asyncio.sleep(RECORDS_RETRY)

    async def _drain_and_collect(self) -> None:
        names = {phone.extension: phone.name for phone in self._configuration.organisation.phones.values()}
        collector = CelCollector(
            self._folders, self._ledger, self._database_url(), in_progress=self._exchange.in_progress, names=names
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._drain.run(), name="drain")
            tasks.create_task(collector.run(), name="collector")

    @contextlib.asynccontextmanager
    async def _background(self, work: Any, name: str) -> AsyncIterator[None]:
        task = asyncio.create_task(work, name=name)
        try:
            yield
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ARCHIVE_DEADLINE):
                    await self._ledger.durable()
                    await self._ledger.archived()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _status_server(self) -> AsyncIterator[None]:
        application = web.Application()
        application.router.add_get("/status", self._status)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        socket = self._folders.controller_socket
        socket.unlink(missing_ok=True)
        await web.UnixSite(runner, str(socket)).start()
        socket.chmod(0o600)
        try:
            yield
        finally:
            await runner.cleanup()

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "answering": self._exchange.is_answering,
                "calls": len(self._exchange.calls),
                "flow_version": self._configuration.version,
                "asterisk_version": self._exchange.version,
                "ledger_backlog": self._ledger.backlog,
                "ledger_problem": self._ledger.problem,
                "postgres_problem": self._records_problem or self._drain.problem,
            }
        )

    def _hours_now(self, table: str) -> HoursState | None:
        found = self._configuration.hours.get(table)
        return found.state_at(self._office.clock.now()) if found else None

    def _database_url(self) -> str:
        if self._settings.database_url is not None:
            return str(self._settings.database_url)
        running = read_running(self._folders)
        return running.database_url if running else ""
