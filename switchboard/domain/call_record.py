"""The record of a call: an append-only ledger of events, and the row derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from switchboard.domain.identity import CallId, EventId


class EventKind(StrEnum):
    """What can happen to a call, and the keys its `data` carries (all JSON values, times ISO 8601 UTC)."""

    OFFERED = "offered"  # number, caller_number, caller_name, linkedid, channel, flow, flow_version
    ANSWERED = "answered"  # (none)
    LANGUAGE = "language"  # language
    STEP = "step"  # flow, step, type, file, line, entered_at, outcome, decided_on
    RINGING = "ringing"  # extension, name
    RUNG = "rung"  # extension, name, outcome (DialOutcome), cause (Q.850), sip_status
    TALKING = "talking"  # extension, name
    TALKED = "talked"  # extension, name, seconds, ended_by ("caller" or "callee")
    ADOPTED = "adopted"  # step: a restarted controller took the call over
    SAFETY_NET = "safety_net"  # reason: why the dialplan served the caller
    MESSAGE = "message"  # message_id, file, seconds
    FAULT = "fault"  # error: our own failure, and what was done
    ENDED = "ended"  # disposition, cause (Q.850), ended_by ("caller", "callee", "switchboard", "unknown")


class Disposition(StrEnum):
    """How a call ended, from the organisation's side."""

    TALKED = "talked"  # a person talked to the caller
    MESSAGE = "message"  # the caller left a message
    SERVED = "served"  # the flow ended by itself: told, said goodbye
    ABANDONED = "abandoned"  # the caller hung up before any of these
    REJECTED = "rejected"  # refused before answer
    INTERNAL = "internal"  # desk phone to desk phone or outside, never offered to a flow
    FAILED = "failed"  # we or Asterisk broke it off


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One line of the ledger."""

    call_id: CallId
    event_id: EventId
    at: datetime
    kind: EventKind
    data: Mapping[str, Any] = field(default_factory=dict)
