"""Waiting in a queue: in which order callers are served, which agent is rung next, how long it may take.

Order. Callers are served by the time they came, and a class of callers may have a head start: each level of priority
counts as if they had come HEAD_START (or what the queue says) earlier. So a caller is overtaken only by those who came
less than the highest head start later, never by anybody who comes after that: nobody starves, however many important
callers there are. The order does not change while callers wait, so a position that was told never gets worse by
anything but callers of higher priority who come within that time.

Estimate. Callers ahead (and oneself), by what a call took lately, shared among the agents on duty; rounded up to one of
a few bounds, and told as "less than".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from switchboard.domain.identity import CallId
from switchboard.domain.ring_strategy import Strategy

HEAD_START = timedelta(minutes=2)  # of one level of priority, unless the queue says otherwise
HIGHEST_PRIORITY = 9
USUAL_CALL = timedelta(minutes=3)  # taken for the length of a call until FEWEST_CALLS have been handled
FEWEST_CALLS, RECENT_CALLS = 3, 20  # handling times that an estimate needs, and goes by
BOUNDS = (1, 2, 5, 10, 20, 30)  # minutes; beyond the last, "more than" it is told
MOST_COUNTED = 15  # positions that are told as a number


class WaitOutcome(StrEnum):
    """How waiting ended, hangup aside. A closed set: the `queue` step routes each, KEY by the key."""

    ANSWERED = "answered"
    KEY = "key"
    TIMEOUT = "timeout"
    FULL = "full"
    NOBODY_ON_DUTY = "nobody_on_duty"


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """How callers of a queue are called back who asked for it."""

    attempts: int = 3  # to reach the person
    pause: timedelta = timedelta(minutes=10)  # between attempts
    deadline: timedelta = timedelta(hours=24)  # from the promise; no attempt begins after it
    closing: str = (
        ""  # opening hours' id: nor after the working day of the promise, or the next; "": it does not matter
    )
    ring_for: timedelta = timedelta(seconds=30)  # the person's phone
    role: str = ""  # OutboundRole's id: where to and when; "" where the organisation has no roles


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue, as organisation.yaml defines it."""

    id: str  # a word: "sales"
    members: tuple[str, ...]  # Persons' ids: its agents
    strategy: Strategy = Strategy.LONGEST_IDLE  # its first turn is rung, of the agents who are free
    ring_for: timedelta = timedelta(seconds=15)
    wrap_up: timedelta = timedelta(seconds=5)  # an agent's pause after a call
    skip_for: timedelta = timedelta(seconds=30)  # an agent's who did not answer
    longest_wait: timedelta = timedelta(minutes=10)
    most_waiting: int = 20
    comfort_every: timedelta = timedelta(seconds=30)  # between announcements
    tells_position: bool = True
    tells_wait: bool = True
    music: str = ""  # a folder of the organisation's music; "": the usual
    head_start: timedelta = HEAD_START
    priorities: Mapping[str, int] = field(default_factory=dict)  # client class -> 0 to HIGHEST_PRIORITY; others: 0
    callback: CallbackRules | None = None  # None: callers are not called back


@dataclass(frozen=True, slots=True)
class Ticket:
    """What decides a caller's place."""

    call_id: CallId
    since: datetime  # when the caller came, UTC
    priority: int = 0
    head_start: timedelta = HEAD_START

    @property
    def rank(self) -> tuple[datetime, datetime, int]:
        """The lower, the sooner served. No two callers have the same."""
        return (self.since - self.priority * self.head_start, self.since, self.call_id.int)


def in_order(tickets: Iterable[Ticket]) -> list[Ticket]:
    """The next to be served first."""
    return sorted(tickets, key=lambda ticket: ticket.rank)


def expected_wait(position: int, agents: int, handling: Sequence[timedelta]) -> timedelta:
    """How long the caller at a position (1 is next) probably waits: each agent is free once in a handling time.

    `handling` are recent calls' lengths, wrap-up included.
    """
    recent = handling[-RECENT_CALLS:]
    usual = sum(recent, timedelta()) / len(recent) if len(recent) >= FEWEST_CALLS else USUAL_CALL
    return usual * position / max(1, agents)


def bound(wait: timedelta) -> int:
    """The minutes it will be less than: one of BOUNDS; 0 if none is large enough."""
    return next((minutes for minutes in BOUNDS if wait < timedelta(minutes=minutes)), 0)
