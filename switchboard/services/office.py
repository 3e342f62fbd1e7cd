"""What every script needs of the office: who we are, when we are open, what we say, what time it is, where we note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from switchboard.domain.clients import Client
from switchboard.domain.facts import Fact
from switchboard.domain.forwarding import Situation
from switchboard.domain.hours import HoursTable
from switchboard.domain.language import Language
from switchboard.domain.organisation import Organisation, Person
from switchboard.domain.presence import Presence
from switchboard.domain.ring_strategy import PhoneUses
from switchboard.ports import CallLedger, ClientDirectory, Clock, PresenceBook, Utterance
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

    async def set(self, presence: Presence) -> None:
        """Nothing is kept."""


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
    queues: Queues = field(default_factory=Queues)
