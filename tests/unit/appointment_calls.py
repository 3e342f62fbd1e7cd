"""Appointments and what is done because of them, in memory, with what the other ports need."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from switchboard.appointment_ports import Freed, Promise, Wish
from switchboard.domain.appointment import (
    Appointment,
    AppointmentRules,
    AppointmentState,
    Booker,
    Busy,
    ChangedBy,
    EventType,
    Slot,
)
from switchboard.domain.language import ENGLISH
from switchboard.domain.organisation import Trunk
from switchboard.domain.reminding import Reminder, ReminderState
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Utterance
from switchboard.services.office import Office
from switchboard.services.remind_by_call import PROMPTS
from switchboard.testing.in_memory_ledger import InMemoryLedger
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.script import read_action, read_phone
from switchboard.testing.scripted_lines import ScriptedAgentLines
from tests.sample_organisation import sample_organisation

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANNA, BERTA = "+37255512345", "+37255567890"
S = ReminderState


@dataclass
class Diary:
    """Implements AppointmentCalls and what is used of Appointments."""

    appointments: dict[UUID, Appointment] = field(default_factory=dict)
    since: datetime = START - 10 * DAY
    reminders: dict[str, Reminder] = field(default_factory=dict)
    sent: list[Reminder] = field(default_factory=list)
    changes: list[tuple[str, ChangedBy]] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    offered_to: set[tuple[datetime, UUID]] = field(default_factory=set)
    freed_times: list[Freed] = field(default_factory=list)
    is_away: bool = False

    def book_for(self, number: str = ANNA, email: str = "", start: datetime = START) -> Appointment:
        slot = Slot(start, start + HOUR, ("chef",))
        made = Appointment(uuid4(), "123456", "tasting", slot, AppointmentState.BOOKED, Booker(number, email=email))
        self.appointments[made.id] = made
        return made

    def state_of(self, appointment: Appointment) -> AppointmentState:
        return self.appointments[appointment.id].state

    async def coming(self, now: datetime, until: datetime) -> Sequence[Promise]:
        self._reached()
        found = [
            each for each in self.appointments.values() if each.state.is_promised and now < each.slot.start < until
        ]
        return [Promise(each, self.since) for each in found]

    async def plan(self, reminders: Sequence[Reminder]) -> None:
        for each in reminders:
            self.reminders.setdefault(each.key, each)

    async def due(self, now: datetime) -> Sequence[tuple[Reminder, Appointment]]:
        waiting = [
            each for each in self.reminders.values() if each.state is S.WAITING and each.at <= now <= each.latest
        ]
        found = [(each, self.appointments[each.appointment]) for each in waiting]
        return [(each, of) for each, of in found if of.slot.start == each.start and of.state is AppointmentState.BOOKED]

    async def send(self, reminder: Reminder) -> bool:
        self.sent.append(reminder)
        return await self.note(replace(reminder, state=S.DONE), reminder)

    async def note(self, reminder: Reminder, before: Reminder) -> bool:
        self._reached()
        if self.reminders[reminder.key] != before:
            return False
        self.reminders[reminder.key] = reminder
        return True

    async def begun(self) -> Sequence[tuple[Reminder, Appointment]]:
        found = [each for each in self.reminders.values() if each.state in (S.DIALLING, S.ANSWERED)]
        return [(each, self.appointments[each.appointment]) for each in found]

    async def freed(self, now: datetime) -> Sequence[Freed]:
        return list(self.freed_times)

    async def waiting(self, freed: Freed, now: datetime) -> Sequence[Wish]:
        return [each for each in self.wishes if (freed.slot.start, each.id) not in self.offered_to]

    async def offer(self, freed: Freed, wish: Wish) -> bool:
        self.offered_to.add((freed.slot.start, wish.id))
        return True

    async def fulfilled(self, wish: Wish) -> None:
        self.wishes.remove(wish)

    async def settled(self, freed: Freed) -> None:
        self.freed_times.remove(freed)

    async def busy(self, resources: Collection[str], begin: datetime, end: datetime) -> Sequence[Busy]:
        raise NotImplementedError

    async def hold(
        self, event_type: str, slot: Slot, booker: Booker, until: datetime, by: ChangedBy, moves: UUID | None = None
    ) -> Appointment | None:
        if any(
            each.slot == slot and each.state is not AppointmentState.CANCELLED for each in self.appointments.values()
        ):
            return None
        made = Appointment(uuid4(), "777000", event_type, slot, AppointmentState.HELD, booker, held_until=until)
        self.appointments[made.id] = made
        return made

    async def book(self, hold: UUID, booker: Booker, by: ChangedBy) -> Appointment | None:
        self._reached()
        self.changes.append(("book", by))
        self.appointments[hold] = replace(self.appointments[hold], state=AppointmentState.BOOKED)
        return self.appointments[hold]

    async def release(self, hold: UUID) -> None:
        if self.appointments[hold].state is AppointmentState.HELD:
            del self.appointments[hold]

    async def cancel(self, appointment: UUID, by: ChangedBy) -> Appointment | None:
        return self._changed(appointment, "cancel", AppointmentState.CANCELLED, by)

    async def confirm(self, appointment: UUID, by: ChangedBy) -> Appointment | None:
        return self._changed(appointment, "confirm", AppointmentState.CONFIRMED, by)

    async def of(self, number: str, since: datetime) -> Sequence[Appointment]:
        raise NotImplementedError

    async def by_reference(self, reference: str, since: datetime) -> Appointment | None:
        raise NotImplementedError

    async def wish(self, wish: Wish) -> None:
        self.wishes.append(wish)

    def _changed(self, identifier: UUID, what: str, state: AppointmentState, by: ChangedBy) -> Appointment:
        self._reached()
        self.changes.append((what, by))
        self.appointments[identifier] = replace(self.appointments[identifier], state=state)
        return self.appointments[identifier]

    def _reached(self) -> None:
        if self.is_away:
            raise RecordsUnreachable("away")


class Scene:
    """An organisation with a trunk and a tasting to be reminded of, and what phones do."""

    def __init__(self, now: datetime = START - DAY, reminders: tuple[timedelta, ...] = (DAY,)) -> None:
        self.clock, self.ledger, self.diary = ManualClock(now), InMemoryLedger(), Diary()
        trunk = Trunk("line", "192.0.2.1", allowed=("+372",), caller_number="+3726001000")
        tasting = EventType("tasting", {ENGLISH: "a tasting"}, HOUR, (("chef",),), reminders=reminders)
        rules = AppointmentRules({"tasting": tasting})
        organisation = replace(sample_organisation(trunks=(trunk,)), appointments=rules)
        prompts = {each: {ENGLISH: (Utterance(each, ENGLISH),)} for each in (*PROMPTS, "apology", "goodbye")}
        self.lines = ScriptedAgentLines(self.clock, {})
        self.office = Office(organisation, {}, {}, prompts, "v1", self.clock, self.ledger)

    def phone(self, number: str, behaviour: str, *keys: str) -> None:
        """What somebody's phone does, and which keys they press."""
        self.lines.phones[number] = read_phone(behaviour)
        self.lines.actions[number] = [read_action(f"press {key}") for key in keys]

    def heard(self, call: int = -1) -> list[str]:
        """Prompts, in one of the calls."""
        return [each.text for each in self.lines.calls[call].heard]
