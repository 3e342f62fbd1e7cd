"""How long messages are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from switchboard.domain.message import MessageKind

LONGEST = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Retention:
    """What becomes of messages with time; a kind that is not named is kept until somebody erases it."""

    kinds: Mapping[MessageKind, timedelta] = field(default_factory=dict)

    def erased_before(self, kind: MessageKind, now: datetime) -> datetime | None:
        """Messages of the kind that were recorded before this instant are to be erased; None: none are."""
        kept = self.kinds.get(kind)
        return now - kept if kept is not None else None
