"""Every call ends in a person or in words: dead ends, silent ends, steps that fail."""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.flows.checks.circles import circles
from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.forking_call import Said, Talked
from switchboard.flows.moves import FAULT, WITHOUT_END, Move, State
from switchboard.flows.problems import Severity


def dead_ends(examined: Examined) -> Iterator[Finding]:
    """States from which no call can come to an end, whatever caller and phones do."""
    dead = _without_ending(examined)
    told: set[State] = set()
    steps: set[object] = set()  # each told once, however many states a call may stand there in
    for state in examined.states_by_cost(dead):
        if state in told:
            continue
        told |= _together(examined, state, dead)
        _, place = examined.reached.cheapest(state, dead[state])
        for stuck in _stuck(examined, {each for each, worlds in dead.items() if worlds >> place & 1}, place):
            if (step := examined.step(stuck).place) in steps:
                continue
            steps.add(step)
            text = f"step `{stuck.step}` is a dead end: nothing that follows is a person or a goodbye"
            expected = "a way to a person, or to an `end` that says why"
            yield examined.finding("dead-end", Severity.ERROR, stuck, 1 << place, text, expected)


def _stuck(examined: Examined, dead: set[State], place: int) -> list[State]:
    """Of each circle that is not left any more, the state that a call comes to first; the nearest circle first."""

    def following(state: State) -> list[State]:
        moves = examined.edges.out[state]
        return [move.to for worlds, move in moves if worlds >> place & 1 and move.to is not None]

    def distance(state: State) -> tuple[object, ...]:
        return (examined.reached.cheapest(state, 1 << place)[0], state.flow, state.step)

    kept = (each for each in circles(dead, following) if all(to in each for one in each for to in following(one)))
    return sorted((min(circle, key=distance) for circle in kept), key=distance)


def silent_ends(examined: Examined) -> Iterator[Finding]:
    """Calls that are hung up on without a word."""
    for state, moves in examined.edges.out.items():
        for worlds, move in moves:
            if move.to is None and not is_ending(move) and move.left.outcome not in (WITHOUT_END, FAULT):
                text = f"after step `{state.step}` the caller is hung up on without a word"
                yield examined.finding(
                    "silent-end", Severity.ERROR, state, worlds, text, "a goodbye before it", then=(move,)
                )
                break


def failing_steps(examined: Examined) -> Iterator[Finding]:
    """Steps that cannot be run: the caller hears an apology."""
    for state, moves in examined.edges.out.items():
        for worlds, move in moves:
            if move.left.outcome == FAULT:
                text = f"step `{state.step}` fails: {move.left.decided_on}"
                yield examined.finding("step-fails", Severity.ERROR, state, worlds, text, then=(move,))
                break


def not_explored(examined: Examined) -> Iterator[Finding]:
    """What is too large to be looked at whole."""
    reached = examined.reached
    if any(getattr(cell, "answers", 1) > 1 for cell in reached.worlds.cells):
        place, text = examined.places.of("hours.yaml"), "the hours and dates have too many combinations to try them all"
        expected = "fewer tables, overrides and dates that differ"
        yield Finding("too-much", Severity.WARNING, place, ("hours",), text, expected)
    for state in reached.explorer.incomplete:
        text = f"step `{state.step}` can be gone through in too many ways for all to be tried"
        yield examined.finding("too-much", Severity.WARNING, state, reached.seen[state], text, "fewer attempts or keys")
    if not reached.is_complete:
        state = next(iter(reached.seen))
        text = "the flows have too many states for all to be explored"
        expected = "fewer values in variables, or fewer flows"
        yield examined.finding("too-much", Severity.WARNING, state, reached.seen[state], text, expected)


def is_ending(move: Move) -> bool:
    """Does the call come to an end in this move as it should: a person, or words before we hang up?"""
    if any(isinstance(happening, Talked) for happening in move.happenings):
        return True
    return move.to is None and any(
        isinstance(happening, Said) and any(utterance.text.strip() for utterance in happening.utterances)
        for happening in move.happenings
    )


def _without_ending(examined: Examined) -> dict[State, int]:
    """By state, the worlds in which no ending can be come to."""
    edges, seen = examined.edges, examined.reached.seen
    ending: dict[State, int] = {}
    for state, moves in edges.out.items():
        for worlds, move in moves:
            if is_ending(move) or (move.to is None):  # those that end in silence or fail are told by themselves
                ending[state] = ending.get(state, 0) | worlds
    good = edges.leading_to(ending)
    return {state: worlds & ~good.get(state, 0) for state, worlds in seen.items()}


def _together(examined: Examined, state: State, dead: dict[State, int]) -> set[State]:
    """The dead states that hang together with this one."""
    seen, ahead = {state}, [state]
    while ahead:
        one = ahead.pop()
        near = [move.to for worlds, move in examined.edges.out[one] if move.to is not None and worlds & dead[one]]
        near += [before for worlds, before, _ in examined.edges.into.get(one, ()) if worlds & dead[before]]
        for other in near:
            if other not in seen and dead[other]:
                seen.add(other)
                ahead.append(other)
    return seen
