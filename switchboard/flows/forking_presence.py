"""Who is there, for exploring: whoever a step asks about may be or not."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from switchboard.domain.absence import NotedAbsence
from switchboard.domain.forwarding import Situation
from switchboard.domain.hours import HoursTable
from switchboard.domain.organisation import Person
from switchboard.domain.presence import Presence
from switchboard.flows.forking_call import ForkingCall

_AWAY = Situation(False, "away")


class ForkingPresence:
    """Implements ports.PresenceBook for one run.

    Of all who are asked about in a step nobody is there, or one: each of them in a run of its own. What trying several
    comes to is what one of them comes to (domain/forwarding.come_to), so nothing is missed.
    """

    def __init__(self, call: ForkingCall) -> None:
        self._call = call
        self._known: dict[str, Situation] = {}

    def presence_of(self, person: str) -> Presence | None:
        """See ports.PresenceBook."""

    def situation_of(self, person: Person, zone: ZoneInfo, hours: HoursTable | None = None) -> Situation:
        """See ports.PresenceBook."""
        if person.id not in self._known:
            is_somebody_there = any(each.is_there for each in self._known.values())
            self._known[person.id] = _AWAY if is_somebody_there else self._call.fork((Situation(), _AWAY))
        return self._known[person.id]

    def noted_absences(self) -> Sequence[NotedAbsence]:
        """See ports.PresenceBook."""
        return ()

    async def set(self, presence: Presence) -> None:
        """See ports.PresenceBook."""
