"""When resources have no room: holds, bookings and events outside, as blocks of time, read no further than asked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from operator import attrgetter

from switchboard.domain.appointment import Busy

Blocks = tuple[list[datetime], list[datetime]]  # beginnings and ends, in order and apart

_AHEAD = timedelta(days=14)  # that are read at once: a year of full calendars is long, and most slots are near
_LONGEST_BUFFER = timedelta(days=1)
NOTHING_YET = datetime.min.replace(tzinfo=UTC)
_START = attrgetter("start")


class Taken:
    """What is taken, put in order once for many questions."""

    def __init__(self, busy: Iterable[Busy], capacities: Mapping[str, int]) -> None:
        """`capacities` are those of all resources that will be asked about."""
        self._busy = sorted(busy, key=_START)
        self._read = 0  # of them
        self._until = NOTHING_YET  # everything that begins before it is in the blocks
        self._blocks: dict[str, Blocks] = {each: ([], []) for each in capacities}
        self._crowds = {each: _Crowd(capacity) for each, capacity in capacities.items() if capacity > 1}
        self._bookings: dict[tuple[str, datetime], int] = {}

    def blocks(self, resource: str) -> Blocks:
        """When a resource has no room for another appointment. The lists grow when `read` is called."""
        return self._blocks[resource]

    def read(self, until: datetime) -> datetime:
        """Let the blocks have all that begins before an instant; before which they now have it."""
        if until <= self._until:
            return self._until
        self._until = until + _AHEAD
        reached = bisect_left(self._busy, self._until, self._read, key=_START)
        coming, self._read = self._busy[self._read : reached], reached
        blocks, crowds = self._blocks, self._crowds
        for each in coming:
            known = blocks.get(each.resource)
            if known is None:
                continue
            start, end = each.start, each.end
            if crowds and each.resource in crowds:
                full = crowds[each.resource].full_until(each)
                if full is None:
                    continue
                end = full
            starts, ends = known
            if not ends or start > ends[-1]:
                starts.append(start)
                ends.append(end)
            elif end > ends[-1]:
                ends[-1] = end
        return self._until

    def bookings(self, event_type: str, begin: datetime, end: datetime) -> int:
        """How many appointments of a kind begin in [begin, end). One that needs several resources counts once."""
        key = event_type, begin
        if key not in self._bookings:
            first = bisect_left(self._busy, begin - _LONGEST_BUFFER, key=_START)
            last = bisect_left(self._busy, end, key=_START)
            found = {
                each.appointment
                for each in self._busy[first:last]
                if each.event_type == event_type and each.begins is not None and begin <= each.begins < end
            }
            self._bookings[key] = len(found)
        return self._bookings[key]


class _Crowd:
    """What runs at the same time, of a resource with room for several."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._running: list[tuple[datetime, int]] = []  # (end, how much room it takes), the first to end first
        self._used = 0

    def full_until(self, coming: Busy) -> datetime | None:
        """When there is room again once this has begun, should nothing else begin meanwhile; None if there still is
        room. To be asked in the order of beginnings."""
        running = self._running
        while running and running[0][0] <= coming.start:
            self._used -= heappop(running)[1]
        room = 1 if coming.event_type else self._capacity  # something outside takes it all
        heappush(running, (coming.end, room))
        self._used += room
        if self._used < self._capacity:
            return None
        left = self._used
        for end, freed in sorted(running):
            left -= freed
            if left < self._capacity:
                return end
        return None
