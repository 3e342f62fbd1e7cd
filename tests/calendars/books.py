"""Calendars in memory: what is kept of them, and the appointments of one resource."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4

from switchboard.appointment_ports import Wish
from switchboard.calendars.book import Copy, Kept, Progress
from switchboard.domain.appointment import Appointment, AppointmentState, Booker, Busy, ChangedBy, Slot


@dataclass
class MemoryAppointments:
    """ports.Appointments, of one resource."""

    known: dict[UUID, Appointment] = field(default_factory=dict)
    told: list[ChangedBy] = field(default_factory=list)

    def booked(self, start: datetime, end: datetime, resource: str = "mari") -> Appointment:
        made = Appointment(
            uuid4(),
            f"{len(self.known):06}",
            "meeting",
            Slot(start, end, (resource,)),
            AppointmentState.BOOKED,
            Booker("+37255512345", "Anna"),
        )
        self.known[made.id] = made
        return made

    def move(self, of: Appointment, start: datetime, end: datetime) -> Appointment:
        now = self.known[of.id]
        slot = Slot(start, end, now.slot.resources)
        self.known[of.id] = replace(now, slot=slot, revision=now.revision + 1)
        return self.known[of.id]

    async def busy(self, resources: Collection[str], begin: datetime, end: datetime) -> Sequence[Busy]:
        raise NotImplementedError

    async def hold(
        self, event_type: str, slot: Slot, booker: Booker, until: datetime, by: ChangedBy, moves: UUID | None = None
    ) -> Appointment | None:
        for each in self.known.values():
            stands = each.state is not AppointmentState.CANCELLED and each.id != moves
            if stands and each.slot.start < slot.end and slot.start < each.slot.end:
                return None
        made = Appointment(uuid4(), "999999", event_type, slot, AppointmentState.HELD, booker, moves=moves)
        self.known[made.id] = made
        return made

    async def book(self, hold: UUID, booker: Booker, by: ChangedBy) -> Appointment | None:
        held = self.known.pop(hold)
        assert held.moves is not None
        self.told.append(by)
        return self.move(self.known[held.moves], held.slot.start, held.slot.end)

    async def release(self, hold: UUID) -> None:
        self.known.pop(hold, None)

    async def cancel(self, appointment: UUID, by: ChangedBy) -> Appointment | None:
        now = self.known[appointment]
        if now.state is not AppointmentState.CANCELLED:
            self.told.append(by)
            self.known[appointment] = replace(now, state=AppointmentState.CANCELLED, revision=now.revision + 1)
        return self.known[appointment]

    async def confirm(self, appointment: UUID, by: ChangedBy) -> Appointment | None:
        raise NotImplementedError

    async def of(self, number: str, since: datetime) -> Sequence[Appointment]:
        raise NotImplementedError

    async def by_reference(self, reference: str, since: datetime) -> Appointment | None:
        raise NotImplementedError

    async def wish(self, wish: Wish) -> None:
        raise NotImplementedError


@dataclass
class MemoryCalendarBook:
    """CalendarBook, of one resource."""

    appointments: MemoryAppointments
    kept: dict[str, Kept] = field(default_factory=dict)
    known_copies: dict[UUID, Copy] = field(default_factory=dict)
    now: Progress = field(default_factory=Progress)
    refusals: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    async def progress(self, resource: str) -> Progress:
        return self.now

    async def copies(self, resource: str) -> Sequence[Copy]:
        return list(self.known_copies.values())

    async def etags(self, resource: str) -> Mapping[str, str]:
        return {each.href: each.etag for each in (*self.kept.values(), *self.known_copies.values())}

    async def appointment(self, identifier: UUID) -> Appointment | None:
        return self.appointments.known.get(identifier)

    async def to_write(self, resource: str, now: datetime) -> Sequence[Appointment]:
        return [
            each
            for each in list(self.appointments.known.values())
            if each.state is not AppointmentState.HELD
            and (
                each.slot.end > now
                if each.state.is_promised and resource in each.slot.resources
                else each.id in self.known_copies
            )
        ]

    async def keep_copy(self, resource: str, copy: Copy) -> None:
        self.known_copies[copy.appointment] = copy

    async def drop_copy(self, resource: str, appointment: UUID) -> None:
        self.known_copies.pop(appointment, None)

    async def keep_outside(self, resource: str, kept: Kept) -> None:
        self.kept[kept.href] = kept

    async def drop_outside(self, resource: str, hrefs: Collection[str]) -> None:
        for href in hrefs:
            self.kept.pop(href, None)

    async def refused(self, resource: str, appointment: Appointment, why: str, key: str) -> None:
        self.refusals[key] = why

    async def note(self, resource: str, progress: Progress | None, problem: str, now: datetime) -> None:
        self.now, self.problem = progress or self.now, problem
