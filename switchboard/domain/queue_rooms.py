"""All queues of this machine at one moment: who waits, which agents are free, and who is put through to whom next.

Pure and synchronous: whoever changes something (a caller comes or goes, an agent becomes free, a time comes) is
followed at once by `dispatch`, which gives free agents to callers and nudges those whose turn it is. Nothing polls: a
caller who waits sleeps until a nudge, or until `next_change`.

Agents belong to all queues that list them. A phone is an agent's as long as it is in no call that we know of. What one
caller learns of the agents holds for all who wait: a caller to whom something is being said looks at nothing meanwhile,
and would else be overtaken by whoever happened to look first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from switchboard.domain.call_record import CallEvent
from switchboard.domain.dialling import DialOutcome, Phone
from switchboard.domain.event_kind import EventKind
from switchboard.domain.identity import CallId
from switchboard.domain.queueing import (
    RECENT_CALLS,
    Queue,
    Ticket,
    expected_wait,
    in_order,
)
from switchboard.domain.ring_strategy import Member, PhoneUses, turns

BUSY_AGAIN = timedelta(seconds=10)  # after which a phone that was in a call we don't know of is tried again


@dataclass(slots=True)
class Waiting:
    """One caller in a queue."""

    ticket: Ticket
    queue: Queue
    agents: tuple[Phone, ...]  # on duty, in the queue's order
    nudge: Callable[[], None]  # wakes the caller's task, whatever the caller hears: it is their turn
    look_again: Callable[[], None]  # wakes it unless something is said: what it waits for may come at another time
    offered: tuple[Phone, ...] = ()  # kept free for this caller, who rings them
    is_callback: bool = False  # nobody on the line: a place kept for somebody who is called back


@dataclass(slots=True)
class Agent:
    """What is known of one phone."""

    can_ring: bool = False  # not known to be busy elsewhere, or away
    calls: set[CallId] = field(default_factory=set)  # that it rings or talks in
    kept_for: CallId | None = None
    pause: tuple[datetime, datetime] | None = None  # from and until: wrap-up, or skipped for not answering
    wrap_up: timedelta = timedelta()  # after the call it is in
    is_skipped: bool = False  # did not answer the last time

    def is_free(self, now: datetime) -> bool:
        """Can be rung."""
        return self.can_ring and not self.calls and self.kept_for is None and self.paused_until(now) is None

    def paused_until(self, now: datetime) -> datetime | None:
        """The end of a pause that lasts now. One that has not begun is of a clock that was set back: it is over."""
        return self.pause[1] if self.pause is not None and self.pause[0] <= now < self.pause[1] else None


class QueueRooms:
    """See above. Times are UTC, and never go by any clock but the caller's of each method."""

    def __init__(self, uses: PhoneUses | None = None) -> None:
        """`uses`: what strategies go by; told of each event before `noted` is."""
        self._uses = uses or PhoneUses()
        self.is_open = True  # False after a start, until callers an earlier controller left behind are here
        self._waiting: dict[CallId, Waiting] = {}
        self._agents: dict[str, Agent] = {}  # by Phone.line
        self._handling: dict[str, deque[timedelta]] = {}  # by queue: recent ones

    # -- callers

    def enter(self, waiting: Waiting, can_ring: Collection[str], now: datetime) -> None:
        """A caller comes, and this is what `on_duty` tells."""
        self._waiting[waiting.ticket.call_id] = waiting
        self.on_duty(waiting.ticket.call_id, waiting.agents, can_ring, now)

    def leave(self, call_id: CallId, now: datetime) -> None:
        """A caller goes, served or not."""
        if self._waiting.pop(call_id, None) is not None:
            self._release_offer(call_id)
            self.dispatch(now)

    def on_duty(self, call_id: CallId, agents: tuple[Phone, ...], can_ring: Collection[str], now: datetime) -> None:
        """Who may serve this caller now, and all who wait for the same; `can_ring` are lines of those who can be rung.

        A phone kept for a caller stays so.
        """
        asked = self._waiting[call_id]
        for waiting in self._waiting.values():
            if waiting.is_callback == asked.is_callback and waiting.queue == asked.queue:
                waiting.agents = agents
        for phone in agents:
            self._agent(phone.line).can_ring = phone.line in can_ring
        self.dispatch(now)

    def waiting(self, queue: str) -> list[Waiting]:
        """Who waits in a queue, next first; those for whom an agent is rung are among them."""
        here = {each.ticket: each for each in self._waiting.values() if each.queue.id == queue}
        return [here[ticket] for ticket in in_order(here)]

    def everybody(self) -> tuple[Waiting, ...]:
        """Who waits in any queue, in no order."""
        return tuple(self._waiting.values())

    def offered(self, call_id: CallId) -> tuple[Phone, ...]:
        """The phones that are kept for this caller now."""
        return self._waiting[call_id].offered

    def position(self, call_id: CallId) -> int:
        """1 is next."""
        tickets = [each.ticket for each in self.waiting(self._waiting[call_id].queue.id)]
        return tickets.index(self._waiting[call_id].ticket) + 1

    def estimate(self, call_id: CallId) -> timedelta | None:
        """How long this caller probably still waits; None where no agent answers: nobody can know."""
        waiting = self._waiting[call_id]
        handling = self._handling.get(waiting.queue.id, ())
        answering = [phone for phone in waiting.agents if not self._agent(phone.line).is_skipped]
        return expected_wait(self.position(call_id), len(answering), tuple(handling)) if answering else None

    # -- agents

    def not_taken(self, call_id: CallId, outcomes: Mapping[Phone, DialOutcome], now: datetime) -> None:
        """The caller's offer came to nothing. A phone with an outcome is skipped for a while; others are free again."""
        waiting = self._waiting[call_id]
        self._release_offer(call_id)
        self._stop_ringing(call_id)
        for phone, outcome in outcomes.items():
            self.look_again(phone.line)
            pause = BUSY_AGAIN if outcome is DialOutcome.BUSY else waiting.queue.skip_for
            agent = self._agent(phone.line)
            agent.pause, agent.is_skipped = (now, now + pause), outcome is not DialOutcome.BUSY
        self.dispatch(now)

    def taken(self, call_id: CallId, phone: Phone, now: datetime, *, in_call: CallId | None = None) -> None:
        """An agent answered this caller, who waits no more. The agent's phone is in the same call, or `in_call`."""
        waiting = self._waiting[call_id]
        agent = self._agent(phone.line)
        agent.is_skipped = False
        agent.wrap_up = waiting.queue.wrap_up
        self.talks(in_call or call_id, phone.line)
        self.leave(call_id, now)

    def handled(self, queue: Queue, length: timedelta) -> None:
        """A call of this queue took so long."""
        self._handling.setdefault(queue.id, deque(maxlen=RECENT_CALLS)).append(length + queue.wrap_up)

    def talks(self, call_id: CallId, line: str) -> None:
        """A phone is in this call; others that rang for it have stopped."""
        self._stop_ringing(call_id)
        self._agent(line).calls.add(call_id)

    def parted(self, call_id: CallId, line: str, now: datetime) -> None:
        """A phone is in this call no more."""
        agent = self._agent(line)
        if call_id in agent.calls:
            agent.calls.discard(call_id)
            agent.pause, agent.wrap_up = (now, now + agent.wrap_up), timedelta()
            self.dispatch(now)
            self.look_again(line)

    def noted(self, event: CallEvent) -> None:
        """Something happened to any call: learn which phones are in use by it."""
        line = str(event.data.get("extension") or "")
        match event.kind:
            case EventKind.RINGING if line:
                self._agent(line).calls.add(event.call_id)
            case EventKind.TALKING | EventKind.RETRIEVED if line:
                self.talks(event.call_id, line)
            case EventKind.RUNG if line and event.data.get("outcome") != DialOutcome.ANSWERED:
                self._agent(line).calls.discard(event.call_id)
                self.dispatch(event.at)
            case EventKind.TALKED if line:
                self.parted(event.call_id, line, event.at)
            case EventKind.ENDED:
                for other in [name for name, agent in self._agents.items() if event.call_id in agent.calls]:
                    self.parted(event.call_id, other, event.at)
            case EventKind.PRESENCE:
                self.look_again()
            case _:
                pass

    def look_again(self, line: str = "") -> None:
        """A phone, or any, may be free at another time than was thought."""
        for waiting in self._waiting.values():
            if not line or any(phone.line == line for phone in waiting.agents):
                waiting.look_again()

    # -- who is next

    def open(self, now: datetime) -> None:
        """All callers there may be from before are here: places are known from now on."""
        self.is_open = True
        self.dispatch(now)
        self.look_again()

    def dispatch(self, now: datetime) -> None:
        """Give free agents to those who wait, the next first; a queue whose agents are busy holds up no other."""
        if not self.is_open:
            return
        for ticket in in_order(each.ticket for each in self._waiting.values()):
            waiting = self._waiting[ticket.call_id]
            if waiting.offered:
                continue
            waiting.offered = self._to_ring(waiting, now)
            for phone in waiting.offered:
                self._agent(phone.line).kept_for = ticket.call_id
            if waiting.offered:
                waiting.nudge()

    def next_change(self, call_id: CallId, now: datetime) -> datetime | None:
        """When an agent of this caller becomes free by time alone; None if none does."""
        agents = [self._agent(phone.line) for phone in self._waiting[call_id].agents]
        return min((until for agent in agents if (until := agent.paused_until(now))), default=None)

    # -- inside

    def _agent(self, line: str) -> Agent:
        return self._agents.setdefault(line, Agent())

    def _to_ring(self, waiting: Waiting, now: datetime) -> tuple[Phone, ...]:
        """Whom of the agents who are free the queue's strategy rings first; drawn for each caller where it draws."""
        free = [Member(each.name, (each,)) for each in waiting.agents if self._agent(each.line).is_free(now)]
        if not free:
            return ()
        draw = Random(waiting.ticket.call_id.int)  # noqa: S311
        first = turns(waiting.queue.strategy, free, lambda member: self._uses.use_of(member, now), draw)[0]
        return tuple(phone for member in first for phone in member.phones)

    def _release_offer(self, call_id: CallId) -> None:
        for agent in self._kept_for(call_id):
            agent.kept_for = None
        if call_id in self._waiting:
            self._waiting[call_id].offered = ()

    def _kept_for(self, call_id: CallId) -> Iterator[Agent]:
        return (agent for agent in self._agents.values() if agent.kept_for == call_id)

    def _stop_ringing(self, call_id: CallId) -> None:
        for agent in self._agents.values():
            agent.calls.discard(call_id)
