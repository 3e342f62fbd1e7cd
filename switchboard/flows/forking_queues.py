"""Queues for exploring: all that can become of a caller who waits, without any time going by."""

from __future__ import annotations

from datetime import timedelta

from switchboard.domain.dialling import DialOutcome, Phone, WhileRinging
from switchboard.domain.queueing import WaitOutcome
from switchboard.flows.forking_call import Asked, ForkingCall, Rang, Said, Talked
from switchboard.flows.forking_call import Waited as WaitedOn
from switchboard.ports import Call
from switchboard.services.record_call import CallRecorder
from switchboard.services.wait_in_queue import Queues, Waited, WaitRequest


class ForkingQueues(Queues):
    """Each wait comes out in every way there is; whether anybody is on duty follows from the instant."""

    async def wait(self, call: Call, request: WaitRequest, recorder: CallRecorder) -> Waited:
        """See Queues."""
        assert isinstance(call, ForkingCall)
        agents = request.on_duty()
        if not agents.phones:
            return Waited(WaitOutcome.NOBODY_ON_DUTY, "nobody is on duty")
        ways: tuple[WaitOutcome | Phone | str, ...] = (
            *agents.phones,
            *sorted(request.keys),
            WaitOutcome.TIMEOUT,
            WaitOutcome.FULL,
            WaitOutcome.NOBODY_ON_DUTY,
        )
        way = call.answered_with(ways)
        if way is WaitOutcome.FULL:
            return Waited(way, "")
        parts = [*request.said.of(request.queue, 1, timedelta()), request.comfort]
        said = tuple(utterance for part in parts for utterance in part[recorder.language])
        call.happenings.append(Said(said, barge_in=True))
        if isinstance(way, Phone):
            rang = Rang((way,), request.queue.ring_for, WhileRinging.MUSIC, DialOutcome.ANSWERED, way)
            call.happenings += [rang, Talked(way)]
            return Waited(WaitOutcome.ANSWERED, "")
        if isinstance(way, WaitOutcome):
            call.happenings.append(WaitedOn(request.queue.id, request.queue.longest_wait))
            return Waited(way, "")
        call.happenings.append(Asked(request.queue.longest_wait, way, while_waiting=True))
        return Waited(WaitOutcome.KEY, f"pressed {way}", way)
