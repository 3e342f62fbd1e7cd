"""Something of ours failed: say so, and give the caller to a person."""

from __future__ import annotations

from datetime import timedelta

from switchboard.domain.dialling import DialOutcome
from switchboard.ports import Call
from switchboard.services.forward_call import forward_call
from switchboard.services.office import APOLOGY, GOODBYE, RECEPTION_UNAVAILABLE, Office
from switchboard.services.record_call import CallRecorder

RECEPTION_RINGS = timedelta(seconds=30)


async def apologise(call: Call, office: Office, recorder: CallRecorder) -> None:
    """Apologise, ring reception, say goodbye. The call is still up afterwards."""
    language = recorder.language
    call.forget_keys()
    await call.play(office.prompts[APOLOGY][language])
    result = await forward_call(call, [office.organisation.reception], recorder, timeout=RECEPTION_RINGS, again=True)
    if result.outcome is not DialOutcome.ANSWERED:
        await call.play(office.prompts[RECEPTION_UNAVAILABLE][language])
    await call.play(office.prompts[GOODBYE][language])
