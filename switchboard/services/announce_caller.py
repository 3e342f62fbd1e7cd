"""A caller states a name, and whoever picks up hears it before taking the call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid5

from switchboard.domain.call_record import EventKind
from switchboard.domain.identity import CallId
from switchboard.errors import AsteriskError
from switchboard.ports import Acceptance, Call, RecordingRef, Utterance
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

NAME_LASTS = timedelta(seconds=5)  # at most
NAME_ENDS = timedelta(seconds=2)  # of silence
# Prompts that callees hear, in the organisation's default language.
ACCEPT_CALL = "accept_call"  # to a mobile: names the keys 1 and 3
CALLER_SAYS = "caller_says"  # before the caller's own voice
ACCEPT_CALLER = "accept_caller"  # after it: names the keys 1, 2 and 3


def name_recording(call_id: CallId) -> UUID:
    """Under which name a call's stated name is recorded."""
    return uuid5(call_id, "stated name")


async def ask_name(call: Call, recorder: CallRecorder, question: Sequence[Utterance]) -> bool:
    """Ask who calls and record the answer; was anything said? A recording that fails is none: the caller goes on."""
    call.forget_keys()
    await call.play(question)
    name = name_recording(call.id)
    try:
        recorded = await call.record(name, longest=NAME_LASTS, silence=NAME_ENDS)
    except AsteriskError as error:
        recorder.note(EventKind.FAULT, error=str(error), done="went on without the caller's name")
        return False
    recorder.note(
        EventKind.NAME_STATED,
        recording=str(name),
        seconds=round(recorded.duration.total_seconds(), 1),
        level=recorded.level,
        ended_by=recorded.ended_by.value,
    )
    return recorded.has_voice


def acceptance_of(call: Call, office: Office, *, has_stated_name: bool) -> Acceptance | None:
    """What is asked of who picks up: everybody, if the caller has stated a name; else mobiles only.

    None where the organisation has no words for it: then no mobile is rung (ports.Call.ring).
    """
    language = office.organisation.default_language

    def said(prompt: str) -> tuple[Utterance, ...]:
        return office.prompts.get(prompt, {}).get(language, ())

    if has_stated_name:
        name = RecordingRef(name_recording(call.id))
        return Acceptance((*said(CALLER_SAYS), name, *said(ACCEPT_CALLER)))
    if not said(ACCEPT_CALL):
        return None
    return Acceptance(said(ACCEPT_CALL), to_voicemail="", only_outside=True)
