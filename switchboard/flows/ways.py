"""The runs of a step, put together to its moves: of those that lead one way, the ones to be kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from switchboard.flows.forking_call import Asked
from switchboard.flows.moves import Move, State
from switchboard.flows.watched_variables import Noted, after

_Way = tuple[str, State | None]  # by which outcome a step is left, and where to


@dataclass(slots=True)
class _Shortest:
    """Of all runs that go one way, those to be kept: see `Explorer.moves`."""

    by_keys: dict[bool, Move] = field(default_factory=dict)  # pressed any? -> the shortest
    last_keys: set[str] = field(default_factory=set)

    def add(self, move: Move, keys: Iterable[str]) -> None:
        known = self.by_keys.get(is_pressed := move.presses > 0)
        if known is None or len(move.happenings) < len(known.happenings):
            self.by_keys[is_pressed] = move
        self.last_keys.update(keys)

    def moves(self, to: State | None) -> Iterator[Move]:
        silent, pressed = self.by_keys.get(False), self.by_keys.get(True)
        keys = frozenset(self.last_keys)
        unset = frozenset[str]().union(*(move.unset for move in self.by_keys.values()))
        if pressed is not None and (silent is None or len(pressed.happenings) < len(silent.happenings)):
            yield Move(pressed.happenings, pressed.left, to, unset, keys)
        if silent is not None:
            yield Move(silent.happenings, silent.left, to, unset, keys)


class Ways:
    """All runs of a step, by where they lead, whatever is noted in the variables it did not look at."""

    def __init__(self, state: State) -> None:
        """`state`: in which they begin."""
        self._state = state
        self._found: dict[tuple[_Way, frozenset[tuple[str, Noted]]], _Shortest] = {}

    def add(self, move: Move, written: Mapping[str, Noted]) -> None:
        """One run, and what it wrote into variables."""
        way = (move.left.outcome, move.to), frozenset(written.items())
        key = _last_key([happening for happening in move.happenings if isinstance(happening, Asked)])
        self._found.setdefault(way, _Shortest()).add(move, [] if key is None else [key])

    def moves(self, state: State, variables: Mapping[str, Any]) -> tuple[Move, ...]:
        """The moves of a call that is in such a state with these variables."""
        is_near = (state.flow, state.returns) == (self._state.flow, self._state.returns)
        together: dict[_Way, _Shortest] = {}
        for ((outcome, to), written), found in self._found.items():
            there = None
            if to is not None:
                noted = tuple(sorted(after(variables, written).items()))
                flow, returns = (to.flow, to.returns) if is_near else (state.flow, state.returns)
                there = State(flow, to.step, to.language, noted, returns)
            shortest = together.setdefault((outcome, there), _Shortest())
            for move in found.by_keys.values():
                shortest.add(move, found.last_keys)
        return tuple(move for (_, to), shortest in together.items() for move in shortest.moves(to))


def _last_key(asked: Sequence[Asked]) -> str | None:
    """What was pressed last; None if nothing came. One key alone, where several may belong together, is what was
    pressed, and the silence after it no answer."""
    if len(asked) > 1 and asked[-1].is_spelled and asked[-1].key is None:
        is_alone = len(asked) == 2 or asked[-3].key is None or not asked[-3].is_spelled
        return asked[-2].key if is_alone else None
    return asked[-1].key if asked else None
