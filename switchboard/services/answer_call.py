"""The root of one call's task: answered, led through its conversation, ended and recorded, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import structlog

from switchboard.domain.call_record import Disposition, EventKind
from switchboard.domain.dialling import HangupCause
from switchboard.domain.language import Language
from switchboard.errors import CallerHungUp, CallTakenAway, SwitchboardError
from switchboard.ports import Call, Position
from switchboard.services.apologise import apologise
from switchboard.services.identify_caller import KnownCaller, identify_caller, language_of, note_client
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder
from switchboard.services.screen_call import is_let_pass, remember_caller, screen_call

Conversation = Callable[[Call, CallRecorder], Awaitable[None]]

_log = structlog.get_logger(__name__)


async def answer_call(
    call: Call,
    office: Office,
    conversation: Conversation,
    *,
    witness: Mapping[str, Any] | None = None,
    adopted: bool = False,
    resumed: Position | None = None,
    began: datetime | None = None,
) -> Disposition | None:
    """Answer the call and lead the conversation until it ends; returns how the call ended.

    `conversation` talks to the caller and returns when there is no more to say; it leaves hanging up to us. `witness`
    is noted with the first event (Asterisk's names of the call). An `adopted` call was up before this controller was;
    `resumed` is where it stood and `began` when it began, if that is known.

    A call that lives on without us gets no last event from us: cancelled (a shutdown; whoever adopts it notes it), or
    taken to the safety net (None; Asterisk's own log notes it).
    """
    caller = identify_caller(call.caller.number, office)
    recorder = CallRecorder(call.id, office.ledger, office.clock, _language(call, office, resumed, caller))
    adopted = adopted or resumed is not None
    if not adopted or began is not None:
        _note_offer(call, office, recorder, witness or {}, began or recorder.now())
        note_client(caller, recorder)
    if adopted:
        flow, step = (resumed.flow, resumed.step) if resumed else ("", "")
        recorder.note(EventKind.ADOPTED, step=step, flow=flow, **(witness or {}))
    disposition, is_over = Disposition.FAILED, True
    try:
        if not adopted and not is_let_pass(await screen_call(call, office, recorder)):
            await call.hang_up(office.organisation.screening.rejected_as)
            disposition = Disposition.REJECTED
        else:
            await call.answer()
            if not adopted:
                recorder.note(EventKind.ANSWERED)
            await conversation(call, recorder)
            await call.hang_up()
            disposition = recorder.disposition(Disposition.SERVED)
    except CallTakenAway:
        is_over = False
        return None
    except CallerHungUp:
        disposition = recorder.disposition(Disposition.ABANDONED)
    except asyncio.CancelledError:
        is_over = False
        raise
    except Exception as error:  # the one place: whatever broke, the caller is served
        _log.exception("call_failed", call_id=str(call.id), error=repr(error))
        is_over = await _recover(call, office, recorder, error)
        disposition = Disposition.TALKED if recorder.has_talked else Disposition.FAILED
    finally:
        remember_caller(call, office, recorder)
        if is_over:
            cause = int(call.hangup_cause) or int(HangupCause.NORMAL)
            recorder.note(EventKind.ENDED, disposition=disposition.value, cause=cause, ended_by=call.ended_by)
    return disposition


def _language(call: Call, office: Office, resumed: Position | None, caller: KnownCaller) -> Language:
    if resumed is not None:
        return resumed.language
    if (own := language_of(caller, office.organisation)) is not None:
        return own
    number = office.organisation.numbers.get(call.number)
    return number.language if number else office.organisation.default_language


def _note_offer(
    call: Call, office: Office, recorder: CallRecorder, witness: Mapping[str, Any], began: datetime
) -> None:
    number = office.organisation.numbers.get(call.number)
    recorder.note_offer(
        began,
        number=call.number,
        caller_number=call.caller.number,
        caller_name=call.caller.name,
        flow=number.flow if number else "",
        flow_version=office.version,
        language=recorder.language,
        **witness,
    )


async def _recover(call: Call, office: Office, recorder: CallRecorder, error: Exception) -> bool:
    """Apologise, ring reception, hang up. False if the safety net took the caller meanwhile."""
    recorder.note(EventKind.FAULT, error=f"{type(error).__name__}: {error}", done="apologised, rang reception")
    try:
        await apologise(call, office, recorder)
        await call.hang_up()
    except CallTakenAway:
        return False
    except CallerHungUp:
        return True
    except SwitchboardError as second:
        recorder.note(EventKind.FAULT, error=f"{type(second).__name__}: {second}", done="gave up")
    return True
