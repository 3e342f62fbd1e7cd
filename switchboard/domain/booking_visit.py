"""What a caller can do about appointments with twelve keys: which keys there are, which are told, what comes of it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

REFERENCE_DIGITS = 6
MOST_TOLD = 5  # options at once; more nobody remembers
MOST_OFFERS = 30  # that one caller hears; then a human is of more use


class VisitOutcome(StrEnum):
    """What came of it."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    KEPT = "kept"  # heard of it, and left it as it is
    WAITLISTED = "waitlisted"  # is called when something becomes free
    NONE_FREE = "none_free"
    NOT_FOUND = "not_found"  # no appointment that this caller may hear of
    UNAVAILABLE = "unavailable"  # the calendars cannot be had
    NO_INPUT = "no_input"
    RECEPTION = "reception"


# After these the caller has what they called for.
SERVING = frozenset((VisitOutcome.BOOKED, VisitOutcome.MOVED, VisitOutcome.CANCELLED, VisitOutcome.WAITLISTED))


class OfferKey(StrEnum):
    """What a caller can say to a time that is offered. All work always, told or not."""

    TAKE = "1"
    LATER = "2"
    EARLIER = "3"
    OTHER_DAY = "4"
    ANOTHER = "5"  # somebody else
    NOTHING_SUITS = "6"
    DATE = "9"
    HUMAN = "0"


class OwnKey(StrEnum):
    """What a caller can say to an appointment of theirs."""

    HEAR = "1"
    MOVE = "2"
    CANCEL = "3"
    BOOK = "4"  # another one
    NEXT = "6"  # of several
    HUMAN = "0"


class SureKey(StrEnum):
    """Whether it is to be done."""

    YES = "1"
    NO = "2"
    NEXT = "6"  # another appointment was meant
    HUMAN = "0"


def keys_told(heard: int, *, can_choose: bool, can_wait: bool) -> tuple[OfferKey, ...]:
    """Which keys are told with the offer that is heard as the `heard`th, from 1: MOST_TOLD at most, what callers want
    most first. `can_choose`: there is somebody else; `can_wait`: there is a waitlist, and the caller can be called."""
    first, last = (OfferKey.TAKE, OfferKey.LATER), OfferKey.HUMAN
    if heard <= 1:
        return (*first, OfferKey.OTHER_DAY, OfferKey.ANOTHER if can_choose else OfferKey.DATE, last)
    if heard == 2:
        return (*first, OfferKey.EARLIER, OfferKey.DATE, last)
    return (*first, OfferKey.OTHER_DAY, OfferKey.NOTHING_SUITS if can_wait else OfferKey.DATE, last)


def day_typed(digits: str, today: date) -> date | None:
    """The day meant by day and month, two digits each: the next such day from today on; None if it is no day."""
    if len(digits) != 4 or not digits.isdecimal():
        return None
    for year in range(today.year, today.year + 9):  # 29 February may be eight years away
        try:
            day = date(year, int(digits[2:]), int(digits[:2]))
        except ValueError:
            continue
        if day >= today:
            return day
    return None
