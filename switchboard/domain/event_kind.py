"""What can happen to a call."""

from __future__ import annotations

from enum import StrEnum


class EventKind(StrEnum):
    """What can happen to a call, and the keys its `data` carries (all JSON values, times ISO 8601 UTC).

    Events of one instant are told in the order of this list.
    """

    OFFERED = "offered"  # number, caller_number, caller_name, linkedid, channel, flow, flow_version, language
    CLIENT = "client"  # code, name, class, manager, vip, standing, note: who calls, as the client list has it
    SCREENED = "screened"  # verdict (Verdict), rule (Rule), why: where a rule of screening decided
    ADOPTED = "adopted"  # step: a restarted controller took the call over
    TRANSFERRED = "transferred"  # extension, name (who passed the caller on), to (dialled), attended
    RETURNED = "returned"  # talked: the caller came back to the switchboard after having been passed on
    SAFETY_NET = "safety_net"  # reason: why the dialplan served the caller
    ANSWERED = "answered"  # (none)
    LANGUAGE = "language"  # language
    STEP = "step"  # flow, step, type, file, line, entered_at, outcome, decided_on, next ("" where it led nowhere)
    NAME_STATED = "name_stated"  # recording (name in the messages folder), seconds, level (dBFS), ended_by
    CONSENT = "consent"  # consent (Consent), asking (Asking), key, language, wording (content keys of what was said)
    LOOKED_UP = "looked_up"  # lookup, outcome (LookupOutcome), values (by path), why: another system was asked
    SKIPPED = "skipped"  # person, name, link (of the chain), why: somebody whom a call is not put through to
    PRESENCE = "presence"  # person, status (Status), until: set by a star code
    ON_CALL = (
        "on_call"  # rota, person, name, round, outcome, instead_of if swapped: whoever is on call was asked to take it
    )
    UNACKNOWLEDGED = "unacknowledged"  # rota, called (names): nobody on call took it, in any round
    RECORDING_ORDERED = (
        "recording_ordered"  # recording (name of the file), record (Record), consent, keep_days, extension, name
    )
    RECORDING_LEFT_OUT = "recording_left_out"  # why: a rule asked for a recording, and none was begun
    RECORDING_STARTED = "recording_started"  # recording; this and the next three as Asterisk's log tells
    RECORDING_PAUSED = "recording_paused"  # recording: by a code at the desk phone
    RECORDING_RESUMED = "recording_resumed"  # recording
    RECORDING_ENDED = "recording_ended"  # recording
    RINGING = "ringing"  # extension, name, outside (a mobile's number; else left out)
    RUNG = (
        "rung"  # extension, name, outside, outcome (DialOutcome), cause (Q.850), sip_status, choice (Choice, if asked)
    )
    TALKING = "talking"  # extension, name
    HELD = "held"  # extension, name
    RESUMED = "resumed"  # extension, name
    PARKED = "parked"  # place
    RETRIEVED = "retrieved"  # extension, name
    TALKED = "talked"  # extension, name, seconds, ended_by ("caller" or "callee")
    QUEUED = "queued"  # queue, position, agents (on duty), since (came back to a place, or was taken over with it)
    LEFT_QUEUE = "left_queue"  # queue, outcome (WaitOutcome or "abandoned"), seconds (waited)
    # deed ("held", "booked", "moved", "cancelled"), id, reference, event_type, start, resources
    APPOINTMENT = "appointment"
    CALLBACK = "callback"  # as domain/callback.as_json: promised to this caller, or what has become of it since
    BLOCKED = "blocked"  # pattern (number), why, who, extension: somebody at a desk phone blocked this caller
    # What is said from now on is a message, whatever happens to us: message_id, message_kind (MessageKind), person or
    # department, asked, language, deadline
    MESSAGE_BEGUN = "message_begun"
    # message_id, file (name in the messages folder), seconds, sha256 (of the file, hex), recorded_at; where the
    # controller took it, also urgent, level (dBFS), call_back (CallBack), parts (part, message_id, seconds, sha256
    # each), and all that MESSAGE_BEGUN has
    MESSAGE = "message"
    MESSAGE_DROPPED = "message_dropped"  # message_id, why: nothing was said, or it was said anew
    RECORDING_EXPORTED = "recording_exported"  # recording, who, why: somebody took a copy
    RECORDING_ERASED = "recording_erased"  # recording, who, why
    FAULT = "fault"  # error: our own failure, and what was done
    ENDED = "ended"  # disposition, cause (Q.850), ended_by ("caller", "callee", "switchboard", "unknown"), witness


# What becomes of recordings of conversations, told whenever it is known.
RECORDING = frozenset(kind for kind in EventKind if kind.value.startswith("recording_"))
