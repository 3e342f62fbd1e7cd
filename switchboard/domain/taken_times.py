"""When resources cannot be booked, because they are: from holds, bookings and events outside to blocks of time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import heappop, heappush
from operator import attrgetter

from switchboard.domain.appointment import Busy

Blocks = tuple[list[datetime], list[datetime]]  # beginnings and ends, in order and apart

_START = attrgetter("start")


class Taken:
    """What is taken, sorted once for many questions."""

    def __init__(self, busy: Iterable[Busy]) -> None:
        self._by_resource: dict[str, list[Busy]] = {}
        known = self._by_resource
        for each in busy:
            found = known.get(each.resource)
            if found is None:
                known[each.resource] = [each]
            else:
                found.append(each)
        self._blocks: dict[tuple[str, int], Blocks] = {}
        self._bookings: dict[str, list[tuple[datetime, object]]] = {}

    def blocks(self, resource: str, capacity: int) -> Blocks:
        """When a resource has no room for another appointment."""
        key = resource, capacity
        if key not in self._blocks:
            found = sorted(self._by_resource.get(resource, ()), key=_START)
            self._blocks[key] = _joined(found) if capacity == 1 else _joined(_full(found, capacity))
        return self._blocks[key]

    def bookings(self, event_type: str, begin: datetime, end: datetime) -> int:
        """How many appointments of a kind begin in [begin, end). One that needs several resources counts once."""
        if event_type not in self._bookings:
            found = {
                (each.begins, each.appointment or (each.resource, number))
                for taken in self._by_resource.values()
                for number, each in enumerate(taken)
                if each.event_type == event_type and each.begins is not None
            }
            self._bookings[event_type] = sorted(found, key=_begins)
        known = self._bookings[event_type]
        return bisect_left(known, end, key=_begins) - bisect_left(known, begin, key=_begins)


def taken_of(busy: Sequence[Busy] | Taken) -> Taken:
    """The same, sorted."""
    return busy if isinstance(busy, Taken) else Taken(busy)


def _begins(booking: tuple[datetime | None, object]) -> datetime:
    begins = booking[0]
    assert begins is not None
    return begins


def _joined(busy: Sequence[Busy]) -> Blocks:
    """In order of their beginnings, those that overlap or meet put together."""
    starts: list[datetime] = []
    ends: list[datetime] = []
    reached: datetime | None = None
    for each in busy:
        start, end = each.start, each.end
        if reached is None or start > reached:
            if reached is not None:
                ends.append(reached)
            starts.append(start)
            reached = end
        elif end > reached:
            reached = end
    if reached is not None:
        ends.append(reached)
    return starts, ends


def _full(busy: Sequence[Busy], capacity: int) -> list[Busy]:
    """When as many overlap as there is room for; something outside takes it all. `busy` is in order of beginnings."""
    found: list[Busy] = []
    running: list[tuple[datetime, int]] = []  # (end, how much of the capacity it takes), the first to end first
    used = 0
    for each in busy:
        while running and running[0][0] <= each.start:
            used -= heappop(running)[1]
        share = 1 if each.event_type else capacity
        heappush(running, (each.end, share))
        used += share
        if used >= capacity:
            found.append(Busy(each.resource, each.start, _until(running, used, capacity)))
    return found


def _until(running: list[tuple[datetime, int]], used: int, capacity: int) -> datetime:
    """When enough of what runs has ended that there is room again, if nothing else begins meanwhile."""
    left = used
    for end, share in sorted(running):
        left -= share
        if left < capacity:
            return end
    raise AssertionError("nothing runs that takes room")
