"""A conversation is recorded where the organisation's rules and the caller's consent allow it; Asterisk records."""

from __future__ import annotations

import hashlib
from uuid import UUID

import structlog

from switchboard.domain.call_record import EventKind
from switchboard.domain.call_recording import Talk, rule_for
from switchboard.domain.consent import Consent
from switchboard.domain.dialling import Phone
from switchboard.domain.identity import uuid7
from switchboard.domain.organisation import Organisation
from switchboard.ports import Call
from switchboard.services.identify_caller import identify_caller
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

_log = structlog.get_logger(__name__)


def talk_with(phone: Phone, organisation: Organisation, *, number: str, caller_class: str, queue: str) -> Talk:
    """What rules know of the conversation that begins when somebody answers this phone."""
    of_person = [
        each
        for each in organisation.people.values()
        if (each.mobile == phone.outside if phone.outside else each.phone and each.phone.line == phone.line)
    ]
    departments = {*organisation.departments_of_phone(phone), *(each.department for each in of_person)}
    return Talk(number, frozenset(departments), of_person[0].id if of_person else "", queue, caller_class)


def choose_recording(
    call: Call, phone: Phone, office: Office, recorder: CallRecorder, *, consent: Consent | None, queue: str
) -> UUID | None:
    """Under which name the conversation with whoever answers this phone is recorded; None: it is not."""
    organisation = office.organisation
    caller_class = str(identify_caller(call.caller.number, office).told("class") or "")
    talk = talk_with(phone, organisation, number=call.number, caller_class=caller_class, queue=queue)
    rule = rule_for(organisation.call_recording, talk)
    if rule is None or not rule.allows(consent):
        return None
    if not office.recording_space.has_room():
        recorder.note(EventKind.RECORDING_LEFT_OUT, why="the disk is nearly full")
        _log.error("call_not_recorded", call=str(call.id), why="the disk is nearly full")
        return None
    at = recorder.now()
    name = uuid7(at, hashlib.sha256(call.id.bytes + at.isoformat().encode()).digest())
    recorder.note(
        EventKind.RECORDING_ORDERED,
        recording=str(name),
        record=rule.record.value,
        consent=consent.value if consent else "not asked",
        keep_days=rule.keep.days,
        extension=phone.extension,
        name=phone.name,
    )
    return name
