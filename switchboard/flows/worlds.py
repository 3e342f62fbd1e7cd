"""All worlds that are told apart: number dialled x kind of caller x time cell. A set of them is an int, a bit each.

Exploring one world after the other would do the same work again and again, as most steps look at nothing of it. So
whole sets are led through the flows, and parted only where a step looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from switchboard.flows.caller_classes import CallerClass
from switchboard.flows.moves import Looks, World


class Cell(Protocol):
    """Instants at which every step decides alike."""

    @property
    def instant(self) -> datetime:
        """One of them, UTC."""

    @property
    def successors(self) -> Sequence[int]:
        """The places of the cells that may come next."""


@dataclass(slots=True)
class Worlds:
    """Every combination."""

    numbers: Sequence[str]
    classes: Sequence[CallerClass]
    cells: Sequence[Cell]
    _like: dict[Looks, dict[tuple[object, ...], int]] = field(default_factory=dict, init=False)
    _worlds: list[World] = field(default_factory=list, init=False)
    _later: list[int] = field(default_factory=list, init=False)  # for each cell, all that may come during a call

    _latest: dict[int, int] = field(default_factory=dict, init=False)  # known answers of `later`

    def __post_init__(self) -> None:
        self._worlds = [
            World(cell.instant, caller.number, number, caller.is_known, caller.client)
            for number in self.numbers
            for caller in self.classes
            for cell in self.cells
        ]
        self._later = _closure([set(cell.successors) for cell in self.cells])

    def __len__(self) -> int:
        return len(self._worlds)

    def dialling(self, number: str) -> int:
        """All in which this number is dialled."""
        each = len(self.classes) * len(self.cells)
        return ((1 << each) - 1) << (self.numbers.index(number) * each)

    def world(self, place: int) -> World:
        """One world."""
        return self._worlds[place]

    def caller(self, place: int) -> CallerClass:
        """Who calls in it."""
        return self.classes[place // len(self.cells) % len(self.classes)]

    def like(self, looks: Looks, place: int) -> int:
        """All that are as this one in what was looked at."""
        known = self._like.get(looks)
        if known is None:
            known = self._like[looks] = self._parted(looks)
        return known[looks.of(self._worlds[place])]

    def _parted(self, looks: Looks) -> dict[tuple[object, ...], int]:
        """All worlds by what was looked at. Along a side of them that was not, the first stands for all."""
        cells, row = len(self.cells), len(self.cells) * len(self.classes)
        sides = (
            (len(self.numbers), row, looks.number),
            (len(self.classes), cells, looks.caller or bool(looks.client)),
            (cells, 1, looks.clock or bool(looks.by_clock)),
        )
        alike, firsts = 1, [0]
        for length, step, is_looked_at in sides:
            if is_looked_at:
                firsts = [first + step * each for first in firsts for each in range(length)]
            else:
                alike *= sum(1 << step * each for each in range(length))
        parts: dict[tuple[object, ...], int] = {}
        for first in firsts:
            part = looks.of(self._worlds[first])
            parts[part] = parts.get(part, 0) | alike << first
        return parts

    def later(self, worlds: int) -> int:
        """All that these may have become while time passed: the same call, at any later time."""
        if (known := self._latest.get(worlds)) is not None:
            return known
        given = worlds
        width = len(self.cells)
        row, result, place = (1 << width) - 1, 0, 0
        while worlds:
            cells = worlds & row
            if cells:
                later = 0
                for cell in places(cells):
                    later |= self._later[cell]
                result |= later << place
            worlds >>= width
            place += width
        self._latest[given] = result
        return result

    def earlier(self, place: int, among: int) -> int:
        """Of these, the place of one that may have become the given world."""
        width = len(self.cells)
        first = place - place % width
        return next(each for each in places(among & ((1 << width) - 1) << first) if self._becomes(each, place))

    def _becomes(self, early: int, late: int) -> bool:
        width = len(self.cells)
        return bool(self._later[early % width] >> (late % width) & 1)


def places(worlds: int) -> Iterator[int]:
    """The worlds of a set, one by one."""
    while worlds:
        lowest = worlds & -worlds
        yield lowest.bit_length() - 1
        worlds ^= lowest


def first_of(worlds: int) -> int:
    """One world of a set that is not empty."""
    return (worlds & -worlds).bit_length() - 1


def _closure(successors: list[set[int]]) -> list[int]:
    """For each cell the set of those that can come after it, itself included."""
    later = []
    for cell in range(len(successors)):
        seen, ahead = 0, [cell]
        while ahead:
            each = ahead.pop()
            if not seen >> each & 1:
                seen |= 1 << each
                ahead.extend(successors[each])
        later.append(seen)
    return later
