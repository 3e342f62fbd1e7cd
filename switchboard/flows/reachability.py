"""Where calls can come to: every state of every flow, in which worlds, and the shortest way there.

What is found holds for certain, under what exploration.py says of steps:

- A state is found in a world if and only if some caller, and some behaviour of phones, brings a call there while the
  clock stays in one time cell (`steady`).
- Time passes in a call, too: a menu at 12:29 may be left at 12:31. Whatever lasts may end in any cell that can come
  later, however late. So `seen` holds every state that any call comes to, and perhaps some that none comes to.

A caller may hang up anywhere; that ends the call and leads nowhere. After STEPS_PER_CALL steps the switchboard
apologises and rings reception, which is no state of a flow either.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from switchboard.flows.configuration import Configuration, Step
from switchboard.flows.exploration import Explorer
from switchboard.flows.moves import Move, State
from switchboard.flows.worlds import Worlds, first_of

MOST_STATES = 100_000  # what lies beyond is not explored, and `is_complete` says so

Cost = tuple[int, int, int]  # how often the cell changes, what the caller does, steps


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a state is come to, in these worlds, for the first time."""

    worlds: int
    parent: State | None  # None: here the call begins
    move: Move | None
    before: int  # the worlds in which the step before began, where the cell changed in it; else 0
    cost: Cost


@dataclass(frozen=True, slots=True)
class Passed:
    """One step of a call."""

    state: State
    move: Move
    place: int  # of the world in which the step began


@dataclass(slots=True)
class Reached:
    """All that calls can come to."""

    explorer: Explorer
    worlds: Worlds
    steady: dict[State, int] = field(default_factory=dict)  # worlds, while the cell stays
    seen: dict[State, int] = field(default_factory=dict)  # worlds, also when it changes
    arrivals: dict[State, list[Arrival]] = field(default_factory=dict)  # the shortest first
    is_complete: bool = True
    _parts: dict[State, list[tuple[int, tuple[Move, ...]]]] = field(default_factory=dict)
    _covered: dict[State, int] = field(default_factory=dict)

    def step(self, state: State) -> Step:
        """The step a state stands before."""
        return self.explorer.step_of(state)

    def parts(self, state: State, worlds: int) -> Iterator[tuple[int, tuple[Move, ...]]]:
        """The moves of a state in these worlds: a part of them each time, and the moves that all of it has."""
        known = self._parts.setdefault(state, [])
        rest = worlds & ~self._covered.get(state, 0)
        while rest:
            place = first_of(rest)
            looks, moves = self.explorer.look(state, self.worlds.world(place))
            like = self.worlds.like(looks, place) & ~self._covered.get(state, 0)
            known.append((like, moves))
            self._covered[state] = self._covered.get(state, 0) | like
            rest &= ~like
        for part, moves in known:
            if part & worlds:
                yield part & worlds, moves

    def moves(self, state: State) -> Iterator[tuple[int, Move]]:
        """Each move of a state, and the worlds it is made in."""
        for part, moves in self.parts(state, self.seen.get(state, 0)):
            for move in moves:
                yield part, move

    def arrive(self, state: State, arrival: Arrival) -> int:
        """Note an arrival; returns the worlds in which it is the first."""
        seen = self.seen.get(state, 0)
        new = arrival.worlds & ~seen
        if new and not seen and len(self.seen) >= MOST_STATES:
            self.is_complete = False
            return 0
        if new:
            self.seen[state] = seen | new
            self.arrivals.setdefault(state, []).append(replace(arrival, worlds=new))
        return new

    def cheapest(self, state: State, worlds: int) -> tuple[Cost, int]:
        """In which of these worlds the state is come to in the shortest way: (cost, place of the world)."""
        for arrival in self.arrivals[state]:
            if arrival.worlds & worlds:
                return arrival.cost, first_of(arrival.worlds & worlds)
        raise KeyError(state)

    def way(self, state: State, place: int) -> list[Passed]:
        """The shortest way to a state in a world."""
        way: list[Passed] = []
        while True:
            arrival = next(each for each in self.arrivals[state] if each.worlds >> place & 1)
            if arrival.parent is None or arrival.move is None:
                return way[::-1]
            state = arrival.parent
            if arrival.before:
                place = self.worlds.earlier(place, arrival.before)
            way.append(Passed(state, arrival.move, place))


def explore(configuration: Configuration, worlds: Worlds) -> Reached:
    """Everything that calls to any number can come to in these worlds."""
    reached = _explore(Explorer(configuration, with_languages=False), worlds)
    if reached.explorer.decides_by_language:
        reached = _explore(Explorer(configuration), worlds)
    return reached


def _explore(explorer: Explorer, worlds: Worlds) -> Reached:
    reached = Reached(explorer, worlds)
    _explore_steady(reached)
    reached.steady.update(reached.seen)
    _explore_changing(reached)
    return reached


def _explore_steady(reached: Reached) -> None:
    """While the cell stays: Dijkstra's algorithm over sets of worlds, so that each is passed once, the shortest way."""
    waiting: dict[Cost, dict[State, list[Arrival]]] = {}
    costs: list[Cost] = []

    def add(state: State, arrival: Arrival) -> None:
        if arrival.cost not in waiting:
            waiting[arrival.cost] = {}
            heapq.heappush(costs, arrival.cost)
        waiting[arrival.cost].setdefault(state, []).append(arrival)

    for number in reached.worlds.numbers:
        for state in reached.explorer.beginnings(number):
            add(state, Arrival(reached.worlds.dialling(number), None, None, 0, (0, 0, 0)))
    while costs:
        changes, deeds, steps = cost = heapq.heappop(costs)
        for state, arrivals in waiting.pop(cost).items():
            new = 0
            for arrival in arrivals:
                new |= reached.arrive(state, arrival)
            for part, moves in reached.parts(state, new):
                for move in moves:
                    if move.to is not None and (there := part & ~reached.seen.get(move.to, 0)):
                        further = (changes, deeds + move.asks, steps + 1)
                        add(move.to, Arrival(there, state, move, 0, further))


def _explore_changing(reached: Reached) -> None:
    """From there on, time passes in whatever lasts. Each world is passed once, in some way that is not long."""
    ahead = deque(reached.seen)
    waiting = dict(reached.seen)
    while ahead:
        state = ahead.popleft()
        for part, moves in reached.parts(state, waiting.pop(state, 0)):
            (changes, deeds, steps), _ = reached.cheapest(state, part)
            for move in moves:
                if move.to is None:
                    continue
                further = (changes, deeds + move.asks, steps + 1)
                new = reached.arrive(move.to, Arrival(part, state, move, 0, further))
                if move.happenings:
                    later = (changes + 1, *further[1:])
                    new |= reached.arrive(move.to, Arrival(reached.worlds.later(part), state, move, part, later))
                if new:
                    if move.to not in waiting:
                        ahead.append(move.to)
                    waiting[move.to] = waiting.get(move.to, 0) | new
