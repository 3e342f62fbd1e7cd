"""A call left behind by an earlier controller, whose place in the flows is gone: talk on, else give it to reception."""

from __future__ import annotations

from switchboard.domain.transfer import Return
from switchboard.ports import Call
from switchboard.services.answer_call import Conversation
from switchboard.services.apologise import apologise
from switchboard.services.forward_call import talk_on
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder


def end_politely(office: Office) -> Conversation:
    """The conversation for such a call."""

    async def conversation(call: Call, recorder: CallRecorder) -> None:
        if await talk_on(call, recorder) is not Return.TALKED:
            await apologise(call, office, recorder)

    return conversation
