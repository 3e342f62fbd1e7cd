"""A callee passed the caller on, to somebody else or into a parking place: we wait until the caller is back."""

from __future__ import annotations

from switchboard.domain.call_record import EventKind
from switchboard.domain.transfer import Return
from switchboard.ports import Call
from switchboard.services.record_call import CallRecorder


async def await_return(call: Call, recorder: CallRecorder) -> Return:
    """Return when the caller is with us again, and how that came.

    Asterisk leads the caller meanwhile, whether we live or not, and its event log tells the record what happened. So
    nothing is noted of a caller who never comes back: CallTakenAway.
    """
    returned = await call.come_back()
    recorder.note(EventKind.RETURNED, talked=returned is Return.TALKED)
    return returned
