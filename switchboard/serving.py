"""Versions of the configuration in memory: the one calls begin with now, and those that earlier calls began with."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import structlog

from switchboard.appointment_ports import Appointments
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.domain.dialling import Phone
from switchboard.domain.mobile_lines import MobileLine, mobile_lines
from switchboard.domain.ring_strategy import PhoneUses
from switchboard.errors import ConfigurationError
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.flows.versions import load_live
from switchboard.folders import Folders
from switchboard.loading import Loaded, Loader, Wanted, load_here
from switchboard.ports import (
    Callbacks,
    CallLedger,
    ClientDirectory,
    Clock,
    Lookups,
    Mailboxes,
    MessageLights,
    Messages,
    PresenceBook,
    RecordingSpace,
    SwapBook,
)
from switchboard.services.office import (
    CallbacksInMemory,
    EndlessSpace,
    EverybodyIn,
    NoClients,
    NoLights,
    NoLookups,
    NoMessages,
    NoSwaps,
    Office,
    Screening,
)
from switchboard.services.wait_in_queue import Queues
from switchboard.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, eq=False)
class Served:
    """One version with all that a call takes from it. A call holds the one it began with, until it ends."""

    configuration: Configuration
    office: Office
    prompts: PromptStore

    @property
    def version(self) -> str:
        """Its name."""
        return self.configuration.version

    @property
    def phones(self) -> Mapping[str, Phone]:
        """Desk phones by extension."""
        return self.configuration.organisation.phones

    @cached_property
    def mobile_lines(self) -> Mapping[str, MobileLine]:
        """How people's mobiles are rung, by number."""
        return mobile_lines(self.configuration.organisation)


class Serving:
    """What is served. `now` changes in one assignment; a change waits for `changing`."""

    def __init__(
        self,
        settings: Settings,
        folders: Folders,
        clock: Clock,
        ledger: CallLedger,
        queues: Queues | None = None,
        presence: PresenceBook | None = None,
        clients: ClientDirectory | None = None,
        phone_uses: PhoneUses | None = None,
        screening: Screening | None = None,
        lookups: Lookups | None = None,
        lights: MessageLights | None = None,
        messages: Messages | None = None,
        recording_space: RecordingSpace | None = None,
        mailboxes: Mailboxes | None = None,
        callbacks: Callbacks | None = None,
        swaps: SwapBook | None = None,
        appointments: Appointments | None = None,
    ) -> None:
        """Load what is live, at once. Raises ConfigurationError if there is nothing that could be served."""
        self._settings, self._folders = settings, folders
        self._clock, self._ledger = clock, ledger
        self._queues = queues or Queues()
        self._presence = presence or EverybodyIn()
        self._clients = clients or NoClients()
        self._phone_uses = phone_uses or PhoneUses()
        self._screening = screening or Screening()
        self._lookups = lookups or NoLookups()
        self._lights = lights or NoLights()
        self._messages = messages or NoMessages()
        self._recording_space = recording_space or EndlessSpace()
        self._mailboxes = mailboxes
        self._callbacks = callbacks or CallbacksInMemory()
        self._swaps = swaps or NoSwaps()
        self._appointments = appointments
        configuration, self.problem, self.is_kept = configuration_to_serve(settings, folders)
        if self.problem:
            log.error("configuration_refused", problem=self.problem, serving=configuration.version)
        wanted = Wanted(None, settings, folders, with_asterisk=False)
        self.now = self.ready(load_here(wanted, configuration))
        self.names = {phone.extension: phone.name for phone in self.now.phones.values()}
        self.changing = asyncio.Lock()
        self._loader = Loader()
        self._coming: Served | None = None
        self._before: Served | None = None
        self._in_use: Counter[str] = Counter()
        self._loading: dict[str, asyncio.Task[Served]] = {}  # versions that calls taken over began with

    @property
    def in_use(self) -> list[str]:
        """Versions that must stay on disk: calls in progress began with them, and after a restart go on in them."""
        return sorted({self.now.version, *(version for version, calls in self._in_use.items() if calls > 0)})

    def ready(self, loaded: Loaded) -> Served:
        """A loaded version as calls take it."""
        configuration = loaded.configuration
        office = Office(
            organisation=configuration.organisation,
            hours=configuration.hours,
            facts=configuration.facts,
            prompts=configuration.prompts,
            version=configuration.version,
            clock=self._clock,
            ledger=self._ledger,
            queues=self._queues,
            presence=self._presence,
            clients=self._clients,
            phone_uses=self._phone_uses,
            screening=self._screening,
            lookups=self._lookups,
            lights=self._lights,
            messages=self._messages,
            recording_space=self._recording_space,
            mailboxes=self._mailboxes,
            callbacks=self._callbacks,
            swaps=self._swaps,
            appointments=self._appointments,
        )
        return Served(configuration, office, loaded.prompts)

    async def load(self, version: str | None, *, with_asterisk: bool) -> Loaded:
        """Load a kept version (or the folders of the settings), aside of the calls. Raises ConfigurationError."""
        return await self._loader.load(Wanted(version, self._settings, self._folders, with_asterisk))

    def person_at(self, extension: str) -> str:
        """The id of the person whose desk phone it is; "" for nobody's."""
        person = self.now.configuration.organisation.person_at(extension)
        return person.id if person is not None else ""

    def for_number(self, number: str) -> Served:
        """What leads a call to this number that begins now.

        While a change is made, Asterisk knows a new number a moment before we do, and a call to one that is taken away
        may be on its way to us still.
        """
        for served in (self.now, self._coming, self._before):
            if served is not None and number in served.configuration.organisation.numbers:
                return served
        return self.now

    async def close(self) -> None:
        """End what loads."""
        await self._loader.close()

    @contextlib.contextmanager
    def coming(self, served: Served) -> Iterator[None]:
        """While Asterisk is told of it."""
        self._coming = served
        self.names |= {phone.extension: phone.name for phone in served.phones.values()}
        try:
            yield
        finally:
            self._coming = None

    def serve(self, served: Served) -> None:
        """From now on calls begin with it."""
        self._before, self.now = self.now, served
        self.is_kept, self.problem = True, ""

    @contextlib.contextmanager
    def call_with(self, version: str) -> Iterator[None]:
        """The length of a call that began with this version."""
        self._in_use[version] += 1
        try:
            yield
        finally:
            self._in_use[version] -= 1
            if not self._in_use[version]:
                del self._in_use[version]
                self._loading.pop(version, None)

    async def named(self, version: str) -> Served | None:
        """The version that a call of an earlier controller began with; None if it is kept no more, or can't be read.

        Calls that began with the same one share it, as long as one of them lasts (see `call_with`).
        """
        if version == self.now.version:
            return self.now
        loading = self._loading.get(version)
        if loading is None:
            loading = self._loading[version] = asyncio.create_task(self._load_served(version), name=f"load-{version}")
        try:
            return await asyncio.shield(loading)
        except ConfigurationError as error:
            log.warning("version_not_loaded", version=version, problem=str(error))
            return None

    async def _load_served(self, version: str) -> Served:
        return self.ready(await self.load(version, with_asterisk=False))


def configuration_to_serve(settings: Settings, folders: Folders) -> tuple[Configuration, str, bool]:
    """The configuration to start with, what is wrong with the one that should be (else ""), and whether it is kept.

    The live version; where it can't be read, the last one before that can; before the first version, and where none
    can be read, what the settings' folders hold. Raises ConfigurationError if that is wrong, too.
    """
    configuration, problem = load_live(folders.versions)
    if configuration is not None:
        return configuration, problem, True
    return load_configuration(settings.ivr, settings.prompts), problem, False
