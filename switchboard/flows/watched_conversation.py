"""A conversation for exploring: it notes what steps look at, and records nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.clients import SUBJECTS, Client
from switchboard.domain.language import Language
from switchboard.domain.lookups import Looked, Lookup, LookupOutcome
from switchboard.domain.pin import Admission
from switchboard.domain.queueing import Queue
from switchboard.domain.rota import OnDuty, Rota
from switchboard.domain.screening import Screened, Verdict
from switchboard.flows.configuration import Configuration, Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.expressions.types import Value
from switchboard.flows.forking_appointments import KEYS_TOLD, forked_visit
from switchboard.flows.forking_call import ForkingCall, LookedUp
from switchboard.flows.lookup_kinds import Taken, values_of
from switchboard.flows.moves import ByClock
from switchboard.flows.visiting_calendars import CalendarVisit
from switchboard.flows.watched_variables import WatchedVariables
from switchboard.ports import Call, Position
from switchboard.services.identify_caller import known_caller
from switchboard.services.offer_callback import Promise
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

_SCREENED = "_screened"  # among a call's variables; none that is declared is called so
_THEN = datetime(2000, 1, 1, tzinfo=UTC)  # what a run notes is thrown away: its instants mean nothing


class WatchedConversation(Conversation):
    """A Conversation that notes what steps look at."""

    __slots__ = (
        "_forking",
        "asked_of_clock",
        "by_clock",
        "instant",
        "saw_client",
        "saw_clock",
        "saw_language",
        "who_calls",
    )

    def __init__(
        self,
        call: ForkingCall,
        recorder: CallRecorder,
        office: Office,
        configuration: Configuration,
        start: str | Position,
    ) -> None:
        super().__init__(call, recorder, office, configuration, start)
        variables = dict(self.variables)
        if isinstance(start, Position) and (verdict := dict(start.variables).get(_SCREENED)):
            variables[_SCREENED] = verdict
        self.variables: WatchedVariables = WatchedVariables(variables)
        self._forking = call
        self.instant = _THEN
        self.message_reviews = 1  # what comes of several is what comes of the last
        self.who_calls = known_caller("", None, configuration.organisation)
        self.saw_client: set[str] = set()
        self.by_clock: dict[str, ByClock] = {}  # by rota
        self.asked_of_clock: set[ByClock] = set()
        self.saw_clock = self.saw_language = False

    @property
    def language(self) -> Language:
        """See Conversation."""
        self.saw_language = True
        return self.recorder.language

    async def pressed_of(self, call: Call, timeout: timedelta, keys: Collection[str]) -> str | None:
        """See Conversation."""
        return await self._forking.pressed_of(timeout, keys)

    async def keys(
        self, first: timedelta, between: timedelta, *, at_once: str, worth_trying: Callable[[], Iterable[str]]
    ) -> str:
        """See Conversation."""
        return self._forking.keys(first, between, at_once, worth_trying)

    async def admitted_to_mailbox(self, extension: str, pin: str) -> Admission | None:
        """See Conversation."""
        return self._forking.fork((Admission.WRONG, Admission.ADMITTED, None))

    async def hear_mailbox(self, extension: str) -> bool:
        """See Conversation. What is heard there leads nowhere else."""
        return self._forking.fork((True, False))

    async def look_up(self, lookup: Lookup, taken: Iterable[Taken]) -> Looked:
        """See Conversation. Every outcome, and every value of each variable, or none that it can hold."""
        if not self.who_calls.number:
            return Looked(LookupOutcome.NOT_FOUND)
        outcome = LookupOutcome(self._forking.fork(tuple(each.value for each in LookupOutcome)))
        values: dict[str, Value | None] = {}
        if outcome is LookupOutcome.FOUND:
            values = {each.path: self._forking.fork((*(values_of(each.type) or ()), None)) for each in taken}
        self._forking.happenings.append(LookedUp(lookup.id, outcome.value, tuple(values.items())))
        return Looked(outcome, values)

    def callable_number(self, written: str, queue: Queue) -> str:
        """See Conversation. Any number may be one that is called, or not."""
        return written if written and self._forking.fork((True, False)) else ""

    def is_called_back(self) -> bool:
        """See Conversation."""
        return bool(self.call.caller.number) and self._forking.fork((False, True))

    async def promise_callback(self, queue: Queue, number: str) -> Promise:
        """See Conversation."""
        return Promise(self._forking.fork(tuple(each.value for each in Promise)))

    async def visit_calendars(self, visit: CalendarVisit) -> Left:
        """See Conversation. What happens within it leads nowhere else."""
        said = [each for prompt in KEYS_TOLD for each in self.prompt(prompt)[self.recorder.language]]
        return Left(forked_visit(self._forking, visit, tuple(said)).outcome.value)

    async def screened(self) -> Screened:
        """See Conversation. Of one call it is always the same."""
        verdict = self.variables.get(_SCREENED)
        if verdict is None:
            known = self.configuration.organisation.screening.verdicts
            verdict = self._forking.judged(tuple(each.value for each in known))
            self.variables[_SCREENED] = verdict
        return Screened(Verdict(verdict))

    def remember(self, attempt: int) -> None:
        """See Conversation. Nobody takes such a call over."""

    @property
    def is_led_elsewhere(self) -> bool:
        """Has the step itself chosen where the call goes on, in another flow or back from one?"""
        return self._next is not None

    @property
    def client(self) -> Client | None:
        """See Conversation."""
        self.saw_client.update(SUBJECTS)
        return self.who_calls.client

    def client_named(self) -> str:
        """See Conversation."""
        self.saw_client.add("class")  # those who are no client's have a class of their own
        return "a client" if self.who_calls.client else "not in the client list"

    def client_told(self, subject: str) -> Value | None:
        """See Conversation."""
        self.saw_client.add(subject)
        return self.who_calls.told(subject)

    def on_duty(self, rota: Rota) -> OnDuty:
        """See Conversation. Nobody has swapped."""
        asked = self.by_clock.setdefault(rota.id, ByClock(rota.on_duty))
        self.asked_of_clock.add(asked)
        duty: OnDuty = asked.at(self.instant)
        return duty

    def now(self) -> datetime:
        """See Conversation."""
        self.saw_clock = True
        return self.instant


class Unrecorded(CallRecorder):
    """A recorder that keeps nothing."""

    __slots__ = ()

    def __init__(self, office: Office, language: Language) -> None:
        super().__init__(ForkingCall.id, office.ledger, office.clock, language)

    def note(self, kind: EventKind, **data: Any) -> datetime:
        """Thrown away."""
        if kind is EventKind.TALKING:
            self.has_talked = True
        return _THEN


class NoClock:
    """A step that asks the office's clock would escape being explored: see Conversation.now."""

    def now(self) -> datetime:
        return _THEN


class NoLedger:
    def append(self, event: CallEvent) -> None:
        """Nothing is kept."""

    async def durable(self) -> None:
        """Nothing is kept."""
