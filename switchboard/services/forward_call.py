"""A caller is put through to somebody: ring, talk, come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from switchboard.domain.call_record import EventKind
from switchboard.domain.dialling import DialOutcome, Phone, PhoneResult, RingResult, WhileRinging, most_telling
from switchboard.domain.transfer import Return, TalkEnd
from switchboard.errors import CallerHungUp
from switchboard.ports import Acceptance, Call
from switchboard.services.record_call import CallRecorder
from switchboard.services.transfer_call import await_return


async def forward_call(
    call: Call,
    phones: Sequence[Phone],
    recorder: CallRecorder,
    *,
    timeout: timedelta,
    hearing: WhileRinging = WhileRinging.RINGBACK,
    acceptance: Acceptance | None = None,
    again: bool = False,
) -> RingResult:
    """Ring the phones; if one answers, let them talk until the callee leaves.

    Returns how ringing came out; after ANSWERED the talk is over and the caller is still there. A phone that declined
    this call is not rung for it again, and DECLINED as before, unless `again`. A caller whom the callee passed on to
    somebody who did not answer comes back as NO_ANSWER.
    """
    if not again:
        before = [PhoneResult(phone, DialOutcome.DECLINED) for phone in phones if phone.line in recorder.declined]
        for each in before:
            recorder.note(EventKind.SKIPPED, name=each.phone.name, why="declined this call before")
        phones = [phone for phone in phones if phone.line not in recorder.declined]
        if before and not phones:
            return most_telling(before)
    result = await ring_phones(call, phones, recorder, timeout=timeout, hearing=hearing, acceptance=acceptance)
    if result.outcome is DialOutcome.ANSWERED:
        returned = await talk_to(call, result.answered_by or phones[0], recorder)
        if returned is Return.UNANSWERED:
            return replace(result, outcome=DialOutcome.NO_ANSWER, answered_by=None)
    return result


async def ring_phones(
    call: Call,
    phones: Sequence[Phone],
    recorder: CallRecorder,
    *,
    timeout: timedelta,
    hearing: WhileRinging,
    acceptance: Acceptance | None = None,
) -> RingResult:
    """Ring the phones and note how that came out. After ANSWERED go on with `talk_to`."""
    for phone in phones:
        recorder.note(EventKind.RINGING, **_named(phone))
    result = await call.ring(phones, timeout=timeout, hearing=hearing, acceptance=acceptance)
    for each in result.each:
        if each.outcome is DialOutcome.DECLINED:
            recorder.declined.add(each.phone.line)
        if result.answered_by is not None and each.outcome is DialOutcome.NO_ANSWER and each.choice is None:
            continue  # rang until another one was answered
        told = {"choice": each.choice.value} if each.choice is not None else {}
        outcome, cause, sip_status = each.outcome.value, int(each.cause), each.sip_status
        recorder.note(EventKind.RUNG, **_named(each.phone), outcome=outcome, cause=cause, sip_status=sip_status, **told)
    return result


async def talk_on(call: Call, recorder: CallRecorder) -> Return | None:
    """Go on with a talk that an earlier controller began, or what followed it; None if the caller talks to nobody."""
    if call.returned is not None:
        recorder.has_talked = True
        recorder.note(EventKind.RETURNED, talked=call.returned is Return.TALKED)
        return call.returned
    phone = call.talking_to
    if phone is None:
        return None
    recorder.has_talked = True
    return await _listen(call, phone, recorder)


async def talk_to(call: Call, phone: Phone, recorder: CallRecorder) -> Return:
    """Let the caller and whoever answered talk until the callee leaves, or whoever the callee passed the caller to."""
    recorder.note(EventKind.TALKING, **_named(phone))
    return await _listen(call, phone, recorder)


async def _listen(call: Call, phone: Phone, recorder: CallRecorder) -> Return:
    # Nothing is noted on cancellation: the two go on talking, and whoever adopts the call notes the end.
    since = call.talking_since or recorder.now()
    try:
        end = await call.talk()
    except CallerHungUp:
        _note_talked(phone, recorder, since, "caller")
        raise
    _note_talked(phone, recorder, since, "callee")
    if end is TalkEnd.PASSED_ON:
        return await await_return(call, recorder)
    return Return.TALKED


def _note_talked(phone: Phone, recorder: CallRecorder, since: datetime, ended_by: str) -> None:
    seconds = round((recorder.now() - since).total_seconds(), 3)
    recorder.note(EventKind.TALKED, **_named(phone), seconds=seconds, ended_by=ended_by)


def _named(phone: Phone) -> dict[str, str]:
    """As events name a phone."""
    named = {"extension": phone.extension, "name": phone.name}
    return {**named, "outside": phone.outside} if phone.outside else named
