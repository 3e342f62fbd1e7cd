"""One call through a configuration, in virtual time: what `switchboard simulate` and tests play."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from switchboard.domain.call_record import CallEvent, Disposition
from switchboard.domain.clients import Client
from switchboard.domain.language import Language
from switchboard.domain.lookups import LookupAnswer
from switchboard.domain.organisation import Organisation
from switchboard.domain.screening import Rule, Screened, Verdict
from switchboard.flows.configuration import Configuration
from switchboard.flows.interpret import conversation_of
from switchboard.ports import Utterance
from switchboard.services.answer_call import answer_call
from switchboard.services.office import Office, Screening
from switchboard.testing.in_memory_appointments import InMemoryAppointments
from switchboard.testing.in_memory_clients import EveryCallerIs
from switchboard.testing.in_memory_ledger import InMemoryLedger
from switchboard.testing.in_memory_messages import InMemoryMessages
from switchboard.testing.in_memory_presence import InMemoryPresence
from switchboard.testing.interactive_call import InteractiveCall, Player
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.script import Action, PhoneBehaviour
from switchboard.testing.scripted_call import ScriptedCall
from switchboard.testing.scripted_lookups import ScriptedLookups
from switchboard.testing.transcript import Line

Listener = Callable[[Line | CallEvent], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """The call to be simulated."""

    at: datetime  # an instant
    number: str  # one of the organisation's
    caller: str = ""  # their number; "" when withheld
    language: Language | None = None  # in which it begins; None: the number's
    actions: Sequence[Action] = ()
    phones: Mapping[str, PhoneBehaviour] = field(default_factory=dict)  # one not mentioned is unavailable
    lasts: Callable[[Utterance], timedelta] | None = None  # how long an utterance takes; None: by its length
    lookups: Sequence[LookupAnswer] = ()  # what other systems answer, in turn; nobody is known without any
    screened: Verdict | None = None  # what screening finds; None: what the rules say
    client: Client | None = None  # who calls, whatever the number; None: nobody of the client list


@dataclass(frozen=True, slots=True)
class Simulated:
    """What became of it."""

    call: ScriptedCall
    events: Sequence[CallEvent]
    disposition: Disposition | None


class _Ledger(InMemoryLedger):
    """Tells each event as it is appended."""

    def __init__(self, listener: Listener | None) -> None:
        super().__init__()
        self._listener = listener

    def append(self, event: CallEvent) -> None:
        """Take the event."""
        super().append(event)
        if self._listener is not None:
            self._listener(event)


async def simulate(
    configuration: Configuration,
    setup: Setup,
    *,
    player: Player | None = None,
    told: frozenset[str] = frozenset(),
    listener: Listener | None = None,
) -> Simulated:
    """Answer the call and lead it to its end, as the controller would.

    With a `player`, what the script and the phones `told` leave open is asked of them. `listener` is told each line
    and each event of the record as it happens.
    """
    clock, ledger, messages = ManualClock(setup.at), _Ledger(listener), InMemoryMessages()
    organisation = _speaking(configuration.organisation, setup)
    office = Office(
        organisation,
        configuration.hours,
        configuration.facts,
        configuration.prompts,
        configuration.version,
        clock,
        ledger,
        presence=InMemoryPresence(clock),
        clients=EveryCallerIs(setup.client),
        lookups=ScriptedLookups(setup.lookups),
        screening=Screening(always=None if setup.screened is None else Screened(setup.screened, Rule.BLOCKLIST)),
        messages=messages,
        appointments=InMemoryAppointments(organisation.appointments, clock, ZoneInfo(organisation.timezone)),
    )
    parts: dict[str, Any] = {
        "number": setup.number,
        "caller": setup.caller,
        "actions": setup.actions,
        "phones": setup.phones,
        "listener": listener,
        "lasts": setup.lasts,
    }
    call = InteractiveCall(clock, player, told=told, **parts) if player else ScriptedCall(clock, **parts)
    messages.recordings = call.recordings
    flow = organisation.numbers[setup.number].flow
    disposition = await answer_call(call, office, conversation_of(configuration, office, flow))
    return Simulated(call, ledger.events, disposition)


def _speaking(organisation: Organisation, setup: Setup) -> Organisation:
    if setup.language is None:
        return organisation
    number = replace(organisation.numbers[setup.number], language=setup.language)
    return replace(organisation, numbers={**organisation.numbers, setup.number: number})
