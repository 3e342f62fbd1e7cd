"""How long messages are kept, and whom appointments were for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from switchboard.domain.message import MessageKind

LONGEST = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Retention:
    """What becomes of messages and appointments with time; what is not named is kept until somebody erases it."""

    kinds: Mapping[MessageKind, timedelta] = field(default_factory=dict)
    appointments: timedelta | None = None  # after their end; None: for ever

    def erased_before(self, kind: MessageKind, now: datetime) -> datetime | None:
        """Messages of the kind that were recorded before this instant are to be erased; None: none are."""
        kept = self.kinds.get(kind)
        return now - kept if kept is not None else None

    def appointments_forgotten_before(self, now: datetime) -> datetime | None:
        """Whom appointments were for that ended before this instant is to be forgotten; None: nobody is."""
        return now - self.appointments if self.appointments is not None else None
