"""The composition root: the one place that wires ports, services, flows and adapters into a controller."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
import uvloop

from switchboard import __version__, logs
from switchboard.appointment_post import AppointmentPost
from switchboard.asterisk.agi import AgiServer
from switchboard.asterisk.agi_answers import agi_handlers
from switchboard.asterisk.ami import AmiAddress
from switchboard.asterisk.ari import AriAddress
from switchboard.asterisk.call import AsteriskCall
from switchboard.asterisk.calling_out import callback_of
from switchboard.asterisk.exchange import Exchange
from switchboard.asterisk.leg import extension_of
from switchboard.asterisk.lights import MessageLights
from switchboard.asterisk.recording_calls import RecordingDisk
from switchboard.asterisk.reloading import Reloading
from switchboard.changeover import Changeover
from switchboard.control_socket import ControlSocket
from switchboard.domain.dialling import Phone
from switchboard.domain.hours import HoursState
from switchboard.domain.organisation import Organisation
from switchboard.domain.presence import Status
from switchboard.domain.ring_strategy import COUNTED, PhoneUses
from switchboard.domain.screening import Screened
from switchboard.errors import RecordsUnreachable, SwitchboardError
from switchboard.flows.interpret import can_resume, conversation_of, is_queue
from switchboard.folders import Folders
from switchboard.machine.account import folders_of, service_account
from switchboard.machine.running import read_running
from switchboard.machine.secrets import read_secrets
from switchboard.message_post import MessagePost
from switchboard.ports import AgentCall, AgentLine, CallLedger, Clock, OutboundCaps, Position
from switchboard.postgres.appointments import PostgresAppointments
from switchboard.postgres.archive import PostgresArchive
from switchboard.postgres.blocklist import MirroredLists
from switchboard.postgres.callbacks import KeptCallbacks
from switchboard.postgres.clients import MirroredClients
from switchboard.postgres.collector import CelCollector
from switchboard.postgres.drain import Drain
from switchboard.postgres.filing import Filing
from switchboard.postgres.kept_messages import KeptMessages
from switchboard.postgres.mailboxes import PostgresMailboxes
from switchboard.postgres.migrate import migrate
from switchboard.postgres.presence import KeptPresence
from switchboard.postgres.recordings import RecordingKeeper
from switchboard.postgres.rota_swaps import MirroredSwaps
from switchboard.postgres.spool import SpooledLedger
from switchboard.remote.json_lookups import JsonLookups
from switchboard.remote.spam_scores import HttpSpamScores
from switchboard.services.answer_call import answer_call
from switchboard.services.answer_star_code import answer_star_code
from switchboard.services.call_back import CallingBack
from switchboard.services.identify_caller import KnownCaller, identify_caller
from switchboard.services.office import Screening
from switchboard.services.resume_call import end_politely
from switchboard.services.screen_call import screen_number
from switchboard.services.wait_in_queue import Queues, WatchedLedger
from switchboard.serving import Served, Serving
from switchboard.settings import Settings

CALLS_REMEMBERED = 10_000  # at a start, of the last day: whose phone took how many
RECORDS_RETRY = 2.0  # seconds between attempts while Postgres is away
QUEUES_OPEN = 3.0  # seconds that queues wait at a start for callers they had; who is later may lose a place
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
        self._clock = clock or SystemClock()
        self._ledger = SpooledLedger(self._folders.ledger)
        self._presence = KeptPresence(
            self._database_url(), self._folders.state, self._clock, lambda phone: self._exchange.devices.state_of(phone)
        )
        self._phone_uses = PhoneUses()
        self._queues = Queues(self._phone_uses, is_starting=True)
        self._clients = MirroredClients(self._database_url(), self._folders.state)
        self._swaps = MirroredSwaps(self._database_url(), self._folders.state)
        self._lists = MirroredLists(self._database_url(), self._folders.state)
        self._spam = _spam_scores(settings)
        self._lookups = JsonLookups()
        self._lights = MessageLights(lambda: self._exchange.ami)
        self._messages = KeptMessages(self._folders, self._ledger, room=settings.messages_free_mb << 20)
        self._recording_disk = RecordingDisk(self._folders.call_audio)
        self._recordings = RecordingKeeper(self._folders, self._clock, self._database_url())
        self._mailboxes = PostgresMailboxes(
            self._database_url(), self._folders.messages, self._clock, lambda phone: self._serving.person_at(phone)
        )
        self._callbacks = KeptCallbacks(self._database_url(), self._folders.state, self._clock)
        self._calling_back = CallingBack(lambda: self._serving.now.office, self)
        self._callbacks.learned = self._calling_back.learned
        self._appointments = PostgresAppointments(
            self._database_url(),
            self._clock,
            lambda: self._organisation().appointments,
            lambda: ZoneInfo(self._organisation().timezone),
        )
        watched: CallLedger = self._ledger
        for noted in (self._phone_uses.noted, self._queues.rooms.noted, self._calling_back.noted):
            watched = WatchedLedger(watched, noted)
        self._serving = Serving(
            settings,
            self._folders,
            self._clock,
            watched,
            self._queues,
            self._presence,
            self._clients,
            self._phone_uses,
            Screening(lists=self._lists, spam=self._spam),
            self._lookups,
            self._lights,
            self._messages,
            self._recording_disk,
            self._mailboxes,
            self._callbacks,
            self._swaps,
            self._appointments,
        )
        secrets = read_secrets(self._folders.secrets)
        self._exchange: Exchange[Served] = Exchange(
            AriAddress(settings.ari_port, secrets.ari),
            AmiAddress(settings.ami_port, secrets.ami),
            self._folders.messages,
            version_for=self._serving.for_number,
            serve=self._serve,
            all_adopted=self._all_adopted,
            phones_changed=self._queues.rooms.look_again,
            phone_registered=self._lights.tell,
            desk_phones=lambda: self._serving.now.phones,
            not_to_be_rung=self._not_to_be_rung,
        )
        reloading = Reloading(self._exchange.ari, self._exchange.ami, self._folders, service_account(settings))
        self._changeover = Changeover(self._serving, reloading, lambda: self._exchange.is_answering)
        self._control = ControlSocket(self._folders.controller_socket, status=self._status, reload=self._changeover.to)
        self._drain = Drain(self._ledger, self._database_url())
        self._filing: Filing | None = None
        self._are_calls_known = False  # those that an earlier controller left behind
        self._post = MessagePost(
            settings,
            self._folders,
            self._database_url,
            self._clock,
            lambda: self._serving.now.configuration.organisation,
        )
        self._appointment_post = AppointmentPost(
            self._database_url(), lambda: self._serving.now.office, self, self._appointments
        )
        self._records_problem: str | None = None

    def _organisation(self) -> Organisation:
        """As calls that come now have it."""
        return self._serving.now.configuration.organisation

    @property
    def is_answering(self) -> bool:
        """A call that comes now is answered by a flow."""
        return self._exchange.is_answering

    async def run(self, stop: asyncio.Event) -> None:
        """Start, serve until told to stop, stop in order: nothing that was promised is dropped."""
        async with contextlib.AsyncExitStack() as running:
            running.callback(self._ledger.close)
            running.push_async_callback(self._serving.close)
            running.push_async_callback(self._lookups.close)
            running.push_async_callback(self._mailboxes.close)
            if self._spam is not None:
                running.push_async_callback(self._spam.close)
            running.callback(self._presence.close)
            running.push_async_callback(self._callbacks.close)
            await running.enter_async_context(_background(self._keep_presence(), "presence"))
            await running.enter_async_context(_background(self._clients.mirror.run(), "clients"))
            await running.enter_async_context(_background(self._swaps.mirror.run(), "rota-swaps"))
            await running.enter_async_context(_background(self._lists.mirror.run(), "lists"))
            await running.enter_async_context(_background(self._keep_records(), "records"))
            running.push_async_callback(self._ledger_kept)
            running.push_async_callback(self._post.close)
            await running.enter_async_context(_background(self._post.run(), "message-post"))
            await self._exchange.start()
            running.push_async_callback(self._exchange.close)
            await running.enter_async_context(_background(self._lights.run(), "message-lights"))
            await running.enter_async_context(_background(self._callbacks.run(), "callbacks"))
            await running.enter_async_context(_background(self._calling_back.run(), "calling-back"))
            running.push_async_callback(self._appointments.close)
            running.push_async_callback(self._appointment_post.close)
            await running.enter_async_context(_background(self._appointment_post.run(), "appointment-post"))
            agi = AgiServer(agi_handlers(self._hours_now, self._caller, self._screened))
            await agi.start(self._settings.agi_port)
            running.push_async_callback(agi.close)
            await running.enter_async_context(_background(self._changeover.keep_settled(), "settling"))
            await running.enter_async_context(self._control.serving())
            log.info("controller_started", version=__version__, flows=self._serving.now.version)
            await stop.wait()
            log.info("controller_stopping", calls=len(self._exchange.calls))
        log.info("controller_stopped")

    async def _serve(self, call: AsteriskCall, served: Served, *, adopted: bool, position: Position | None) -> None:
        """One call's task: led by one version from its beginning to its end."""
        structlog.contextvars.bind_contextvars(call=str(call.id))
        if call.entrance[0] == "star":
            witness = {"linkedid": call.channel, "channel": call.channel_name}
            await answer_star_code(call, call.number, call.entrance[2], served.office, witness=witness)
            return
        if (callback := callback_of(call.channel)) is not None:  # an earlier controller began it
            if call.talking_to is not None:
                self._queues.rooms.talks(call.id, extension_of(call.channel_name))
            await self._calling_back.resume(call, callback, served.office)
            return
        if adopted:
            self._known_to_queues(call, served, position)
        with self._serving.call_with(position.version if position else served.version):
            if position is not None and (began_with := await self._serving.named(position.version)):
                served, call.prompts = began_with, began_with.prompts
            await self._lead(call, served, adopted=adopted, position=position)

    def _known_to_queues(self, call: AsteriskCall, served: Served, position: Position | None) -> None:
        """An agent who talks is not rung; who waited is waited for, so that all have the places they had."""
        if call.talking_to is not None:
            self._queues.rooms.talks(call.id, call.talking_to.line)
        elif position is not None and is_queue(served.configuration, position):
            self._queues.expect(call.id)

    def call(self, wanted: AgentCall) -> AbstractAsyncContextManager[AgentLine]:
        """Implements ports.AgentLines: by the version that is served now."""
        return self._exchange.call_agent(wanted, self._serving.now)

    async def may_call_outside(self, agent: Phone, caps: OutboundCaps) -> bool:
        """See ports.AgentLines."""
        return await self._exchange.outside_counts.may_call(agent.extension, caps)

    def _all_adopted(self) -> None:
        self._are_calls_known = True
        self._queues.all_adopted(self._clock.now())
        self._calling_back.begin()
        asyncio.get_running_loop().call_later(QUEUES_OPEN, lambda: self._queues.open(self._clock.now()))

    async def _lead(self, call: AsteriskCall, served: Served, *, adopted: bool, position: Position | None) -> None:
        configuration, office = served.configuration, served.office
        witness = {"linkedid": call.channel, "channel": call.channel_name}
        number = configuration.organisation.numbers.get(call.number)
        # Without a position it has not come to a step where it would wait for anybody: it begins again.
        is_lost = position is None if call.is_talking else position and not can_resume(configuration, position)
        if number is None or (adopted and is_lost):
            began = call.began if adopted else None
            await answer_call(call, office, end_politely(office), witness=witness, adopted=adopted, began=began)
            return
        conversation = conversation_of(configuration, office, position or number.flow, call.consent)
        began = call.began if adopted else None
        await answer_call(call, office, conversation, witness=witness, adopted=adopted, resumed=position, began=began)

    async def _keep_records(self) -> None:
        """Bring the schema up to date as soon as Postgres answers, then drain the ledger and read Asterisk's log."""
        while True:
            try:
                await migrate(self._database_url())
                self._records_problem = None
                await self._remember_phone_uses()
                await self._settle_mailboxes()
                await self._drain_and_collect()
            except SwitchboardError as error:
                if self._records_problem is None:
                    log.warning("records_wait_for_postgres", error=str(error))
                self._records_problem = str(error)
            except Exception:  # a task's root: whatever broke, records must not wait for a restart
                log.exception("records_broke_off", again_in=RECORDS_RETRY)
            await asyncio.sleep(RECORDS_RETRY)

    async def _remember_phone_uses(self) -> None:
        """Whose phone took which calls lately, as an earlier controller noted it."""
        try:
            async with PostgresArchive(self._database_url()) as archive:
                since = self._clock.now() - COUNTED
                self._phone_uses.remember(await archive.calls(since=since, limit=CALLS_REMEMBERED))
        except RecordsUnreachable as error:
            log.warning("phone_uses_not_known", error=str(error))  # groups begin as if nobody had taken a call

    async def _settle_mailboxes(self) -> None:
        """Greetings as Postgres has them."""
        try:
            await self._mailboxes.settle()
        except (RecordsUnreachable, OSError) as error:
            log.warning("greetings_not_settled", error=str(error))  # callers hear those that are on disk; records go on

    async def _keep_presence(self) -> None:
        """What people set goes to Postgres, and what others set comes from there."""
        while True:
            try:
                await self._presence.run()
            except Exception:  # a task's root: whatever broke, presence must not wait for a restart
                log.exception("presence_broke_off", again_in=RECORDS_RETRY)
            await asyncio.sleep(RECORDS_RETRY)

    async def _drain_and_collect(self) -> None:
        collector = CelCollector(
            self._folders,
            self._ledger,
            self._database_url(),
            in_progress=self._exchange.in_progress,
            names=self._serving.names,
        )
        self._filing = Filing(
            self._database_url(),
            self._messages,
            self._ledger,
            self._clock,
            in_progress=lambda call: not self._are_calls_known or self._exchange.in_progress(call),
            organisation=lambda: self._serving.now.configuration.organisation,
            hours=lambda: self._serving.now.configuration.hours,
            lights=self._lights,
            keep_originals=self._settings.messages_keep_original,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._drain.run(), name="drain")
            tasks.create_task(self._filing.run(), name="filing")
            tasks.create_task(self._recordings.run(), name="recordings")
            tasks.create_task(collector.run(), name="collector")

    async def _ledger_kept(self) -> None:
        """Give the ledger a moment to reach Postgres."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ARCHIVE_DEADLINE):
                await self._ledger.durable()
                await self._ledger.archived()

    def _status(self) -> dict[str, Any]:
        return {
            "answering": self._exchange.is_answering,
            "calls": len(self._exchange.calls),
            "flow_version": self._serving.now.version,
            "versions_in_use": self._serving.in_use,
            "configuration_problem": self._changeover.problem or None,
            "asterisk_version": self._exchange.asterisk_version,
            "ledger_backlog": self._ledger.backlog,
            "ledger_problem": self._ledger.problem,
            "queues": self._queues.told(),
            "callbacks": self._calling_back.told(),
            "callbacks_problem": self._callbacks.problem,
            "presence_problem": self._presence.problem,
            "postgres_problem": self._records_problem or self._drain.problem,
            "messages_have_room": self._messages.has_room(),
            "messages_problem": self._filing.problem if self._filing else None,
            "recordings_have_room": self._recording_disk.has_room(),
            "recordings_problem": self._recordings.problem,
            "messages": self._post.told(),
            "appointments": self._appointment_post.told(),
            "clients": len(self._clients.mirror.rows),
            "clients_problem": self._clients.mirror.problem,
            "rota_swaps_problem": self._swaps.mirror.problem,
            "screening_problem": self._lists.mirror.problem or (self._spam.problem if self._spam else None),
        }

    def _caller(self, number: str) -> KnownCaller:
        return identify_caller(number, self._serving.now.office)

    def _not_to_be_rung(self) -> dict[str, bool]:
        """Of each desk phone: did its person say not to be rung?"""
        organisation, now = self._serving.now.configuration.organisation, self._clock.now()
        said = {
            person.phone.extension: self._presence.presence_of(person.id)
            for person in organisation.people.values()
            if person.phone is not None
        }
        return {
            extension: presence is not None and presence.status_at(now) is not Status.AVAILABLE
            for extension, presence in said.items()
        }

    def _screened(self, number: str) -> Screened:
        return screen_number(number, self._serving.now.office)

    def _hours_now(self, table: str) -> HoursState | None:
        found = self._serving.now.configuration.hours.get(table)
        return found.state_at(self._clock.now()) if found else None

    def _database_url(self) -> str:
        if self._settings.database_url is not None:
            return str(self._settings.database_url)
        running = read_running(self._folders)
        return running.database_url if running else ""


def _spam_scores(settings: Settings) -> HttpSpamScores | None:
    if settings.spam_url is None:
        return None
    return HttpSpamScores(settings.spam_url, settings.spam_token.get_secret_value() if settings.spam_token else "")


@contextlib.asynccontextmanager
async def _background(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
