"""Appointments as people look for them: which are wanted, and what was done to each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from switchboard.domain.appointment import Slot


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which appointments: those of which something lies in [begin, end); empty texts stand for any."""

    begin: datetime
    end: datetime
    resource: str = ""
    number: str = ""
    event_type: str = ""
    reference: str = ""
    with_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done to an appointment."""

    at: datetime
    what: str  # booked, moved, cancelled, confirmed, erased
    who: str
    why: str
    call_id: UUID | None
    slot: Slot  # where it was from then on
