"""A caller is offered free times, one after the other, and takes one: for a new appointment, or to move one.

Each time is held for the caller while it is offered, so that what is taken is theirs; "booked" is said only once it is.
Whoever leaves lets the hold go, and if nobody can do that any more it falls away by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import uuid5

import structlog

from switchboard.appointment_ports import Wish
from switchboard.domain.appointment import Appointment, Slot
from switchboard.domain.booking_visit import MOST_OFFERS, OfferKey, SureKey, VisitOutcome, day_typed, keys_told
from switchboard.domain.slot_offers import Offers, WhyNot
from switchboard.errors import CallerHungUp, RecordsUnreachable
from switchboard.services.appointment_visit import AppointmentVisit, Part, Visited

OFFER, TAKEN = "book_offer", "book_taken"
NONE_FREE, NO_OTHER, NO_SUCH_DAY = "book_none_free", "book_no_other", "book_no_such_day"
TYPE_DATE, WISH_OFFER, WISHED = "book_type_date", "book_wish_offer", "book_wished"
BOOKED, MOVED = "book_booked", "book_moved"

_TOLD: Mapping[OfferKey, str] = {
    OfferKey.TAKE: "book_take",
    OfferKey.LATER: "book_later",
    OfferKey.EARLIER: "book_earlier",
    OfferKey.OTHER_DAY: "book_other_day",
    OfferKey.ANOTHER: "book_another",
    OfferKey.NOTHING_SUITS: "book_nothing_suits",
    OfferKey.DATE: "book_date",
    OfferKey.HUMAN: "book_human",
}
_WHY_NOT = {
    WhyNot.NOTHING_AT_ALL: NONE_FREE,
    WhyNot.NOTHING_THAT_DAY: NO_SUCH_DAY,
    WhyNot.TOO_SOON: NO_SUCH_DAY,
    WhyNot.TOO_FAR: NO_SUCH_DAY,
}
_AN_INSTANT = timedelta(microseconds=1)

_log = structlog.get_logger(__name__)


async def offer_slots(visit: AppointmentVisit, event_type: str, moves: Appointment | None = None) -> Visited:
    """Offer times of this event type until one is taken. `moves` is the appointment that is to be moved there."""
    if event_type not in visit.rules.event_types:
        return visit.left(VisitOutcome.NONE_FREE, f"`{event_type}` is not booked any more")
    offering = _Offering(visit, event_type, moves)
    try:
        visited = await offering.go()
    except CallerHungUp:
        await offering.let_go()
        raise
    await offering.let_go()
    return visited


class _Offering:
    """One caller who is offered times."""

    def __init__(self, visit: AppointmentVisit, event_type: str, moves: Appointment | None) -> None:
        self._visit = visit
        self._event_type = event_type
        self._moves = moves
        self._hold: Appointment | None = None
        self._offers: Offers

    async def go(self) -> Visited:
        """Time after time."""
        found = self._elsewhere((await self._look()).first())
        before: tuple[Part, ...] = ()
        heard = 0
        for _ in range(MOST_OFFERS):
            if not isinstance(found, Slot):
                if self._offers.current is None:
                    return await self._nothing(NONE_FREE)
                before, found = (*before, _WHY_NOT.get(found, NO_OTHER)), self._offers.current
            if not await self._held(found):
                before, found = (TAKEN,), await self._instead_of(found)
                continue
            heard += 1
            key = await self._ask(before, found, heard)
            before = ()
            if key == OfferKey.TAKE:
                if (booked := await self._book()) is not None:
                    return booked
                before, found = (TAKEN,), await self._instead_of(found)
            elif key == OfferKey.NOTHING_SUITS:
                return await self._nothing(NO_OTHER)
            elif key is None or key == OfferKey.HUMAN:
                outcome = VisitOutcome.NO_INPUT if key is None else VisitOutcome.RECEPTION
                return self._visit.left(outcome, f"{heard} times offered, none taken")
            else:
                wanted = await self._wanted(key)
                if wanted is None:
                    return self._visit.left(VisitOutcome.RECEPTION, f"{heard} times offered, none taken")
                found = self._elsewhere(wanted, back=key == OfferKey.EARLIER)
        return self._visit.left(VisitOutcome.RECEPTION, f"{heard} times offered, none taken")

    async def let_go(self) -> None:
        """Of what is held and was not taken."""
        if self._hold is not None:
            hold, self._hold = self._hold, None
            try:
                await self._visit.appointments.release(hold.id)
            except RecordsUnreachable as error:
                _log.warning("hold_not_released", hold=str(hold.id), until=str(hold.held_until), error=str(error))

    async def _look(self) -> Offers:
        """Into the calendars, as they are now. What this caller has does not stand in the way."""
        visit, now = self._visit, self._visit.recorder.now()
        begin, end, resources = visit.search.window(self._event_type, now)
        own = {each.id for each in (self._moves, self._hold) if each is not None}
        busy = [each for each in await visit.appointments.busy(resources, begin, end) if each.appointment not in {*own}]
        self._offers = Offers(visit.search, self._event_type, busy, now)
        return self._offers

    def _elsewhere(self, found: Slot | WhyNot, *, back: bool = False) -> Slot | WhyNot:
        """The next one where this is when the appointment is anyway that is to be moved."""
        moves = self._moves
        while moves is not None and isinstance(found, Slot) and found.start == moves.slot.start:
            found = self._offers.earlier() if back else self._offers.later()
        return found

    async def _held(self, slot: Slot) -> bool:
        """Is it held for this caller? False if somebody else has it."""
        visit = self._visit
        if self._hold is not None and self._hold.slot == slot:
            return True
        moves = self._moves.id if self._moves else None
        until = visit.recorder.now() + visit.rules.hold
        hold = await visit.appointments.hold(self._event_type, slot, visit.booker, until, visit.by(), moves)
        if hold is None:
            return False
        self._hold = hold
        visit.note("held", hold)
        return True

    async def _instead_of(self, slot: Slot) -> Slot | WhyNot:
        """What there is instead of a time that somebody else has: at the same time, or later, or at all."""
        resource = self._offers.resource
        offers = await self._look()
        offers.resource = resource
        offers.current = replace(slot, start=slot.start - _AN_INSTANT)
        found = self._elsewhere(offers.later())
        if isinstance(found, Slot):
            return found
        offers.current = None
        return self._elsewhere(offers.first())

    async def _ask(self, before: tuple[Part, ...], slot: Slot, heard: int) -> str | None:
        visit = self._visit
        told = keys_told(heard, can_choose=self._offers.can_choose, can_wait=self._can_wait)
        whom, when = visit.with_whom(self._event_type, slot), visit.when(slot.start)
        visit.call.forget_keys()  # nobody takes a time that they have not heard
        return await visit.ask((*before, OFFER, *whom, *when, *(_TOLD[key] for key in told)), list(OfferKey))

    async def _wanted(self, key: str) -> Slot | WhyNot | None:
        """What the caller wants to be offered; None: reception."""
        offers = self._offers
        match key:
            case OfferKey.LATER:
                return offers.later()
            case OfferKey.EARLIER:
                return offers.earlier()
            case OfferKey.OTHER_DAY:
                return offers.other_day()
            case OfferKey.ANOTHER:
                return offers.with_another() if offers.can_choose else WhyNot.NOBODY_ELSE
        typed = await self._visit.digits(TYPE_DATE)
        if typed == OfferKey.HUMAN:
            return None
        today = self._visit.recorder.now().astimezone(self._visit.zone).date()
        day = day_typed(typed, today)
        return WhyNot.NOTHING_THAT_DAY if day is None else offers.on(day)

    async def _book(self) -> Visited | None:
        """Make a booking of the hold; None if somebody else has it by now."""
        visit, hold = self._visit, self._hold
        assert hold is not None
        visit.request.begun(hold.id)
        booked = await visit.appointments.book(hold.id, visit.booker, visit.by())
        if booked is None:
            self._hold = None
            return None
        self._hold = None
        return await tell_booked(visit, booked, is_moved=self._moves is not None)

    @property
    def _can_wait(self) -> bool:
        return self._visit.rules.waitlist and bool(self._visit.booker.number)

    async def _nothing(self, why: str) -> Visited:
        """Nothing is free, or nothing suits: the caller may be called when something becomes free."""
        visit = self._visit
        if not self._can_wait:
            await visit.say(why)
            return visit.left(VisitOutcome.NONE_FREE, "nothing is free" if why == NONE_FREE else "nothing suits")
        visit.call.forget_keys()
        before = (NONE_FREE,) if why == NONE_FREE else ()
        key = await visit.ask((*before, WISH_OFFER), (SureKey.YES, SureKey.NO, SureKey.HUMAN))
        if key == SureKey.HUMAN:
            return visit.left(VisitOutcome.RECEPTION, "pressed 0")
        if key != SureKey.YES:
            return visit.left(VisitOutcome.NONE_FREE, "wants no place on the waitlist")
        now = visit.recorder.now()
        wish = Wish(
            uuid5(visit.call.id, f"wish {visit.by().key}"),
            self._event_type,
            visit.booker,
            now,
            now + visit.rules.event_types[self._event_type].horizon,
            self._offers.resource,
            self._moves.id if self._moves else None,
        )
        await visit.appointments.wish(wish)
        visit.recorder.is_served = True
        await visit.say(WISHED, barge_in=False)
        return visit.left(VisitOutcome.WAITLISTED, f"waits for {self._event_type}")


async def tell_booked(visit: AppointmentVisit, booked: Appointment, *, is_moved: bool) -> Visited:
    """It is booked: tell the record, then the caller."""
    visit.note("moved" if is_moved else "booked", booked)
    visit.recorder.is_served = True  # who hangs up now has what they called for
    await visit.confirm(MOVED if is_moved else BOOKED, booked)
    outcome = VisitOutcome.MOVED if is_moved else VisitOutcome.BOOKED
    return visit.left(outcome, f"appointment {booked.reference}")
