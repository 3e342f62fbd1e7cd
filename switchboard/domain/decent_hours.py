"""When people may be called by themselves: decent hours where they are, by their number's country, else here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers.timezone import time_zones_for_number

from switchboard.domain.hours import HoursKind, HoursTable

BEGIN, END = time(9), time(20)  # where the organisation has no table for it
STEP = timedelta(minutes=15)
_REMEMBERED = 1024  # numbers


@dataclass(frozen=True, slots=True)
class DecentHours:
    """The hours in which people are called."""

    zone: ZoneInfo  # of the organisation: for numbers that tell no country
    table: HoursTable | None = None  # None: from BEGIN to END, every day

    def are_at(self, instant: datetime, number: str) -> bool:
        """May the number (E.164) be called then? In every zone that it can be in, as a country may have several."""
        return all(self._are(instant.astimezone(zone)) for zone in zones_of(number) or (self.zone,))

    def nearest(self, due: datetime, latest: datetime, number: str) -> datetime | None:
        """When to call what is due: then or later, but not after `latest`; else at the last decent time within a day
        before. None if there is none."""
        at = due
        while at <= latest:
            if self.are_at(at, number):
                return at
            at += STEP
        at = due
        while at > due - timedelta(days=1):
            at -= STEP
            if self.are_at(at, number):
                return at
        return None

    def _are(self, there: datetime) -> bool:
        if self.table is None:
            return BEGIN <= there.time() < END
        # The table is read by their wall clock: nine is nine wherever somebody is.
        here = there.replace(tzinfo=ZoneInfo(self.table.timezone))
        return self.table.state_at(here).kind is HoursKind.OPEN


@lru_cache(maxsize=_REMEMBERED)
def zones_of(number: str) -> tuple[ZoneInfo, ...]:
    """The zones a number (E.164) can be in; none if that is not known."""
    try:
        names = time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    found = []
    for name in names:
        try:
            found.append(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError):  # "Etc/Unknown"
            continue
    return tuple(found)
