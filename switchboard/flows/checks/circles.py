"""Circles in a graph of states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from switchboard.flows.moves import State


def circles(states: Iterable[State], following: Callable[[State], list[State]]) -> Iterator[set[State]]:
    """Sets of states each of which leads to every other, and to itself (Kosaraju's algorithm)."""
    before: dict[State, list[State]] = {}
    order: list[State] = []
    seen: set[State] = set()
    for root in states:
        ahead = [(root, False)]
        while ahead:
            state, is_done = ahead.pop()
            if is_done:
                order.append(state)
            elif state not in seen:
                seen.add(state)
                ahead.append((state, True))
                for to in following(state):
                    before.setdefault(to, []).append(state)
                    ahead.append((to, False))
    given: set[State] = set()
    for root in reversed(order):
        circle: set[State] = set()
        backward = [root]
        while backward:
            state = backward.pop()
            if state not in given:
                given.add(state)
                circle.add(state)
                backward.extend(before.get(state, ()))
        if len(circle) > 1 or (circle and root in following(root)):
            yield circle
