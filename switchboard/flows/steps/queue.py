"""`queue`: the caller waits until an agent is free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switchboard.domain.queueing import WaitOutcome
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Keys, Spoken
from switchboard.flows.queue_kinds import QueueAndWords, QueueName
from switchboard.flows.schema import RECEPTION_STEP, Field, Outcome, StepType
from switchboard.services.find_agents import agents_on_duty, priority_of
from switchboard.services.office import Speech
from switchboard.services.wait_in_queue import WaitRequest

HUMAN = "0"


@dataclass(frozen=True, slots=True)
class Wait:
    """Where, what is said meanwhile, and which keys lead out."""

    queue: QueueAndWords
    saying: Speech
    keys: Mapping[str, str] | None

    def routes(self) -> Mapping[str, str]:
        """Each key, and 0 to reception where the flow does not say otherwise."""
        return {HUMAN: RECEPTION_STEP, **(self.keys or {})}


async def run(step: Wait, conversation: Conversation) -> Left:
    """Wait; if an agent takes the call, let them talk until the agent leaves."""
    queue = step.queue.queue
    conversation.call.forget_keys()
    since = conversation.place_in(queue.id)
    conversation.keep_place(queue.id)
    request = WaitRequest(
        queue,
        step.queue.said,
        step.saying,
        frozenset(step.routes()),
        since,
        on_duty=lambda: agents_on_duty(queue, conversation.office, conversation.now()),
        priority=lambda: priority_of(queue, conversation.client_told),
    )
    waited = await conversation.office.queues.wait(conversation.call, request, conversation.recorder)
    if waited.outcome is WaitOutcome.KEY:
        return Left(waited.key, waited.told)
    conversation.give_up_place()
    conversation.call.forget_keys()
    return Left(waited.outcome.value, waited.told)


QUEUE = StepType(
    name="queue",
    purpose="The caller waits, with music, until an agent of the queue is free; they talk. Position and probable wait "
    "are told, with what `saying` says, at once and every `comfort_every` of the queue. A key of `keys` works at any "
    "moment until an agent answers; 0 leads to reception unless `keys` leads it elsewhere. Who comes back to a queue "
    "that a key led out of has kept the place.",
    step=Wait,
    fields=(
        Field("queue", QueueName(), "the queue, of organisation.yaml"),
        Field("saying", Spoken(), "what is said with each announcement: it names the keys"),
        Field("keys", Keys(), "where keys pressed while waiting lead", None),
    ),
    outcomes=(
        Outcome(WaitOutcome.ANSWERED, "they talked, and the agent has left"),
        Outcome(WaitOutcome.TIMEOUT, "waited for as long as the queue's `longest_wait`"),
        Outcome(WaitOutcome.FULL, "as many wait already as the queue's `most_waiting`"),
        Outcome(WaitOutcome.NOBODY_ON_DUTY, "no agent is there: known at once, or when the last one leaves"),
    ),
    run=run,
    waits=True,
    example="""\
order:
  queue: sales
  saying: queue_comfort
  keys: {0: reception}
  on: {answered: bye, timeout: reception, full: reception, nobody_on_duty: reception}
""",
)
