"""What everybody who deals with appointments by telephone needs: to be told, asked, and known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from switchboard.appointment_ports import Appointments
from switchboard.domain.appointment import Appointment, Booker, ChangedBy, Slot
from switchboard.domain.booking_visit import VisitOutcome
from switchboard.domain.call_record import EventKind
from switchboard.domain.free_slots import SlotSearch
from switchboard.domain.language import Language
from switchboard.domain.phone_numbers import e164
from switchboard.domain.spoken_dates import digits_said, when_said
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Call, Utterance
from switchboard.services.identify_caller import identify_caller
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

Said = Mapping[Language, tuple[Utterance, ...]]
Part = str | Said  # a prompt's id, or what is said

NO_INPUT, NO_MATCH = "no_input", "no_match"  # prompts
REFERENCE, UNAVAILABLE = "book_reference", "book_unavailable"
REPEAT, END = "*", "#"
MOST_REPEATS = 20
MOST_DIGITS = 20
BETWEEN_KEYS = timedelta(seconds=4)  # of those that belong together


@dataclass(frozen=True, slots=True)
class AppointmentRequest:
    """What a caller comes with."""

    types: Mapping[str, Said]  # by id: what can be booked here, as it is said, in the order of its keys
    names: Mapping[str, Said]  # of all event types: callers may have others booked
    resources: Mapping[str, Said]  # by id: whose names are told, as they are said
    press: Sequence[Said]  # "press 1", "press 2"…: as many as there are types
    where: str  # "flow.step"
    timeout: timedelta  # for a key
    attempts: int
    visit: int = 1  # how often callers were led here in this call
    in_hand: UUID | None = None  # a hold that an earlier controller was about to make a booking of
    begun: Callable[[UUID], None] = lambda hold: None  # told which, before it is made one


@dataclass(frozen=True, slots=True)
class Visited:
    """How it ended."""

    outcome: VisitOutcome
    told: str  # for the record


class AppointmentVisit:
    """One caller and the calendars."""

    def __init__(
        self, call: Call, request: AppointmentRequest, office: Office, recorder: CallRecorder, book: Appointments
    ) -> None:
        self.call = call
        self.request = request
        self.office = office
        self.recorder = recorder
        self.appointments = book
        self.rules = office.organisation.appointments
        self.zone = ZoneInfo(office.organisation.timezone)
        self.pressed: list[str] = []  # for the record
        self.search = SlotSearch.of(office.organisation, office.hours, office.presence.noted_absences())
        known = identify_caller(call.caller.number, office)
        self.booker = Booker(known.number, known.client.name if known.client else "", recorder.language)

    def by(self) -> ChangedBy:
        """Who changes an appointment, and why. The same while the caller is here, so that nothing is done twice."""
        request = self.request
        who = f"caller {self.booker.number or 'withheld'}"
        key = f"{self.call.id}/{request.where}/{request.visit}"
        return ChangedBy(who, f"by telephone, {request.where}", self.call.id, key)

    def number(self, written: str) -> str:
        """A telephone number in E.164; "" if it is none."""
        return e164(written, self.office.organisation.country)

    async def own(self) -> Sequence[Appointment]:
        """What was booked with the number that the caller calls from, the next first."""
        return await self.appointments.of(self.booker.number, self.recorder.now()) if self.booker.number else ()

    def when(self, instant: datetime) -> tuple[str, ...]:
        """A day and a time of day."""
        return when_said(instant, self.recorder.now(), self.zone)

    def named(self, appointment: Appointment) -> tuple[Part, ...]:
        """What it is, who with, and when."""
        name = self.request.names.get(appointment.event_type, {})
        whom = self.with_whom(appointment.event_type, appointment.slot)
        return (name, *whom, *self.when(appointment.slot.start))

    def with_whom(self, event_type: str, slot: Slot) -> tuple[Part, ...]:
        """Who it is with, where callers may choose."""
        wanted = self.rules.event_types.get(event_type)
        if wanted is None or not wanted.chooses or not slot.resources:
            return ()
        return (self.request.resources.get(slot.resources[0], {}),)

    async def say(self, *parts: Part, barge_in: bool = True) -> None:
        """In the caller's language."""
        utterances = [utterance for part in parts for utterance in self._utterances(part)]
        if utterances:
            await self.call.play(utterances, barge_in=barge_in)

    async def ask(self, parts: Sequence[Part], keys: Collection[str]) -> str | None:
        """One of the keys; None where none of them is pressed in as many attempts as there are."""
        before: tuple[Part, ...] = ()
        attempt = repeats = 0
        while attempt < self.request.attempts and repeats < MOST_REPEATS:
            await self.say(*before, *parts)
            key = await self.call.key(self.request.timeout)
            self.pressed.append(key or "-")
            if key is not None and key in keys:
                return key
            self.call.forget_keys()
            if key == REPEAT:
                repeats += 1
                before = ()
                continue
            attempt += 1
            before = (NO_INPUT if key is None else NO_MATCH,)
        return None

    async def digits(self, *parts: Part) -> str:
        """What is typed up to the hash key, or until nothing more comes; "" for nothing."""
        self.call.forget_keys()
        await self.say(*parts)
        typed = ""
        while len(typed) < MOST_DIGITS:
            key = await self.call.key(BETWEEN_KEYS if typed else self.request.timeout)
            if key is None or key == END:
                break
            typed += key
        self.pressed.append(f"{typed}#" if typed else "-")
        return typed

    async def confirm(self, done: str, appointment: Appointment) -> None:
        """Tell that it is booked, and by which number, as often as the caller wants."""
        told = (done, *self.named(appointment), REFERENCE, *digits_said(appointment.reference), "book_again")
        self.call.forget_keys()
        for _ in range(MOST_REPEATS):
            await self.say(*told)
            key = await self.call.key(self.request.timeout)
            self.pressed.append(key or "-")
            if key not in ("1", REPEAT):
                return

    def note(self, deed: str, appointment: Appointment) -> None:
        """Tell the record."""
        self.recorder.note(
            EventKind.APPOINTMENT,
            deed=deed,
            id=str(appointment.id),
            reference=appointment.reference,
            event_type=appointment.event_type,
            start=appointment.slot.start.isoformat(),
            resources=list(appointment.slot.resources),
        )

    def left(self, outcome: VisitOutcome, why: str) -> Visited:
        """How it ended, with what was pressed."""
        keyed = f"keyed {' '.join(self.pressed)}: " if self.pressed else ""
        return Visited(outcome, keyed + why)

    def _utterances(self, part: Part) -> Sequence[Utterance]:
        said = self.office.prompts.get(part, {}) if isinstance(part, str) else part
        return said.get(self.recorder.language, ())


Deal = Callable[[AppointmentVisit], Awaitable[Visited]]


async def deal_with_appointments(
    call: Call, request: AppointmentRequest, office: Office, recorder: CallRecorder, deal: Deal
) -> Visited:
    """Let a caller do so. Where the calendars cannot be had they are told so, and nothing was promised to them."""
    if office.appointments is None:
        return await _unavailable(call, office, recorder, "there are no calendars here")
    try:
        return await deal(AppointmentVisit(call, request, office, recorder, office.appointments))
    except RecordsUnreachable as error:
        return await _unavailable(call, office, recorder, str(error))


async def _unavailable(call: Call, office: Office, recorder: CallRecorder, why: str) -> Visited:
    recorder.note(EventKind.FAULT, error=why, done="told the caller that the calendars cannot be had")
    if said := office.prompts.get(UNAVAILABLE, {}).get(recorder.language, ()):
        await call.play(said)
    return Visited(VisitOutcome.UNAVAILABLE, why)
