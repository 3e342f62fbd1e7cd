"""What can happen to a call."""

from __future__ import annotations

from enum import StrEnum


class EventKind(StrEnum):
    """What can happen to a call, and the keys its `data` carries (all JSON values, times ISO 8601 UTC).

    Events of one instant are told in the order of this list.
    """

    OFFERED = "offered"  # number, caller_number, caller_name, linkedid, channel, flow, flow_version, language
    ADOPTED = "adopted"  # step: a restarted controller took the call over
    SAFETY_NET = "safety_net"  # reason: why the dialplan served the caller
    ANSWERED = "answered"  # (none)
    LANGUAGE = "language"  # language
    STEP = "step"  # flow, step, type, file, line, entered_at, outcome, decided_on, next ("" where it led nowhere)
    RINGING = "ringing"  # extension, name
    RUNG = "rung"  # extension, name, outcome (DialOutcome), cause (Q.850), sip_status
    TALKING = "talking"  # extension, name
    HELD = "held"  # extension, name
    RESUMED = "resumed"  # extension, name
    PARKED = "parked"  # place
    RETRIEVED = "retrieved"  # extension, name
    TALKED = "talked"  # extension, name, seconds, ended_by ("caller" or "callee")
    MESSAGE = "message"  # message_id, file (name in the messages folder), seconds, sha256 (of the file, hex)
    FAULT = "fault"  # error: our own failure, and what was done
    ENDED = "ended"  # disposition, cause (Q.850), ended_by ("caller", "callee", "switchboard", "unknown"), witness
