"""A queue whose callers may be called back, with all that is said to them, to agents and to the person called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switchboard.domain.queueing import Queue
from switchboard.flows.callee_prompts import need_prompts
from switchboard.flows.queue_kinds import NO_QUEUE
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place
from switchboard.services.attempt_callback import DIGIT, PROMPTS
from switchboard.services.office import Speech

OFFER, NUMBER, TYPED = "callback_offer", "callback_number", "callback_typed"
PROMISED, EXISTS, REFUSED = "callback_promised", "callback_exists", "callback_refused"


@dataclass(frozen=True, slots=True)
class CallbackOffer:
    """A queue, and what a caller hears on the way to being called back."""

    queue: Queue
    offer: Speech  # at the number you call from, 1; at another, 2
    number: Speech  # to be typed, and the hash key
    typed: Speech  # after the digits: right, 1; again, 2
    promised: Speech
    exists: Speech
    refused: Speech
    digits: Mapping[str, Speech]


@dataclass(frozen=True, slots=True)
class CallbackQueue:
    """`{queue: sales}`."""

    expected: str = "`{queue: …}`, a queue in organisation.yaml that has `callback`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> CallbackOffer:
        reading = flow.reading
        table = reading.table(node, place, "callback")
        reading.keys(table, "callback", needed=("queue",))
        queues: Mapping[str, Queue] = flow.organisation.queues
        queue = queues.get(reading.choice(table.get("queue"), table.place, "queue", queues), NO_QUEUE)
        if queue is not NO_QUEUE and queue.callback is None:
            text = f"callers of queue `{queue.id}` are not called back"
            reading.problems.add(node.place, text, "`callback: {…}` of the queue in organisation.yaml")
        if queue is not NO_QUEUE:
            said = (OFFER, NUMBER, TYPED, PROMISED, EXISTS, REFUSED, *PROMPTS)
            need_prompts(flow, said, node.place, "who is called back, or calls back, is told")

        def speech(prompt: str) -> Speech:
            return flow.prompts.get(prompt, dict.fromkeys(reading.languages, ()))

        digits = {str(digit): speech(DIGIT.format(digit)) for digit in range(10)}
        return CallbackOffer(
            queue,
            offer=speech(OFFER),
            number=speech(NUMBER),
            typed=speech(TYPED),
            promised=speech(PROMISED),
            exists=speech(EXISTS),
            refused=speech(REFUSED),
            digits=digits,
        )
