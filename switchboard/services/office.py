"""What every script needs of the office: who we are, when we are open, what we say, what time it is, where we note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID
from zoneinfo import ZoneInfo

from switchboard.appointment_ports import Appointments
from switchboard.domain.absence import NotedAbsence
from switchboard.domain.callback import CallbackBook
from switchboard.domain.clients import Client
from switchboard.domain.facts import Fact
from switchboard.domain.forwarding import Situation
from switchboard.domain.hours import HoursTable
from switchboard.domain.identity import CallId
from switchboard.domain.language import Language
from switchboard.domain.lookups import Lookup, LookupAnswer, LookupOutcome
from switchboard.domain.organisation import Organisation, Person
from switchboard.domain.presence import Presence
from switchboard.domain.ring_strategy import PhoneUses
from switchboard.domain.rota import Swap
from switchboard.domain.screening import Listed, RateCounter, Screened
from switchboard.errors import MessageNotKept
from switchboard.ports import (
    Callbacks,
    CallLedger,
    ClientDirectory,
    Clock,
    KeptRecording,
    Lookups,
    Mailboxes,
    MessageLights,
    Messages,
    PresenceBook,
    RecordingSpace,
    ScreeningLists,
    SpamScores,
    SwapBook,
    Utterance,
)
from switchboard.services.wait_in_queue import Queues

Speech = Mapping[Language, tuple[Utterance, ...]]  # in every language of the organisation, gaps filled

# Prompts that the switchboard says by itself, whatever the flows; every configuration must have their texts.
APOLOGY = "apology"
GOODBYE = "goodbye"
RECEPTION_UNAVAILABLE = "reception_unavailable"


class NoClients:
    """A directory of nobody: of an organisation without a client list."""

    def of(self, number: str) -> Client | None:
        """Nobody is known."""


class EverybodyIn:
    """A presence book of which nobody knows better: who has a phone is rung."""

    def presence_of(self, person: str) -> Presence | None:
        """Nobody said anything."""

    def situation_of(self, person: Person, zone: ZoneInfo, hours: HoursTable | None = None) -> Situation:
        """There."""
        return Situation()

    def noted_absences(self) -> Sequence[NotedAbsence]:
        """None."""
        return ()

    async def set(self, presence: Presence) -> None:
        """Nothing is kept."""


class NoSwaps:
    """Rotas as they are written."""

    def of(self, rota: str) -> Sequence[Swap]:
        """Nothing was swapped."""
        return ()


class NoLights:
    """Phones without a message-waiting light."""

    def light(self, extension: str, new: int, saved: int) -> None:
        """Nothing is lit."""


class NoLookups:
    """Nobody can be asked."""

    async def ask(self, lookup: Lookup, number: str, dialled: str) -> LookupAnswer:
        """Nobody is."""
        return LookupAnswer(LookupOutcome.FAILED, why="nobody can be asked here")


class NoMessages:
    """No message can be taken here."""

    def has_room(self) -> bool:
        """No."""
        return False

    async def keep(self, name: UUID, takes: Sequence[Sequence[UUID]]) -> KeptRecording | None:
        """Nothing is kept."""
        raise MessageNotKept("messages are not kept here")

    async def discard(self, recordings: Sequence[UUID]) -> None:
        """Nothing is there."""

    async def settled(self) -> None:
        """At once."""


class EndlessSpace:
    """Recordings of which nobody asks how much room they take."""

    def has_room(self) -> bool:
        """There is."""
        return True


class CallbacksInMemory(CallbackBook):
    """ports.Callbacks that are forgotten at the end of the process."""

    async def durable(self) -> None:
        """Nothing is kept."""


class NoLists:
    """Lists of nobody, but of whom is blocked here."""

    def __init__(self) -> None:
        self._blocked: dict[str, str] = {}

    def allowed(self, number: str) -> Listed | None:
        """Nobody."""

    def blocked(self, number: str) -> Listed | None:
        """Who was blocked here."""
        return Listed(number, self._blocked[number]) if number in self._blocked else None

    def block(self, number: str, why: str) -> None:
        """Until the end of the process."""
        self._blocked[number] = why


@dataclass(frozen=True, slots=True)
class LastCall:
    """The call that rang a phone last."""

    call_id: CallId
    number: str  # E.164; "" where it is none


@dataclass(slots=True)
class Screening:
    """What screening knows besides its rules; of all versions, in memory."""

    lists: ScreeningLists = field(default_factory=NoLists)
    rates: RateCounter = field(default_factory=RateCounter)
    spam: SpamScores | None = None
    last_calls: dict[str, LastCall] = field(default_factory=dict)  # by extension
    always: Screened | None = None  # the verdict whoever calls, for trying flows


@dataclass(frozen=True, slots=True)
class Office:
    """One version of the organisation, and this machine's clock and ledger. Shared by all calls of that version."""

    organisation: Organisation
    hours: Mapping[str, HoursTable]
    facts: Mapping[str, Fact]
    prompts: Mapping[str, Speech]
    version: str
    clock: Clock
    ledger: CallLedger
    presence: PresenceBook = field(default_factory=EverybodyIn)
    clients: ClientDirectory = field(default_factory=NoClients)
    phone_uses: PhoneUses = field(default_factory=PhoneUses)
    screening: Screening = field(default_factory=Screening)
    lookups: Lookups = field(default_factory=NoLookups)
    lights: MessageLights = field(default_factory=NoLights)
    queues: Queues = field(default_factory=Queues)
    messages: Messages = field(default_factory=NoMessages)
    recording_space: RecordingSpace = field(default_factory=EndlessSpace)
    swaps: SwapBook = field(default_factory=NoSwaps)
    mailboxes: Mailboxes | None = None  # None: messages cannot be heard by phone
    callbacks: Callbacks = field(default_factory=CallbacksInMemory)
    appointments: Appointments | None = None  # None: nothing can be booked by phone
