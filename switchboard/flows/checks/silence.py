"""Nothing to hear for longer than a caller bears."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import timedelta

from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.forking_call import Asked, Said
from switchboard.flows.moves import Move, State
from switchboard.flows.problems import Place, Severity

NONE = timedelta()


def silences(examined: Examined) -> Iterator[Finding]:
    """Silence is where a key is waited for and none comes, in one step or several; ringing is none, nor is music."""
    limit = examined.limits.silence
    told: set[Place] = set()
    known: dict[tuple[State, timedelta], int] = {}
    ahead: deque[tuple[State, timedelta, int, State, tuple[Move, ...]]] = deque(
        (state, NONE, worlds, state, ()) for state, worlds in examined.reached.seen.items()
    )
    while ahead:
        state, so_far, worlds, began, moves = ahead.popleft()
        new = worlds & ~known.get((state, so_far), 0)
        if not new:
            continue
        known[state, so_far] = known.get((state, so_far), 0) | new
        for part, move in examined.edges.out[state]:
            if not part & new:
                continue
            longest, at_the_end = _silence(move, so_far)
            step = examined.step(state)
            if longest > limit:
                if step.place not in told:
                    told.add(step.place)
                    yield _told(examined, state, began, part & new, (*moves, move), longest)
            elif at_the_end and move.to is not None:
                source = (began, (*moves, move)) if so_far and not _has_sound(move) else (state, (move,))
                ahead.append((move.to, at_the_end, part & new, *source))


def _told(
    examined: Examined, state: State, began: State, worlds: int, moves: tuple[Move, ...], longest: timedelta
) -> Finding:
    most = examined.limits.silence.total_seconds()
    text = f"in step `{state.step}` there is nothing to hear for {longest.total_seconds():g} s"
    expected = f"at most {most:g} s: a shorter `timeout`, or something said meanwhile"
    return examined.finding("silence", Severity.WARNING, state, worlds, text, expected, then=moves, since=began)


def _silence(move: Move, before: timedelta) -> tuple[timedelta, timedelta]:
    """(the longest silence, the one at the end), if it was silent for so long before."""
    longest = now = before
    for happening in move.happenings:
        if isinstance(happening, Asked) and happening.key is None:
            now += happening.timeout
            longest = max(longest, now)
        elif not isinstance(happening, Said) or _is_heard(happening):
            now = NONE
    return longest, now


def _has_sound(move: Move) -> bool:
    return any(
        not isinstance(each, Said | Asked) or (isinstance(each, Said) and _is_heard(each)) for each in move.happenings
    )


def _is_heard(said: Said) -> bool:
    return any(utterance.text.strip() for utterance in said.utterances)
