"""Appointments without a database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from uuid import UUID

from switchboard.appointment_ports import Wish
from switchboard.domain.appointment import (
    Appointment,
    AppointmentRules,
    AppointmentState,
    Booker,
    Busy,
    ChangedBy,
    Slot,
)
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Clock


@dataclass
class InMemoryAppointments:
    """Implements appointment_ports.Appointments. References count up from 100001, ids from 1."""

    rules: AppointmentRules
    clock: Clock
    zone: tzinfo = UTC  # the organisation's
    outside: list[Busy] = field(default_factory=list)
    kept: dict[UUID, Appointment] = field(default_factory=dict)
    wishes: dict[tuple[str, str], Wish] = field(default_factory=dict)  # by event type and number
    log: list[tuple[str, ChangedBy]] = field(default_factory=list)  # what was done, and by whom
    is_down: bool = False  # as Postgres can be
    _keys: dict[str, UUID] = field(default_factory=dict)  # holds by the key of who asked
    _moved: dict[UUID, UUID] = field(default_factory=dict)  # by the hold that was booked
    _made: int = 0

    async def busy(self, resources: Collection[str], begin: datetime, end: datetime) -> Sequence[Busy]:
        """See Appointments."""
        self._check()
        taken = [*self.outside, *(each for one in self._standing() for each in self._blocks(one))]
        return [each for each in taken if each.resource in resources and each.start < end and each.end > begin]

    async def hold(
        self, event_type: str, slot: Slot, booker: Booker, until: datetime, by: ChangedBy, moves: UUID | None = None
    ) -> Appointment | None:
        """See Appointments."""
        self._check()
        former = self.kept.get(self._keys[by.key]) if by.key in self._keys else None
        if former is not None and former.state is not AppointmentState.CANCELLED:
            is_same = (former.event_type, former.slot) == (event_type, slot)
            if is_same and former.state is not AppointmentState.HELD:
                return former
            if is_same and former.moves == moves and former in self._standing():
                self.kept[former.id] = replace(former, held_until=max(until, former.held_until or until))
                return self.kept[former.id]
            if former.state is AppointmentState.HELD:
                del self.kept[former.id]
        is_known = event_type in self.rules.event_types and all(each in self.rules.resources for each in slot.resources)
        if not is_known or (moves is not None and not self._stands(moves)):
            return None
        self._made += 1
        made = UUID(int=self._made)
        reference = f"{100000 + self._made}"
        hold = Appointment(made, reference, event_type, slot, AppointmentState.HELD, booker, 0, until, moves)
        if not self._has_room(hold):
            return None
        self.kept[made] = hold
        if by.key:
            self._keys[by.key] = made
        self.log.append(("hold", by))
        return hold

    async def book(self, hold: UUID, booker: Booker, by: ChangedBy) -> Appointment | None:
        """See Appointments."""
        self._check()
        found = self.kept.get(self._moved.get(hold, hold))
        if found is None or found.state is not AppointmentState.HELD:
            return found if found is not None and found.state.is_promised else None
        if not self._has_room(found) or (found.moves is not None and not self._stands(found.moves)):
            return None
        if found.moves is None:
            self.log.append(("book", by))
            self.kept[hold] = replace(found, state=AppointmentState.BOOKED, booker=booker, held_until=None)
            return self.kept[hold]
        del self.kept[hold]
        target = self.kept[found.moves]
        self._moved[hold] = target.id
        if target.slot != found.slot:
            self.log.append(("move", by))
            self.kept[target.id] = replace(
                target,
                event_type=found.event_type,
                slot=found.slot,
                state=AppointmentState.BOOKED,
                revision=target.revision + 1,
            )
        return self.kept[target.id]

    async def release(self, hold: UUID) -> None:
        """See Appointments."""
        self._check()
        if hold in self.kept and self.kept[hold].state is AppointmentState.HELD:
            del self.kept[hold]

    async def cancel(self, appointment: UUID, by: ChangedBy) -> Appointment | None:
        """See Appointments."""
        self._check()
        if self._stands(appointment):
            found = self.kept[appointment]
            self.log.append(("cancel", by))
            changed = replace(found, state=AppointmentState.CANCELLED, revision=found.revision + 1)
            self.kept[appointment] = changed
        found_now = self.kept.get(appointment)
        return found_now if found_now is not None and found_now.state is not AppointmentState.HELD else None

    async def confirm(self, appointment: UUID, by: ChangedBy) -> Appointment | None:
        """See Appointments."""
        self._check()
        if not self._stands(appointment):
            return None
        if self.kept[appointment].state is AppointmentState.BOOKED:
            self.log.append(("confirm", by))
            self.kept[appointment] = replace(self.kept[appointment], state=AppointmentState.CONFIRMED)
        return self.kept[appointment]

    async def of(self, number: str, since: datetime) -> Sequence[Appointment]:
        """See Appointments."""
        self._check()
        found = [each for each in self._promised(since) if number and each.booker.number == number]
        return sorted(found, key=lambda each: each.slot.start)

    async def by_reference(self, reference: str, since: datetime) -> Appointment | None:
        """See Appointments."""
        self._check()
        return next((each for each in self._promised(since) if each.reference == reference), None)

    async def wish(self, wish: Wish) -> None:
        """See Appointments."""
        self._check()
        former = self.wishes.get((wish.event_type, wish.booker.number))
        if former is not None:  # keeps their place
            wish = replace(wish, id=former.id, since=former.since)
        self.wishes[wish.event_type, wish.booker.number] = wish

    def _check(self) -> None:
        if self.is_down:
            raise RecordsUnreachable("Postgres does not answer")

    def _stands(self, appointment: UUID) -> bool:
        return appointment in self.kept and self.kept[appointment].state.is_promised

    def _promised(self, since: datetime) -> Iterator[Appointment]:
        return (each for each in self.kept.values() if each.state.is_promised and each.slot.end > since)

    def _standing(self) -> list[Appointment]:
        """What takes time now: holds that have not expired, and what is promised."""
        now = self.clock.now()
        return [
            each
            for each in self.kept.values()
            if each.state.is_promised or (each.held_until is not None and each.held_until > now)
        ]

    def _blocks(self, appointment: Appointment) -> Iterator[Busy]:
        wanted, slot = self.rules.event_types[appointment.event_type], appointment.slot
        for resource in slot.resources:
            begins, ends = slot.start - wanted.before, slot.end + wanted.after
            yield Busy(resource, begins, ends, appointment.event_type, slot.start, appointment.id)

    def _day(self, appointment: Appointment) -> date:
        return appointment.slot.start.astimezone(self.zone).date()

    def _has_room(self, wanted: Appointment) -> bool:
        own = {wanted.id, wanted.moves or wanted.id}
        others = [each for each in self._standing() if each.id not in own and (each.moves or each.id) not in own]
        limit = self.rules.event_types[wanted.event_type].per_day
        alike = [each for each in others if each.event_type == wanted.event_type]
        if 0 < limit <= sum(self._day(each) == self._day(wanted) for each in alike):
            return False
        taken = [(each.moves or each.id, block) for each in others for block in self._blocks(each)]
        for mine in self._blocks(wanted):
            meeting = [(claimant, each) for claimant, each in taken if _meet(each, mine)]
            moments = {mine.start} | {max(each.start, mine.start) for _, each in meeting}
            most = max(len({who for who, each in meeting if each.start <= moment < each.end}) for moment in moments)
            if most >= self.rules.resources[mine.resource].capacity or any(_meet(each, mine) for each in self.outside):
                return False
        return True


def _meet(one: Busy, other: Busy) -> bool:
    return one.resource == other.resource and one.start < other.end and other.start < one.end
