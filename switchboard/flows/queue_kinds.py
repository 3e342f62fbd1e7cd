"""A queue as a step names it, with all that its callers may be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from switchboard.domain.queueing import BOUNDS, MOST_COUNTED, Queue
from switchboard.flows.open_prompts import open_prompt
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place
from switchboard.services.office import Speech
from switchboard.services.wait_in_queue import Announcements

NEXT, POSITION, FURTHER = "queue_next", "queue_position", "queue_further"
WAIT, LONGER = "queue_wait_{}", "queue_wait_longer"
NO_QUEUE = Queue("", ())  # stands in for one that could not be read


@dataclass(frozen=True, slots=True)
class QueueAndWords:
    """A queue, and what its callers are told of their place."""

    queue: Queue
    said: Announcements


@dataclass(frozen=True, slots=True)
class QueueName:
    """A queue that callers wait in."""

    expected: str = "the name of a queue in organisation.yaml"

    def read(self, flow: FlowReading, node: Node, place: Place) -> QueueAndWords:
        queues: Mapping[str, Queue] = flow.organisation.queues
        queue = queues.get(flow.reading.choice(node, place, "queue", queues), NO_QUEUE)
        positions: dict[int, Speech] = {}
        further: Speech = {}
        if queue.tells_position and queue is not NO_QUEUE:
            positions[1] = _prompt(flow, NEXT, node.place)
            positions |= {number: _numbered(flow, number, node.place) for number in range(2, MOST_COUNTED + 1)}
            further = _prompt(flow, FURTHER, node.place)
        waits: dict[int, Speech] = {}
        longer: Speech = {}
        if queue.tells_wait and queue is not NO_QUEUE:
            waits = {minutes: _prompt(flow, WAIT.format(minutes), node.place) for minutes in BOUNDS}
            longer = _prompt(flow, LONGER, node.place)
        return QueueAndWords(queue, Announcements(positions, further, waits, longer))


def _prompt(flow: FlowReading, identifier: str, place: Place) -> Speech:
    if identifier not in flow.prompts:
        text = f"callers who wait are told `{identifier}`, and there is no such prompt"
        flow.reading.problems.add(place, text, f"a text `{identifier}`, or `position: no` and `wait: no` of the queue")
    return flow.prompts.get(identifier, dict.fromkeys(flow.reading.languages, ()))


def _numbered(flow: FlowReading, number: int, place: Place) -> Speech:
    if POSITION not in flow.open_prompts:
        if number == 2:
            text = f"callers who wait are told `{POSITION}`, and there is no such prompt with `{{{{ position }}}}`"
            flow.reading.problems.add(place, text, f"a text `{POSITION}`, or `position: no` of the queue")
        return dict.fromkeys(flow.reading.languages, ())
    reading = replace(flow.reading, parameters={**flow.reading.parameters, "position": number})
    return open_prompt(replace(flow, reading=reading), POSITION, place)
