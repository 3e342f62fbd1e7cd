"""What a caller is offered, slot by slot: earlier, later, on another day, with somebody else; or why there is none."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from switchboard.domain.appointment import Busy, Slot
from switchboard.domain.free_slots import SlotSearch
from switchboard.domain.slot_grid import bounds_of

_INSTANT = timedelta(microseconds=1)


class WhyNot(StrEnum):
    """Why there is nothing to offer."""

    NOTHING_AT_ALL = "nothing_at_all"  # within the horizon
    NOTHING_THAT_DAY = "nothing_that_day"
    NOTHING_EARLIER = "nothing_earlier"
    NOTHING_LATER = "nothing_later"  # within the horizon
    NOBODY_ELSE = "nobody_else"
    TOO_SOON = "too_soon"  # a day that is over, or before the notice is
    TOO_FAR = "too_far"  # a day beyond the horizon


class Offers:
    """One caller's way through the free slots, as they were at `now`. `current` is the slot offered last; it stays
    where the answer is a WhyNot."""

    def __init__(
        self, search: SlotSearch, event_type: str, busy: Sequence[Busy], now: datetime, *, resource: str = ""
    ) -> None:
        """With `resource` only slots with that one as the first need's."""
        self.current: Slot | None = None
        self.resource = resource
        self._search = search
        self._event_type = search.rules.event_types[event_type]
        self._taken = search.taken(busy)
        self._now = now
        self._refused: set[str] = set()

    @property
    def begin(self) -> datetime:
        """The first instant at which anything can begin."""
        return self._now + self._event_type.notice

    @property
    def end(self) -> datetime:
        """The first instant at which nothing can begin any more."""
        return self._now + self._event_type.horizon

    def first(self) -> Slot | WhyNot:
        """The earliest of all."""
        return self._offer(self._first(self.begin), WhyNot.NOTHING_AT_ALL)

    def later(self) -> Slot | WhyNot:
        """The next after the current one."""
        if self.current is None:
            return self.first()
        return self._offer(self._first(self.current.start + _INSTANT), WhyNot.NOTHING_LATER)

    def earlier(self) -> Slot | WhyNot:
        """The last before the current one."""
        if self.current is None:
            return self.first()
        until, back = self.current.start, timedelta(days=1)
        while until > self.begin:
            since = max(self.begin, until - back)
            if found := deque(self._free(since, until, self.resource), maxlen=1):
                return self._offer(found[0], WhyNot.NOTHING_EARLIER)
            until, back = since, back * 4
        return WhyNot.NOTHING_EARLIER

    def other_day(self) -> Slot | WhyNot:
        """The first on a later day."""
        if self.current is None:
            return self.first()
        following = bounds_of(self._local_day(self.current.start), self._search.zone)[1]
        return self._offer(self._first(following), WhyNot.NOTHING_LATER)

    def on(self, day: date) -> Slot | WhyNot:
        """The first of a day, on the organisation's wall clock."""
        begins, ends = bounds_of(day, self._search.zone)
        if ends <= self.begin:
            return WhyNot.TOO_SOON
        if begins >= self.end:
            return WhyNot.TOO_FAR
        return self._offer(next(self._free(begins, ends, self.resource), None), WhyNot.NOTHING_THAT_DAY)

    def from_day(self, day: date) -> Slot | WhyNot:
        """The first of a day or any later one."""
        begins = bounds_of(day, self._search.zone)[0]
        return self._offer(self._first(begins), WhyNot.TOO_FAR if begins >= self.end else WhyNot.NOTHING_LATER)

    @property
    def can_choose(self) -> bool:
        """May the caller ask for somebody else, and is there anybody?"""
        return self._event_type.chooses and bool(self._others())

    def with_another(self) -> Slot | WhyNot:
        """The earliest with somebody who was not offered yet; from then on all is with them."""
        found = [slot for each in self._others() if (slot := self._first(self.begin, each)) is not None]
        if not found:
            return WhyNot.NOBODY_ELSE
        slot = min(found, key=lambda each: each.start)  # the first of those that are preferred
        self._refused |= {self._with()}
        self.resource = slot.resources[0]
        return self._offer(slot, WhyNot.NOBODY_ELSE)

    def _others(self) -> list[str]:
        first = self._event_type.needs[0] if self._event_type.needs else ()
        return [each for each in first if each not in self._refused and each != self._with()]

    def _with(self) -> str:
        return self.current.resources[0] if self.current else self.resource

    def _local_day(self, instant: datetime) -> date:
        return instant.astimezone(self._search.zone).date()

    def _first(self, after: datetime, resource: str = "") -> Slot | None:
        return next(self._free(after, None, resource or self.resource), None)

    def _free(self, after: datetime, until: datetime | None, resource: str) -> Iterator[Slot]:
        return self._search.free(
            self._event_type.id, self._taken, self._now, after=after, until=until, resource=resource
        )

    def _offer(self, slot: Slot | None, otherwise: WhyNot) -> Slot | WhyNot:
        if slot is None:
            return otherwise
        self.current = slot
        return slot
