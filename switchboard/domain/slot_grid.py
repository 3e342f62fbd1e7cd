"""The wall-clock times at which appointments can begin: the multiples of an interval, counted from local midnight.

On the night on which clocks go forward the times that are skipped do not exist, and no slot begins at one of them. On
the night on which they go back, the times that come twice are two instants an hour (in Lord Howe, half an hour) apart,
and a slot can begin at each.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=2000)
def beginnings(day: date, interval: timedelta, zone: ZoneInfo) -> Sequence[datetime]:
    """Every instant (UTC) of a local day at which a slot can begin, in order."""
    midnight = datetime.combine(day, time())
    walls = [midnight + number * interval for number in range(-(-ONE_DAY // interval))]
    first, last = (midnight.replace(tzinfo=zone), (midnight + ONE_DAY).replace(tzinfo=zone))
    if first.utcoffset() == last.utcoffset() and _is_plain(midnight, zone):
        begins = first.astimezone(UTC)
        return tuple(begins + (wall - midnight) for wall in walls)
    return tuple(sorted({instant for wall in walls for instant in _instants(wall, zone)}))


@lru_cache(maxsize=2000)
def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """(its first instant, the first instant after it) of a local day, UTC."""
    begins, ends = (
        datetime.combine(each, time()).replace(tzinfo=zone).astimezone(UTC) for each in (day, day + ONE_DAY)
    )
    return begins, ends


def first_from(instant: datetime, interval: timedelta, zone: ZoneInfo) -> datetime:
    """The first instant from this one on at which a slot can begin."""
    day = instant.astimezone(zone).date()
    while True:
        points = beginnings(day, interval, zone)
        place = bisect_left(points, instant)
        if place < len(points):
            return points[place]
        day += ONE_DAY


def _is_plain(midnight: datetime, zone: ZoneInfo) -> bool:
    """Does the clock run through the day unchanged? It may go forward and back on one day, in theory only: the tz
    database has no such day."""
    noon = midnight + ONE_DAY / 2
    return midnight.replace(tzinfo=zone).utcoffset() == noon.replace(tzinfo=zone).utcoffset()


def _instants(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants at which clocks show this: none, one or two."""
    found = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return [instant for instant in found if instant.astimezone(zone).replace(tzinfo=None, fold=0) == wall]
