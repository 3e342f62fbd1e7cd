"""When something can be booked, and what a caller is offered: one rule a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from switchboard.domain.absence import Absence
from switchboard.domain.appointment import AppointmentRules, Busy, EventType, Resource, Slot
from switchboard.domain.free_slots import SlotSearch
from switchboard.domain.hours import HoursTable
from switchboard.domain.slot_grid import beginnings, first_from
from switchboard.domain.slot_offers import Offers, WhyNot

RIGA = ZoneInfo("Europe/Riga")
HOURS = {
    "office": HoursTable("office", "Mo-Fr 09:00-12:00,13:00-16:00; PH off", "Europe/Riga", "LV"),
    "always": HoursTable("always", "24/7", "Europe/Riga", "LV"),
}
RESOURCES = {
    "ann": Resource("ann", {}, "office", person="ann"),
    "bob": Resource("bob", {}, "office", person="bob"),
    "room": Resource("room", {}, "always"),
    "hall": Resource("hall", {}, "office", capacity=2),
}
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
VISIT = EventType("visit", {}, HOUR, (("ann",),), interval=HOUR, horizon=timedelta(days=30))
NOW = datetime(2026, 3, 2, 22, tzinfo=UTC)  # midnight before Tuesday the 3rd
BOOKING = UUID(int=7)


def on(text: str, day: str = "2026-03-03") -> datetime:
    """An instant by Riga's clock: `09:00` of Tuesday."""
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(text), RIGA).astimezone(UTC)


def search(event_type: EventType = VISIT, away: dict[str, Sequence[Absence]] | None = None) -> SlotSearch:
    return SlotSearch(AppointmentRules({"visit": event_type}, RESOURCES), HOURS, RIGA, away)


def taken(resource: str, since: str, until: str, event_type: str = "visit", **others: Any) -> Busy:
    booking = {"begins": on(since), "appointment": BOOKING} if event_type else {}
    return Busy(resource, on(since), on(until), event_type, **{**booking, **others})


def free(busy: Sequence[Busy] = (), event_type: EventType = VISIT, days: int = 1, **others: Any) -> str:
    """The slots of Tuesday the 3rd, as a word each: `09:00 10:00`."""
    found = search(event_type).free("visit", busy, NOW, after=NOW, until=NOW + timedelta(days=days), **others)
    return " ".join(f"{slot.start.astimezone(RIGA):%H:%M}" for slot in found)


@pytest.mark.parametrize(
    ("changed", "slots"),
    [
        ({}, "09:00 10:00 11:00 13:00 14:00 15:00"),
        ({"duration": 2 * HOUR}, "09:00 10:00 13:00 14:00"),
        ({"duration": 3 * HOUR}, "09:00 13:00"),
        ({"duration": 4 * HOUR}, ""),
        ({"interval": 30 * MINUTE, "duration": 2 * HOUR}, "09:00 09:30 10:00 13:00 13:30 14:00"),
        ({"interval": 2 * HOUR}, "10:00 14:00"),  # from midnight, not from opening
        ({"interval": 7 * HOUR}, "14:00"),
        ({"notice": 11 * HOUR}, "11:00 13:00 14:00 15:00"),
        ({"horizon": 14 * HOUR}, "09:00 10:00 11:00 13:00"),
        ({"before": 2 * HOUR, "after": 2 * HOUR}, "09:00 10:00 11:00 13:00 14:00 15:00"),  # outside hours is fine
    ],
)
def test_an_empty_day(changed: dict[str, Any], slots: str) -> None:
    assert free(event_type=replace(VISIT, **changed)) == slots


@pytest.mark.parametrize(
    ("busy", "changed", "slots"),
    [
        ([taken("ann", "10:00", "11:00")], {}, "09:00 11:00 13:00 14:00 15:00"),
        ([taken("bob", "10:00", "11:00")], {}, "09:00 10:00 11:00 13:00 14:00 15:00"),
        ([taken("ann", "10:01", "10:02")], {}, "09:00 11:00 13:00 14:00 15:00"),
        ([taken("ann", "00:00", "09:00"), taken("ann", "10:00", "23:00")], {}, "09:00"),  # fits exactly
        ([taken("ann", "10:00", "11:00")], {"before": MINUTE}, "09:00 13:00 14:00 15:00"),
        ([taken("ann", "10:00", "11:00")], {"after": MINUTE}, "11:00 13:00 14:00 15:00"),
        ([taken("ann", "08:00", "15:00"), taken("ann", "09:00", "10:00")], {}, "15:00"),  # one within the other
        ([taken("ann", "13:00", "14:00")], {"per_day": 1}, ""),
        ([taken("ann", "13:00", "14:00", "other")], {"per_day": 1}, "09:00 10:00 11:00 14:00 15:00"),
        (
            [taken("ann", "13:00", "14:00"), taken("room", "13:00", "14:00")],  # one booking
            {"per_day": 2},
            "09:00 10:00 11:00 14:00 15:00",
        ),
    ],
)  # fmt: skip
def test_what_is_taken(busy: list[Busy], changed: dict[str, Any], slots: str) -> None:
    assert free(busy, replace(VISIT, **changed)) == slots


def test_a_resource_with_room_for_two_is_free_until_two_are_there() -> None:
    event_type = replace(VISIT, needs=(("hall",),))
    both = [taken("hall", "09:00", "11:00"), taken("hall", "10:00", "12:00")]
    assert free(both, event_type) == "09:00 11:00 13:00 14:00 15:00"
    assert free([taken("hall", "09:00", "12:00", "")], event_type) == "13:00 14:00 15:00"  # outside: all of it


def test_an_absence_is_cut_out_of_the_hours() -> None:
    away = {"ann": [Absence(on("09:30"), on("13:00")), Absence(on("15:59"), on("20:00"))]}
    found = search(VISIT, away).free("visit", [], NOW, after=NOW, until=on("23:00"))
    assert [f"{slot.start.astimezone(RIGA):%H:%M}" for slot in found] == ["13:00", "14:00"]


def test_each_need_has_one_of_its_own_and_the_preferred_first() -> None:
    event_type = replace(VISIT, needs=(("ann", "bob"), ("ann", "bob"), ("room",)))
    found = list(search(event_type).free("visit", [], NOW, after=NOW, until=on("10:00")))
    assert [slot.resources for slot in found] == [("ann", "bob", "room")]
    busy = [taken("bob", "09:00", "10:00")]
    assert list(search(event_type).free("visit", busy, NOW, after=NOW, until=on("10:00"))) == []
    preferred = replace(VISIT, needs=(("ann", "bob"), ("ann",)))  # ann alone can be the second
    found = list(search(preferred).free("visit", [], NOW, after=NOW, until=on("10:00")))
    assert [slot.resources for slot in found] == [("bob", "ann")]


def test_one_can_be_asked_for_by_name() -> None:
    event_type = replace(VISIT, needs=(("ann", "bob"),))
    assert free([taken("ann", "09:00", "14:00")], event_type) == "09:00 10:00 11:00 13:00 14:00 15:00"
    assert free([taken("ann", "09:00", "14:00")], event_type, resource="ann") == "14:00 15:00"
    assert free([], event_type, resource="room") == ""


def night(zone: str, day: str, interval: int, since: str, until: str) -> list[str]:
    """The beginnings of a night between two times of its clock, with their offsets from UTC."""
    local = [
        each.astimezone(ZoneInfo(zone))
        for each in beginnings(date.fromisoformat(day), interval * MINUTE, ZoneInfo(zone))
    ]
    return [f"{each:%H:%M%z}".removesuffix("00") for each in local if since <= f"{each:%H:%M}" <= until]


@pytest.mark.parametrize(
    ("zone", "day", "interval", "found"),
    [
        # Forward: the times that are skipped are none at which anything begins.
        ("Europe/Riga", "2026-03-29", 30, "01:00+02 01:30+02 02:00+02 02:30+02"),
        ("America/New_York", "2026-03-08", 60, "01:00-05 03:00-04"),
        ("Australia/Lord_Howe", "2026-10-04", 20, "01:00+1030 01:20+1030 01:40+1030 02:40+11 03:00+11 03:20+11"),
        # Back: the times that come twice are two instants each.
        ("Europe/Riga", "2026-10-25", 30, "01:00+03 01:30+03 02:00+03 02:30+03 03:00+03 03:30+03 03:00+02 03:30+02"),
        # No change.
        ("Asia/Kolkata", "2026-03-29", 60, "01:00+0530 02:00+0530 03:00+0530"),
    ],
)  # fmt: skip
def test_nights_on_which_clocks_change(zone: str, day: str, interval: int, found: str) -> None:
    assert night(zone, day, interval, "01:00", "03:30") == found.split()


def test_a_doubled_half_hour() -> None:
    assert night("Australia/Lord_Howe", "2026-04-05", 30, "01:15", "02:15") == [
        "01:30+11", "01:30+1030", "02:00+1030",
    ]  # fmt: skip


def test_both_of_a_doubled_hour_can_be_booked() -> None:
    now = on("00:00", "2026-10-25")
    event_type = replace(VISIT, needs=(("room",),))
    slots = islice(search(event_type).free("visit", [], now, after=now), 6)
    assert [f"{slot.start.astimezone(RIGA):%H:%M%z}" for slot in slots] == [
        "00:00+0300", "01:00+0300", "02:00+0300", "03:00+0300", "03:00+0200", "04:00+0200",
    ]  # fmt: skip


def test_the_first_beginning_may_be_on_the_next_day() -> None:
    assert first_from(on("21:30"), 7 * HOUR, RIGA) == on("00:00", "2026-03-04")


def test_what_to_ask_the_calendars_for() -> None:
    event_type = replace(VISIT, needs=(("ann", "bob"), ("room",)), before=HOUR, after=2 * HOUR)
    begin, end, resources = search(event_type).window("visit", on("10:00"))
    assert (begin, end) == (on("23:00", "2026-03-02"), on("02:00", "2026-04-03"))  # whole days, for the day's limit
    assert resources == ("ann", "bob", "room")


@pytest.mark.parametrize(
    "slot",
    [
        Slot(on("09:00"), on("10:30"), ("ann",)),  # too long
        Slot(on("09:30"), on("10:30"), ("ann",)),  # off the grid
        Slot(on("12:00"), on("13:00"), ("ann",)),  # closed
        Slot(on("10:00"), on("11:00"), ("ann",)),  # taken
        Slot(on("09:00"), on("10:00"), ("bob",)),  # not what is needed
        Slot(on("09:00"), on("10:00"), ()),
        Slot(on("09:00", "2026-03-02"), on("10:00", "2026-03-02"), ("ann",)),  # over
        Slot(on("09:00", "2026-04-02"), on("10:00", "2026-04-02"), ("ann",)),  # beyond the horizon
    ],
)
def test_what_is_not_free(slot: Slot) -> None:
    busy = [taken("ann", "10:00", "11:00")]
    assert not search().is_free("visit", slot, busy, NOW)
    assert search().is_free("visit", Slot(on("09:00"), on("10:00"), ("ann",)), busy, NOW)


def said(offered: Slot | WhyNot) -> str:
    if isinstance(offered, WhyNot):
        return str(offered)
    return f"{offered.start.astimezone(RIGA):%a %d %H:%M} {offered.resources[0]}"


BOTH = replace(VISIT, duration=3 * HOUR, needs=(("ann", "bob"),), chooses=True, horizon=timedelta(days=4))


def test_a_caller_goes_through_the_offers() -> None:
    offers = Offers(search(BOTH), "visit", [], NOW)
    asked = [offers.first, offers.later, offers.later, offers.earlier, offers.earlier, offers.earlier]
    assert [said(ask()) for ask in asked] == [
        "Tue 03 09:00 ann", "Tue 03 13:00 ann", "Wed 04 09:00 ann", "Tue 03 13:00 ann", "Tue 03 09:00 ann",
        "nothing_earlier",
    ]  # fmt: skip
    asked = [offers.other_day, offers.other_day, offers.other_day, offers.other_day, offers.later, offers.later]
    assert [said(ask()) for ask in asked] == [
        "Wed 04 09:00 ann", "Thu 05 09:00 ann", "Fri 06 09:00 ann", "nothing_later", "Fri 06 13:00 ann",
        "nothing_later",
    ]  # fmt: skip
    assert said(offers.earlier()) == "Fri 06 09:00 ann"


def test_earlier_is_found_weeks_back() -> None:
    gap = [Busy("ann", on("10:00"), on("00:00", "2026-03-25"))]
    offers = Offers(search(), "visit", gap, NOW)
    assert said(offers.on(date(2026, 3, 25))) == "Wed 25 09:00 ann"
    assert said(offers.earlier()) == "Tue 03 09:00 ann"


def test_a_caller_asks_for_a_day() -> None:
    busy = [Busy(each, on("09:00"), on("16:00")) for each in ("ann", "bob")]
    offers = Offers(search(BOTH), "visit", busy, NOW)
    assert said(offers.on(date(2026, 3, 2))) == "too_soon"
    assert said(offers.on(date(2026, 3, 3))) == "nothing_that_day"
    assert said(offers.from_day(date(2026, 3, 3))) == "Wed 04 09:00 ann"
    assert said(offers.on(date(2026, 3, 5))) == "Thu 05 09:00 ann"
    assert said(offers.on(date(2026, 3, 7))) == "too_far"
    assert said(offers.from_day(date(2026, 3, 9))) == "too_far"
    assert offers.current == Slot(on("09:00", "2026-03-05"), on("12:00", "2026-03-05"), ("ann",))


def test_a_caller_asks_for_somebody_else() -> None:
    offers = Offers(search(BOTH), "visit", [taken("bob", "09:00", "16:00")], NOW)
    assert said(offers.first()) == "Tue 03 09:00 ann"
    assert offers.can_choose
    assert said(offers.with_another()) == "Wed 04 09:00 bob"
    assert said(offers.later()) == "Wed 04 13:00 bob"  # from then on all is with bob
    assert not offers.can_choose
    assert said(offers.with_another()) == "nobody_else"


def test_nothing_at_all() -> None:
    nothing = Offers(search(replace(VISIT, duration=5 * HOUR)), "visit", [], NOW)
    assert said(nothing.first()) == said(nothing.later()) == said(nothing.other_day()) == "nothing_at_all"
    assert nothing.current is None


def test_a_year_of_fifty_full_calendars_is_searched_lazily() -> None:
    """Not how long it takes, which depends on the machine, but how little is read of what comes after the offer."""
    resources = {f"r{number}": Resource(f"r{number}", {}, "office") for number in range(50)}
    event_type = replace(VISIT, needs=(tuple(resources),), horizon=timedelta(days=365))
    looked = SlotSearch(AppointmentRules({"visit": event_type}, resources), HOURS, RIGA)
    busy = [
        Busy(each, on("09:00") + timedelta(days=day), on("16:00") + timedelta(days=day), "visit")
        for day in range(365)
        for each in resources
        if (day, each) != (9, "r31")
    ]
    known = looked.taken(busy)
    (first,) = islice(looked.free("visit", known, NOW, after=NOW), 1)
    assert first == Slot(on("09:00", "2026-03-12"), on("10:00", "2026-03-12"), ("r31",))
    assert len(known.blocks("r0")[0]) < 40
