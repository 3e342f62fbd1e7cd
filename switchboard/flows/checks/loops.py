"""Circles that a caller who does nothing never leaves: of questions and words, and of phones that ring in turn."""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.flows.checks.circles import circles
from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.forking_call import Rang, Talked
from switchboard.flows.moves import WITHOUT_END, Move, State
from switchboard.flows.problems import Severity
from switchboard.flows.reachability import Cost
from switchboard.flows.worlds import first_of

Round = list[tuple[State, Move]]


def loops(examined: Examined) -> Iterator[Finding]:
    """Circles gone round without a key pressed and without a talk, while the clock stays in one cell."""
    for state, moves in examined.edges.out.items():
        for worlds, move in moves:
            if move.left.outcome == WITHOUT_END:
                text = f"step `{state.step}` asks again and again, without end"
                yield examined.finding("unbounded-loop", Severity.ERROR, state, worlds, text, then=(move,))
    told: set[frozenset[object]] = set()
    for _, place, first, component in sorted(_circles(examined), key=_by_distance):
        steps = frozenset(examined.step(state).place for state in component)
        if steps not in told:
            told.add(steps)
            yield _told(examined, first, component, place)


def _by_distance(circle: tuple[Cost, int, State, set[State]]) -> tuple[Cost, int, str, str, str]:
    cost, place, first, _ = circle
    return cost, place, first.flow, first.step, str(first.variables)  # circles as near as each other, in one order


def _circles(examined: Examined) -> Iterator[tuple[Cost, int, State, set[State]]]:
    """Every circle: how far away it is, in which world, and with which state a call comes into it."""
    endless = _endless(examined)

    def following_ever(state: State) -> list[State]:
        return [to for worlds, _, to in _idle(examined, state) if worlds & endless[state] & endless.get(to, 0)]

    for together in list(circles(endless, following_ever)):  # in some world each: few, where worlds are many
        for alike, states in _one_by_one(examined, {state: endless[state] for state in together}):

            def following(state: State, place: int = first_of(alike), states: set[State] = states) -> list[State]:
                return [to for worlds, _, to in _idle(examined, state) if worlds >> place & 1 and to in states]

            for component in circles(states, following):
                near = ((*examined.reached.cheapest(state, alike), state) for state in component)
                cost, place, first = min(near, key=lambda each: (each[0], each[2].flow, each[2].step))
                yield cost, place, first, component


def _told(examined: Examined, first: State, component: set[State], place: int) -> Finding:
    circle = _circle(examined, first, component, place)
    way = " → ".join([*(state.step for state, _ in circle), first.step])
    then = tuple(move for _, move in circle)
    if any(isinstance(happening, Rang) for move in then for happening in move.happenings):
        text = f"phones ring in a circle, as long as nobody answers: {way}"
        expected = "a way out after the last: a message, or a goodbye that says why"
        return examined.finding("forward-loop", Severity.ERROR, first, 1 << place, text, expected, then=then)
    text = f"a caller who presses nothing goes in a circle without end: {way}"
    expected = "a way out: a person, or a goodbye"
    return examined.finding("unbounded-loop", Severity.ERROR, first, 1 << place, text, expected, then=then)


def _idle(examined: Examined, state: State) -> Iterator[tuple[int, Move, State]]:
    """The moves made without the caller: no key, no talk."""
    for worlds, move in examined.edges.out[state]:
        if move.to is not None and not move.presses and not any(isinstance(each, Talked) for each in move.happenings):
            yield worlds, move, move.to


def _endless(examined: Examined) -> dict[State, int]:
    """By state, the worlds in which a call can go on for ever: all whose successors can't are taken away."""
    endless = dict(examined.reached.seen)
    ahead = set(endless)
    while ahead:
        state = ahead.pop()
        stays = 0
        for worlds, _, to in _idle(examined, state):
            stays |= worlds & endless[to]
        if stays & endless[state] != endless[state]:
            endless[state] &= stays
            ahead.update(before for _, before, _ in examined.edges.into.get(state, ()))
    return {state: worlds for state, worlds in endless.items() if worlds}


def _one_by_one(examined: Examined, endless: dict[State, int]) -> Iterator[tuple[int, set[State]]]:
    """The worlds that are alike in what is endless in them and leads on within these states, and the states of them."""
    rest = 0
    for worlds in endless.values():
        rest |= worlds
    while rest:
        place = first_of(rest)
        alike = rest
        for state, worlds in endless.items():
            alike &= worlds if worlds >> place & 1 else ~worlds
            for part, _, to in _idle(examined, state):
                if to in endless:
                    alike &= part if part >> place & 1 else ~part
        rest &= ~alike
        yield alike, {state for state, worlds in endless.items() if worlds >> place & 1}


def _circle(examined: Examined, first: State, component: set[State], place: int) -> Round:
    """The shortest way round from a state back to itself."""
    came: dict[State, tuple[State, Move]] = {}
    ahead = [first]
    while ahead:
        state = ahead.pop(0)
        for worlds, move, to in _idle(examined, state):
            if not worlds >> place & 1 or to not in component or to in came:
                continue
            came[to] = (state, move)
            if to == first:
                circle: Round = []
                while not circle or circle[0][0] != first:
                    circle.insert(0, came[circle[0][0] if circle else first])
                return circle
            ahead.append(to)
    raise AssertionError("a component is a circle")
