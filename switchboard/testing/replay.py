"""Recorded calls against a draft of the flows: which of them would end elsewhere, and where they part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from switchboard.domain.booking_visit import SERVING
from switchboard.domain.call_record import CallEvent, Disposition, EventKind
from switchboard.domain.clients import Client, Standing
from switchboard.domain.identity import CallId
from switchboard.domain.language import Language
from switchboard.domain.lookups import LookupAnswer, LookupOutcome
from switchboard.domain.pin import Admission
from switchboard.domain.rota import Swap
from switchboard.domain.screening import Rule, Screened, Verdict
from switchboard.errors import CallerHungUp
from switchboard.flows.configuration import Configuration, Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.interpret import converse
from switchboard.flows.visiting_calendars import CalendarVisit
from switchboard.ports import Call
from switchboard.services.answer_call import answer_call
from switchboard.services.look_up_caller import NO_NUMBER
from switchboard.services.office import Office, Screening
from switchboard.services.record_call import CallRecorder
from switchboard.testing.in_memory_clients import EveryCallerIs
from switchboard.testing.in_memory_ledger import InMemoryLedger
from switchboard.testing.in_memory_messages import InMemoryMessages
from switchboard.testing.in_memory_presence import InMemoryPresence
from switchboard.testing.in_memory_swaps import InMemorySwaps
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.recorded_call import RecordedCall, Unanswerable
from switchboard.testing.scripted_lookups import ScriptedLookups


@dataclass(frozen=True, slots=True)
class PastStep:
    """A step that a call went through."""

    flow: str
    step: str
    type: str
    outcome: str
    decided_on: str
    place: str  # file:line

    @property
    def name(self) -> str:
        return f"{self.flow}.{self.step}"


@dataclass(frozen=True, slots=True)
class Path:
    """What became of a call."""

    steps: tuple[PastStep, ...]
    talked_to: tuple[str, ...]  # extensions, in order
    disposition: str
    unanswerable: str = ""  # why it could not be followed to its end

    @property
    def end(self) -> str:
        """In an administrator's words."""
        if self.unanswerable:
            return self.unanswerable
        last = self.steps[-1] if self.steps else None
        where = f" at {last.name}" if last else ""
        whom = f" to {', '.join(self.talked_to)}" if self.talked_to else ""
        return f"{self.disposition}{whom}{where}"


@dataclass(frozen=True, slots=True)
class Replayed:
    """One recorded call, then and in the draft."""

    call_id: CallId
    at: datetime
    caller: str
    number: str
    was: Path
    now: Path

    @property
    def ends_elsewhere(self) -> bool:
        """Somebody else talked to the caller, the call came to something else, or in another step."""
        if self.now.unanswerable or self.was.talked_to != self.now.talked_to:
            return True
        return self.was.disposition != self.now.disposition or _last(self.was) != _last(self.now)

    @property
    def parts_at(self) -> tuple[PastStep | None, PastStep | None]:
        """The first steps that differ, then and now; None where one path is at its end."""
        for was, now in zip(self.was.steps, self.now.steps, strict=False):
            if (was.name, was.outcome) != (now.name, now.outcome):
                return was, now
        common = min(len(self.was.steps), len(self.now.steps))
        return _at(self.was.steps, common), _at(self.now.steps, common)


async def replay(call_id: CallId, events: Sequence[CallEvent], draft: Configuration) -> Replayed | None:
    """Play a recorded call against the draft. None if its record tells of no flow: the safety net served it, it was
    between desk phones, or our own failure broke it off."""
    told = sorted(events, key=lambda event: event.at)
    was = path_of(told)
    offer = told[0] if told and told[0].kind is EventKind.OFFERED else None
    kinds = {event.kind for event in told}
    if offer is None or not was.steps or kinds & {EventKind.SAFETY_NET, EventKind.FAULT}:
        return None
    number, caller = str(offer.data.get("number") or ""), str(offer.data.get("caller_number") or "")
    now = await _play(call_id, told, draft, number, offer.at)
    return Replayed(call_id, offer.at, caller, number, was, now)


async def _play(call_id: CallId, told: Sequence[CallEvent], draft: Configuration, number: str, began: datetime) -> Path:
    if number not in draft.organisation.numbers:
        return Path((), (), "", f"nobody answers {number} any more")
    clock = ManualClock(began)
    recorded = RecordedCall(call_id, told, clock)
    ledger = InMemoryLedger()
    parts = (draft.organisation, draft.hours, draft.facts, draft.prompts, draft.version, clock, ledger)
    office = Office(
        *parts,
        presence=InMemoryPresence(clock),
        clients=EveryCallerIs(_client(told)),
        screening=Screening(always=_screened(told)),
        lookups=ScriptedLookups(_lookups(told)),
        swaps=InMemorySwaps(_swaps(told)),
        messages=InMemoryMessages(recorded.recordings),
    )
    unanswerable = ""

    async def conversation(_: Call, recorder: CallRecorder) -> None:
        # Unanswerable is no failure of the draft: the call ends there, and nobody apologises.
        nonlocal unanswerable
        try:
            await converse(_Told(recorded, recorder, office, draft))
        except Unanswerable as error:
            unanswerable = str(error)
            raise CallerHungUp from error

    await answer_call(recorded, office, conversation)
    path = path_of(ledger.events)
    steps = path.steps[:-1] if unanswerable else path.steps
    return Path(steps, path.talked_to, path.disposition, unanswerable)


def _client(told: Sequence[CallEvent]) -> Client | None:
    """Who called, as the client list had it then."""
    event = next((event for event in told if event.kind is EventKind.CLIENT), None)
    if event is None:
        return None
    data, language = event.data, str(told[0].data.get("language") or "")
    return Client(
        code=str(data.get("code") or ""),
        name=str(data.get("name") or ""),
        numbers=(),
        client_class=str(data.get("class") or ""),
        manager=str(data.get("manager") or ""),
        language=Language(language) if language else None,
        vip=bool(data.get("vip")),
        standing=Standing(data["standing"]) if data.get("standing") in set(Standing) else Standing.OK,
    )


def _screened(told: Sequence[CallEvent]) -> Screened:
    """What screening found then: whom it let pass once is not refused by a replay."""
    event = next((event for event in told if event.kind is EventKind.SCREENED), None)
    if event is None or event.data.get("verdict") not in set(Verdict):
        return Screened()
    rule = event.data.get("rule")
    known = Rule(str(rule)) if rule in set(Rule) else Rule.BLOCKLIST
    return Screened(Verdict(str(event.data["verdict"])), known, str(event.data.get("why") or ""))


def _swaps(told: Sequence[CallEvent]) -> dict[str, list[Swap]]:
    """Who was on call then instead of whom, by rota; of which day the shift was, the record does not tell."""
    found: dict[str, list[Swap]] = {}
    for event in told:
        rota, instead_of = str(event.data.get("rota") or ""), str(event.data.get("instead_of") or "")
        if event.kind is EventKind.ON_CALL and instead_of and rota not in found:
            days = [(event.at + timedelta(days=number)).date() for number in (-2, -1, 0, 1)]
            person = str(event.data.get("person") or "")
            found[rota] = [Swap(day, instead_of, person, "as it was then", "the record") for day in days]
    return found


def _lookups(told: Sequence[CallEvent]) -> list[LookupAnswer]:
    """What other systems answered then."""
    found = []
    for event in told:
        outcome = event.data.get("outcome")
        if event.kind is EventKind.LOOKED_UP and outcome in set(LookupOutcome) and event.data.get("why") != NO_NUMBER:
            found.append(LookupAnswer(LookupOutcome(str(outcome)), event.data.get("values")))
    return found


class _Told(Conversation):
    """A conversation that tells the recorded call which step it is in."""

    def __init__(self, call: RecordedCall, recorder: CallRecorder, office: Office, draft: Configuration) -> None:
        self._recorded = call
        super().__init__(call, recorder, office, draft, draft.organisation.numbers[call.number].flow)
        call.step_entered(self.flow.id, self.step)

    async def admitted_to_mailbox(self, extension: str, pin: str) -> Admission | None:
        """See Conversation. As it came out then."""
        outcome = self._recorded.mailboxes.get((self.flow.id, self.step), "refused")
        return {"done": Admission.ADMITTED, "unavailable": None}.get(outcome, Admission.WRONG)

    async def hear_mailbox(self, extension: str) -> bool:
        """See Conversation."""
        return True

    async def visit_calendars(self, visit: CalendarVisit) -> Left:
        """See Conversation. As it came out then."""
        outcome, decided_on = await self._recorded.visited()
        if outcome in SERVING:
            self.recorder.is_served = True
        return Left(outcome, decided_on)

    def follow(self, target: str | None) -> None:
        """See Conversation."""
        super().follow(target)
        self._recorded.step_entered(self.flow.id, self.step)


def path_of(events: Sequence[CallEvent]) -> Path:
    """What a call's events, in order, tell of its way."""
    steps = tuple(_step(event.data) for event in events if event.kind is EventKind.STEP)
    talked = tuple(str(event.data.get("extension")) for event in events if event.kind is EventKind.TALKING)
    ends = [event.data.get("disposition") for event in events if event.kind is EventKind.ENDED]
    disposition = str(ends[0]) if ends and ends[0] else Disposition.ABANDONED.value
    return Path(steps, talked, disposition)


def _step(data: Any) -> PastStep:
    def text(name: str) -> str:
        return str(data.get(name) or "")

    place = f"{text('file')}:{text('line')}"
    return PastStep(text("flow"), text("step"), text("type"), text("outcome"), text("decided_on"), place)


def _last(path: Path) -> str:
    return path.steps[-1].name if path.steps else ""


def _at(steps: Sequence[PastStep], index: int) -> PastStep | None:
    return steps[index] if index < len(steps) else None
