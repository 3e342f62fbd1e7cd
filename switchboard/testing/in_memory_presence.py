"""Presence and absences without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from switchboard.domain.absence import Absence, NotedAbsence
from switchboard.domain.forwarding import Situation
from switchboard.domain.hours import HoursTable
from switchboard.domain.organisation import Person
from switchboard.domain.presence import DeviceState, Presence, situation
from switchboard.ports import Clock


class InMemoryPresence:
    """Implements ports.PresenceBook."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._set: dict[str, Presence] = {}
        self.absences: dict[str, list[Absence]] = {}  # by person
        self.devices: Mapping[str, DeviceState] = {}  # by extension; unknown where none

    def presence_of(self, person: str) -> Presence | None:
        """See ports.PresenceBook."""
        return self._set.get(person)

    def situation_of(self, person: Person, zone: ZoneInfo, hours: HoursTable | None = None) -> Situation:
        """See ports.PresenceBook."""
        return situation(
            person,
            self._clock.now(),
            zone,
            presence=self._set.get(person.id),
            absences=self.absences.get(person.id, ()),
            hours=hours,
            device=self.devices.get(person.phone.extension, DeviceState.UNKNOWN)
            if person.phone
            else DeviceState.UNKNOWN,
        )

    def noted_absences(self) -> Sequence[NotedAbsence]:
        """See ports.PresenceBook."""
        return [
            NotedAbsence(UUID(int=number), person, each, "a test")
            for person, absences in self.absences.items()
            for number, each in enumerate(absences)
        ]

    async def set(self, presence: Presence) -> None:
        """See ports.PresenceBook."""
        before = self._set.get(presence.person)
        if before is not None and before.set_at >= presence.set_at:
            presence = replace(presence, set_at=before.set_at + timedelta(microseconds=1))
        self._set[presence.person] = presence
