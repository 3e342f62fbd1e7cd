"""One call that reminds somebody of an appointment: they press a key to hear of it, and say whether they come.

Before that key nothing of the matter is said, so a machine that answers, or whoever else picks up and presses nothing,
learns no more than that we called. Like a callback it is a call of its own, in which one number outside is rung.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from switchboard.appointment_ports import Appointments
from switchboard.domain.appointment import Appointment, ChangedBy
from switchboard.domain.booking_visit import VisitOutcome
from switchboard.domain.call_record import Disposition, EventKind
from switchboard.domain.callback import callback_line
from switchboard.domain.dialling import DialOutcome, HangupCause, Phone, WhileRinging
from switchboard.domain.language import Language
from switchboard.domain.mobile_lines import MobileLine
from switchboard.domain.organisation import Organisation
from switchboard.domain.queueing import CallbackRules
from switchboard.domain.spoken_dates import PIECES, digits_said, when_said
from switchboard.errors import CallerHungUp, CallTakenAway, RecordsUnreachable
from switchboard.ports import AgentCall, AgentLine, AgentLines, Utterance
from switchboard.services.appointment_visit import (
    AppointmentRequest,
    AppointmentVisit,
    Visited,
    deal_with_appointments,
)
from switchboard.services.forward_call import forward_call
from switchboard.services.offer_slots import OFFER as SLOT_OFFER
from switchboard.services.offer_slots import offer_slots
from switchboard.services.office import APOLOGY, GOODBYE, RECEPTION_UNAVAILABLE, Office
from switchboard.services.record_call import CallRecorder

# Prompts.
ASKS = "reminder_asks"  # names key 1, and nothing of the matter
TO_A_MACHINE = "reminder_machine"
APPOINTMENT = "reminder_appointment"  # the day and time follow
KEYS = "reminder_keys"  # names 1, 2, 3
CONFIRMED = "reminder_confirmed"
SURE = "reminder_cancel_sure"  # names key 3
CANCELLED = "reminder_cancelled"
OFFER = "waitlist_offer"  # the day and time follow
OFFER_KEYS = "waitlist_keys"  # names 1, 2
TAKEN = "waitlist_taken"  # the reference follows
GONE = "waitlist_gone"
PROMPTS = (ASKS, TO_A_MACHINE, APPOINTMENT, KEYS, CONFIRMED, SURE, CANCELLED, OFFER, OFFER_KEYS, TAKEN, GONE, *PIECES)
HEAR, CONFIRM, MOVE, CANCEL, RECEPTION = "1", "1", "2", "3", "0"
TIMES = 2  # that each question is asked
PATIENCE = timedelta(seconds=6)  # after each time
RING_FOR = timedelta(seconds=30)
RECEPTION_RINGS = timedelta(seconds=30)
TO_RECEPTION = (VisitOutcome.RECEPTION, VisitOutcome.UNAVAILABLE)  # from where times are offered

Answered = Callable[[], Awaitable[None]]


def outside_line(number: str, organisation: Organisation) -> MobileLine | None:
    """How a number (E.164) is called by the rules of the role that our calls go out by; None where it is not."""
    return callback_line(number, CallbackRules(role=organisation.appointments.call_role), organisation)


class OutsideCall:
    """A call to somebody outside, about an appointment, and what can be said in it."""

    def __init__(self, line: AgentLine, recorder: CallRecorder, office: Office, language: Language) -> None:
        self.line, self.recorder, self._office, self._language = line, recorder, office, language

    @property
    def zone(self) -> ZoneInfo:
        """Of the organisation's clocks."""
        return ZoneInfo(self._office.organisation.timezone)

    def said(self, *prompts: str) -> list[Utterance]:
        """These prompts, in the person's language."""
        default = self._office.organisation.default_language
        found: list[Utterance] = []
        for prompt in prompts:
            speech = self._office.prompts.get(prompt, {})
            found += speech.get(self._language) or speech.get(default, ())
        return found

    async def tell(self, *prompts: str) -> None:
        """Say it to the end, or until a key is pressed."""
        await self.line.play(self.said(*prompts), barge_in=True)
        self.line.forget_keys()

    async def ask(self, keys: str, *prompts: str) -> str:
        """The key that was pressed, one of these; "" if none was."""
        for _ in range(TIMES):
            await self.line.play(self.said(*prompts), barge_in=True)
            key = await self.line.key(PATIENCE)
            if key and key in keys:
                return key
            self.line.forget_keys()
        return ""

    async def offer_other_times(self, appointment: Appointment) -> VisitOutcome:
        """As whoever calls to move it hears them; RECEPTION where nobody has texts for that."""
        if SLOT_OFFER not in self._office.prompts:
            return VisitOutcome.RECEPTION
        request = AppointmentRequest({}, {}, {}, (), "reminder", PATIENCE, TIMES)
        self.line.forget_keys()

        async def deal(visit: AppointmentVisit) -> Visited:
            return await offer_slots(visit, appointment.event_type, appointment)

        visited = await deal_with_appointments(self.line, request, self._office, self.recorder, deal)
        return visited.outcome

    async def to_reception(self) -> bool:
        """Put them through; whether anybody was reached."""
        phones = [self._office.organisation.reception]
        result = await forward_call(
            self.line, phones, self.recorder, timeout=RECEPTION_RINGS, hearing=WhileRinging.RINGBACK
        )
        if result.outcome is not DialOutcome.ANSWERED:
            await self.tell(RECEPTION_UNAVAILABLE)
        return result.outcome is DialOutcome.ANSWERED


Conversation = Callable[[OutsideCall], Awaitable[str]]  # how it came out


async def call_about(
    appointment: Appointment,
    what: str,
    office: Office,
    lines: AgentLines,
    answered: Answered,
    conversation: Conversation,
) -> tuple[bool, str]:
    """Ring whoever an appointment is for; who picks up is led through the conversation. Whether anybody picked up, and
    how it came out. `what` names the reason in the record; `answered` is awaited before a word is said."""
    booker, organisation = appointment.booker, office.organisation
    line = outside_line(booker.number, organisation)
    if line is None:
        return False, "the number may not be called"
    number = line.caller_number or next(iter(organisation.numbers))
    language = booker.language or organisation.default_language
    person = Phone("", booker.name or booker.number, booker.number)
    wanted = AgentCall(appointment.id, person, number, number, "", lines={booker.number: line})
    async with lines.call(wanted) as call:
        recorder = CallRecorder(call.id, office.ledger, office.clock, language)
        recorder.note_offer(
            recorder.now(),
            number=number,
            caller_number=booker.number,
            caller_name=booker.name,
            flow_version=office.version,
            language=language,
            **{what: str(appointment.id)},
            **call.witness,
        )
        is_over, reached, told = True, False, "hung up"
        try:
            outcome = await _rung(call, person, recorder)
            if outcome is not DialOutcome.ANSWERED:
                return False, outcome.value
            reached = True
            await answered()
            told = await conversation(OutsideCall(call, recorder, office, language))
            await call.hang_up()
        except CallerHungUp as error:
            if isinstance(error, CallTakenAway):
                is_over = False
        except asyncio.CancelledError:
            is_over = False
            raise
        finally:
            if is_over:
                cause = int(call.hangup_cause) or int(HangupCause.NORMAL)
                disposition = recorder.disposition(Disposition.INTERNAL).value
                recorder.note(EventKind.ENDED, disposition=disposition, cause=cause, ended_by=call.ended_by)
        return reached, told


async def _rung(call: AgentLine, person: Phone, recorder: CallRecorder) -> DialOutcome:
    named = {"extension": "", "name": person.name, "outside": person.outside}
    recorder.note(EventKind.RINGING, **named)
    result = await call.pick_up(RING_FOR)
    told = {"outcome": result.outcome.value, "cause": int(result.cause), "sip_status": result.sip_status}
    recorder.note(EventKind.RUNG, **named, **told)
    if result.outcome is DialOutcome.ANSWERED:
        recorder.note(EventKind.ANSWERED)
    return result.outcome


async def remind(call: OutsideCall, appointment: Appointment, appointments: Appointments) -> str:
    """What is said to whoever picked up, and what becomes of the appointment; how it came out, in a few words."""
    if await call.ask(HEAR, ASKS) != HEAR:
        await call.tell(TO_A_MACHINE)
        return "answered without a key"
    key = await call.ask(CONFIRM + MOVE + CANCEL + RECEPTION, *_when(call, APPOINTMENT, appointment), KEYS)
    try:
        if key == CONFIRM:
            found = await appointments.confirm(appointment.id, _by(call, appointment, "confirmed"))
            await call.tell(CONFIRMED if found is not None else GONE, GOODBYE)
            return "confirmed" if found is not None else "it stands no more"
        if key == CANCEL and await call.ask(CANCEL, SURE) == CANCEL:
            await appointments.cancel(appointment.id, _by(call, appointment, "cancelled"))
            await call.tell(CANCELLED, GOODBYE)
            return "cancelled"
    except RecordsUnreachable:
        await call.tell(APOLOGY)
        return "reception" if await call.to_reception() else "could not be noted"
    if key == MOVE:
        visited = await call.offer_other_times(appointment)
        if visited is VisitOutcome.MOVED:
            return "moved"
        if visited not in TO_RECEPTION:
            await call.tell(GOODBYE)
            return "heard"
    if key in (MOVE, RECEPTION):
        return "reception" if await call.to_reception() else "reception not reached"
    await call.tell(GOODBYE)
    return "heard"


async def offer(call: OutsideCall, held: Appointment, appointments: Appointments) -> str:
    """Offer somebody on the waitlist a time that is held for them: "taken", or why not."""
    if await call.ask(HEAR, ASKS) != HEAR:
        await call.tell(TO_A_MACHINE)
        return "answered without a key"
    key = await call.ask(CONFIRM + MOVE + RECEPTION, *_when(call, OFFER, held), OFFER_KEYS)
    if key == CONFIRM:
        try:
            booked = await appointments.book(held.id, held.booker, _by(call, held, "taken"))
        except RecordsUnreachable:
            await call.tell(APOLOGY)
            await call.to_reception()
            return "could not be noted"
        if booked is None:
            await call.tell(GONE, GOODBYE)
            return "it was gone"
        await call.tell(TAKEN, *digits_said(booked.reference), GOODBYE)
        return "taken"
    if key == RECEPTION:
        await call.to_reception()
        return "reception"
    await call.tell(GOODBYE)
    return "declined"


def _when(call: OutsideCall, prompt: str, appointment: Appointment) -> tuple[str, ...]:
    return (prompt, *when_said(appointment.slot.start, call.recorder.now(), call.zone))


def _by(call: OutsideCall, appointment: Appointment, what: str) -> ChangedBy:
    who = f"caller {appointment.booker.number}"
    return ChangedBy(who, "asked by phone", call.line.id, f"{call.line.id}/{what}/{appointment.id}")
