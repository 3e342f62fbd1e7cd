"""Ways that are no circles and yet longer than a call may be."""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.conversation import STEPS_PER_CALL
from switchboard.flows.moves import Move, State
from switchboard.flows.problems import Severity


def long_ways(examined: Examined) -> Iterator[Finding]:
    """How many steps and repetitions a caller goes through who presses nothing.

    Worlds are not told apart here, so a way may be told that needs two of them; a shorter one never is.
    """
    longest = _longest(examined)
    for number in examined.reached.worlds.numbers:
        begin = examined.reached.explorer.beginning(number)
        if longest[begin] > STEPS_PER_CALL:
            text = f"a caller who presses nothing may go through {longest[begin]} steps and repetitions from here"
            expected = f"at most {STEPS_PER_CALL}: after those the switchboard apologises and rings reception"
            worlds = examined.reached.worlds.dialling(number)
            yield examined.finding("too-many-steps", Severity.WARNING, begin, worlds, text, expected)


def _longest(examined: Examined) -> dict[State, int]:
    """By state, the longest way on without a key pressed. Circles, which are told elsewhere, count once."""
    longest: dict[State, int] = {}
    begun: set[State] = set()
    for root in examined.reached.seen:
        ahead = [(root, False)]
        while ahead:
            state, is_done = ahead.pop()
            idle = [move for _, move in examined.edges.out[state] if not move.presses]
            if is_done:
                longest[state] = max(
                    (_cost(move) + longest.get(move.to, 0) if move.to else _cost(move) for move in idle), default=1
                )
            elif state not in begun:
                begun.add(state)
                ahead.append((state, True))
                ahead.extend((move.to, False) for move in idle if move.to is not None)
    return longest


def _cost(move: Move) -> int:
    """The step, and each time it asked again."""
    return max(1, move.asks)
