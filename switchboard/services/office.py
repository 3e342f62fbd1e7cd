"""What every script needs of the office: who we are, when we are open, what we say, what time it is, where we note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switchboard.domain.facts import Fact
from switchboard.domain.hours import HoursTable
from switchboard.domain.language import Language
from switchboard.domain.organisation import Organisation
from switchboard.ports import CallLedger, Clock, Utterance

Speech = Mapping[Language, tuple[Utterance, ...]]  # in every language of the organisation, gaps filled

# Prompts that the switchboard says by itself, whatever the flows; every configuration must have their texts.
APOLOGY = "apology"
GOODBYE = "goodbye"
RECEPTION_UNAVAILABLE = "reception_unavailable"


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
