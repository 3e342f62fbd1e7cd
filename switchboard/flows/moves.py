"""Where a call stands, what it depends on there, and the ways on: what exploration.py finds out, in its own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from switchboard.domain.clients import Client
from switchboard.domain.language import Language
from switchboard.flows.caller_classes import fact_of
from switchboard.flows.configuration import Left
from switchboard.flows.forking_call import Asked, Happening

WITHOUT_END = "without_end"  # the outcome of a step that asks again and again
FAULT = "fault"  # the outcome of a step that fails: the caller hears an apology


@dataclass(frozen=True, slots=True)
class World:
    """What is given when a call comes."""

    instant: datetime  # UTC
    caller: str  # number as received; "" when withheld
    number: str  # that was dialled
    is_known: bool = True  # is the caller's a number of the telephone network?
    client: Client | None = None  # who has it


@dataclass(frozen=True, slots=True)
class State:
    """Where a call stands before it enters a step: what follows depends on this and on the World alone."""

    flow: str
    step: str
    language: Language
    variables: tuple[tuple[str, Any], ...] = ()  # sorted by name
    returns: tuple[tuple[str, str], ...] = ()  # (flow, subflow step), innermost last


@dataclass(frozen=True, slots=True)
class Move:
    """One way through a step."""

    happenings: tuple[Happening, ...]  # in order
    left: Left
    to: State | None  # None: nothing follows, the switchboard hangs up
    unset: frozenset[str] = frozenset()  # variables that were asked for before anything had been noted in them
    keys: frozenset[str] = frozenset()  # each of which, as the last one pressed, leads this way
    presses: int = field(init=False, compare=False)  # how many keys the caller presses

    def __post_init__(self) -> None:
        keys = [happening.key for happening in self.happenings if isinstance(happening, Asked)]
        object.__setattr__(self, "presses", sum(key is not None for key in keys))  # asked a hundred thousand times

    @property
    def is_spelled(self) -> bool:
        """Does the caller press keys that belong together, such as a name's?"""
        return any(isinstance(happening, Asked) and happening.is_spelled for happening in self.happenings)

    @property
    def asks(self) -> int:
        """How many keys are waited for, pressed or not."""
        return sum(isinstance(happening, Asked) for happening in self.happenings)


class ByClock:
    """Something that is asked of the clock, and has the same answer at many instants. Equal to itself alone."""

    def __init__(self, question: Callable[[datetime], Any]) -> None:
        self._question = question
        self._known: dict[datetime, Any] = {}

    def at(self, instant: datetime) -> Any:
        """The answer at an instant (UTC)."""
        if instant not in self._known:
            self._known[instant] = self._question(instant)
        return self._known[instant]


@dataclass(frozen=True, slots=True)
class Looks:
    """What was looked at of the World."""

    clock: bool = False
    caller: bool = False
    number: bool = False
    client: frozenset[str] = frozenset()  # of clients.SUBJECTS
    by_clock: frozenset[ByClock] = frozenset()  # where not the clock itself

    def of(self, world: World) -> tuple[object, ...]:
        """That part of a world."""
        return (
            self.clock and world.instant,
            self.caller and world.caller,
            self.number and world.number,
            self.client and (world.is_known, *(fact_of(world.client, each) for each in sorted(self.client))),
            *(asked.at(world.instant) for asked in self.by_clock),
        )
