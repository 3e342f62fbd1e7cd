"""What calendars promise, held against those in memory and those in Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
import pytest_asyncio

from switchboard.appointment_ports import Appointments, Wish
from switchboard.domain.appointment import (
    Appointment,
    AppointmentRules,
    AppointmentState,
    Booker,
    Busy,
    ChangedBy,
    EventType,
    Resource,
    Slot,
)
from switchboard.domain.language import Language
from switchboard.errors import RecordsUnreachable
from switchboard.postgres.appointments import PostgresAppointments
from switchboard.testing.in_memory_appointments import InMemoryAppointments
from switchboard.testing.manual_clock import ManualClock

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
DAY = NOON + timedelta(days=7) - timedelta(hours=12)  # midnight of a Tuesday
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TALLINN = ZoneInfo("Europe/Tallinn")
ANNA = Booker("+37255501234", "Anna", Language("et"), "anna@example.net", "nut allergy")
BOB = Booker("+37255505678", "Bob")

RULES = AppointmentRules(
    event_types={
        each.id: each
        for each in (
            EventType("visit", {}, HOUR, (("chef",),)),
            EventType("tasting", {}, HOUR, (("chef", "cook"), ("room",)), before=15 * MINUTE, after=30 * MINUTE),
            EventType("rare", {}, HOUR, (("cook",),), per_day=2),
            EventType("desk", {}, HOUR, (("desks",),)),
        )
    },
    resources={
        each.id: each
        for each in (
            Resource("chef", {}, "opening"),
            Resource("cook", {}, "opening"),
            Resource("room", {}, "opening"),
            Resource("desks", {}, "opening", capacity=2),
        )
    },
)


class Calendars:
    """Those that are tried, with what one says often."""

    def __init__(self, store: Appointments, clock: ManualClock, dsn: str) -> None:
        self.store, self.clock, self._dsn = store, clock, dsn

    async def hold(
        self, at: float, event_type: str = "visit", *, key: str = "", who: Booker = ANNA, moves: UUID | None = None
    ) -> Appointment | None:
        """`at`: hours after the day's beginning."""
        until = self.clock.now() + 3 * MINUTE
        return await self.store.hold(event_type, slot(at, event_type), who, until, ChangedBy("caller", key=key), moves)

    async def held(
        self, at: float, event_type: str = "visit", *, key: str = "", moves: UUID | None = None
    ) -> Appointment:
        found = await self.hold(at, event_type, key=key, moves=moves)
        assert found is not None
        return found

    async def booked(self, at: float, event_type: str = "visit", who: Booker = ANNA) -> Appointment:
        found = await self.store.book((await self.held(at, event_type)).id, who, ChangedBy("mari", "asked"))
        assert found is not None
        return found

    async def somebody_has(self, resource: str, at: float, hours: float = 1) -> None:
        """By their own calendar elsewhere."""
        begins, ends = DAY + at * HOUR, DAY + (at + hours) * HOUR
        if isinstance(self.store, InMemoryAppointments):
            self.store.outside.append(Busy(resource, begins, ends))
            return
        connection = await asyncpg.connect(self._dsn, timeout=20)
        await connection.execute(
            "insert into outside_busy values ($1, '/a.ics', 'a', tstzrange($2, $3))", resource, begins, ends
        )
        await connection.close(timeout=20)


def slot(at: float, event_type: str = "visit", *resources: str) -> Slot:
    wanted = RULES.event_types[event_type]
    start = DAY + at * HOUR
    return Slot(start, start + wanted.duration, resources or tuple(need[0] for need in wanted.needs))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture(params=["in memory", "postgres"])
def where(request: pytest.FixtureRequest) -> str:
    """The database; empty where there is none."""
    return "" if request.param == "in memory" else str(request.getfixturevalue("dsn"))


@pytest_asyncio.fixture
async def calendars(where: str, clock: ManualClock) -> AsyncIterator[Calendars]:
    if not where:
        yield Calendars(InMemoryAppointments(RULES, clock, TALLINN), clock, where)
        return
    store = PostgresAppointments(where, clock, lambda: RULES, lambda: TALLINN)
    yield Calendars(store, clock, where)
    await store.close()


def told(busy: Iterable[Busy]) -> list[tuple[str, float, float]]:
    """(resource, from, to) in hours of the day, in order."""
    return sorted((each.resource, (each.start - DAY) / HOUR, (each.end - DAY) / HOUR) for each in busy)


async def test_a_hold_takes_a_time_and_a_booking_keeps_it(calendars: Calendars) -> None:
    hold = await calendars.held(9)
    assert (hold.state, hold.slot, hold.booker, hold.revision) == (AppointmentState.HELD, slot(9), ANNA, 0)
    assert len(hold.reference) == 6
    assert hold.held_until == NOON + 3 * MINUTE
    assert await calendars.hold(9, who=BOB) is None
    assert await calendars.hold(9.5, who=BOB) is None
    booked = await calendars.store.book(hold.id, BOB, ChangedBy("mari"))
    assert booked == replace(hold, state=AppointmentState.BOOKED, booker=BOB, held_until=None)
    calendars.clock.pass_time(HOUR)
    assert await calendars.hold(9) is None
    assert await calendars.hold(10) is not None


async def test_what_was_booked_is_found(calendars: Calendars) -> None:
    later, sooner = await calendars.booked(12), await calendars.booked(9)
    other = await calendars.booked(10, who=BOB)
    await calendars.held(14)
    assert await calendars.store.of(ANNA.number, NOON) == [sooner, later]
    assert await calendars.store.of(ANNA.number, sooner.slot.end) == [later]
    assert await calendars.store.of("", NOON) == []
    assert await calendars.store.by_reference(other.reference, NOON) == other
    assert await calendars.store.by_reference(other.reference, other.slot.end) is None
    assert await calendars.store.by_reference("", NOON) is None
    await calendars.store.cancel(later.id, ChangedBy("mari"))
    assert await calendars.store.of(ANNA.number, NOON) == [sooner]
    assert await calendars.store.by_reference(later.reference, NOON) is None


async def test_what_is_taken_is_told_with_its_buffers(calendars: Calendars) -> None:
    booked = await calendars.booked(9, "tasting")
    await calendars.held(13)
    await calendars.somebody_has("cook", 9)
    found = await calendars.store.busy(["chef", "room", "cook"], DAY, DAY + 24 * HOUR)
    assert told(found) == [("chef", 8.75, 10.5), ("chef", 13, 14), ("cook", 9, 10), ("room", 8.75, 10.5)]
    tasting = next(each for each in found if each.resource == "room")
    assert (tasting.event_type, tasting.begins, tasting.appointment) == ("tasting", DAY + 9 * HOUR, booked.id)
    outside = next(each for each in found if each.resource == "cook")
    assert (outside.event_type, outside.begins, outside.appointment) == ("", None, None)
    assert told(await calendars.store.busy(["chef"], DAY + 10.5 * HOUR, DAY + 13 * HOUR)) == []
    calendars.clock.pass_time(3 * MINUTE)
    assert told(await calendars.store.busy(["chef"], DAY, DAY + 24 * HOUR)) == [("chef", 8.75, 10.5)]


async def test_all_that_is_needed_is_taken_or_nothing(calendars: Calendars) -> None:
    await calendars.somebody_has("room", 9)
    assert await calendars.hold(9, "tasting") is None
    assert await calendars.hold(9, "visit") is not None
    assert await calendars.hold(10, "tasting") is None  # its buffer would be in the visit and the room
    assert await calendars.hold(10.25, "tasting") is not None


async def test_an_expired_hold_is_taken_over_by_who_comes_next(calendars: Calendars) -> None:
    hold = await calendars.held(9)
    calendars.clock.pass_time(3 * MINUTE)
    other = await calendars.hold(9.5, who=BOB)
    assert other is not None
    assert await calendars.store.book(hold.id, ANNA, ChangedBy("caller")) is None
    assert await calendars.store.of(ANNA.number, NOON) == []
    assert await calendars.store.book(other.id, BOB, ChangedBy("caller")) is not None


async def test_an_expired_hold_that_nobody_wanted_is_booked(calendars: Calendars) -> None:
    hold = await calendars.held(9, "tasting")
    calendars.clock.pass_time(4 * MINUTE)
    between = await calendars.held(9)  # takes the chef of it, not the room
    assert await calendars.store.book(hold.id, ANNA, ChangedBy("caller")) is None
    await calendars.store.release(between.id)
    assert await calendars.store.book(hold.id, ANNA, ChangedBy("caller")) is not None
    assert await calendars.hold(9) is None


async def test_the_same_request_is_the_same_hold(calendars: Calendars) -> None:
    hold = await calendars.held(9, key="call/book/1")
    calendars.clock.pass_time(MINUTE)
    again = await calendars.held(9, key="call/book/1")
    assert again == replace(hold, held_until=NOON + 4 * MINUTE)
    other = await calendars.held(9.5, key="call/book/1")  # its former hold does not stand in the way
    assert told(await calendars.store.busy(["chef"], DAY, DAY + 24 * HOUR)) == [("chef", 9.5, 10.5)]
    assert await calendars.store.book(hold.id, ANNA, ChangedBy("caller")) is None
    booked = await calendars.store.book(other.id, ANNA, ChangedBy("caller"))
    assert await calendars.held(9.5, key="call/book/1") == booked
    calendars.clock.pass_time(HOUR)
    assert await calendars.hold(9.5, key="call/book/2") is None


async def test_a_former_hold_is_let_go_even_if_the_next_is_not_to_be_had(calendars: Calendars) -> None:
    await calendars.booked(9)
    await calendars.held(11, key="call/book/1")
    assert await calendars.hold(9.5, key="call/book/1") is None
    assert await calendars.hold(11, who=BOB) is not None


async def test_asked_twice_booked_once(calendars: Calendars) -> None:
    hold = await calendars.held(9)
    booked = await calendars.store.book(hold.id, ANNA, ChangedBy("caller"))
    assert await calendars.store.book(hold.id, ANNA, ChangedBy("caller")) == booked
    assert len(await calendars.store.of(ANNA.number, NOON)) == 1
    assert await calendars.store.book(uuid4(), ANNA, ChangedBy("caller")) is None


async def test_what_was_let_go_is_free(calendars: Calendars) -> None:
    hold = await calendars.held(9)
    await calendars.store.release(hold.id)
    await calendars.store.release(hold.id)
    booked = await calendars.booked(9)
    await calendars.store.release(booked.id)
    assert await calendars.store.of(ANNA.number, NOON) == [booked]
    assert await calendars.store.book(hold.id, ANNA, ChangedBy("caller")) is None


async def test_cancelled_once_and_free(calendars: Calendars) -> None:
    booked = await calendars.booked(9)
    cancelled = replace(booked, state=AppointmentState.CANCELLED, revision=1)
    assert await calendars.store.cancel(booked.id, ChangedBy("mari", "ill")) == cancelled
    assert await calendars.store.cancel(booked.id, ChangedBy("mari", "ill")) == cancelled
    assert await calendars.store.confirm(booked.id, ChangedBy("caller")) is None
    assert await calendars.store.book(booked.id, ANNA, ChangedBy("caller")) is None
    assert await calendars.hold(9) is not None
    assert await calendars.store.cancel(uuid4(), ChangedBy("mari")) is None
    hold = await calendars.held(12)
    assert await calendars.store.cancel(hold.id, ChangedBy("mari")) is None
    assert await calendars.store.book(hold.id, ANNA, ChangedBy("caller")) is not None


async def test_confirmed(calendars: Calendars) -> None:
    booked = await calendars.booked(9)
    confirmed = replace(booked, state=AppointmentState.CONFIRMED)
    assert await calendars.store.confirm(booked.id, ChangedBy("caller")) == confirmed
    assert await calendars.store.confirm(booked.id, ChangedBy("caller")) == confirmed
    assert await calendars.store.of(ANNA.number, NOON) == [confirmed]
    hold = await calendars.held(12)
    assert await calendars.store.confirm(hold.id, ChangedBy("caller")) is None


async def test_moved_without_standing_in_its_own_way(calendars: Calendars) -> None:
    booked = await calendars.booked(9)
    hold = await calendars.held(9.5, moves=booked.id)
    assert await calendars.hold(9, who=BOB) is None  # both times are taken until it is clear
    assert await calendars.hold(10, who=BOB) is None
    assert await calendars.store.of(ANNA.number, NOON) == [booked]
    moved = await calendars.store.book(hold.id, BOB, ChangedBy("caller"))
    assert moved == replace(booked, slot=slot(9.5), revision=1)
    assert await calendars.store.book(hold.id, BOB, ChangedBy("caller")) == moved
    assert told(await calendars.store.busy(["chef"], DAY, DAY + 24 * HOUR)) == [("chef", 9.5, 10.5)]
    assert await calendars.store.of(ANNA.number, NOON) == [moved]
    assert await calendars.hold(8.5, who=BOB) is not None


async def test_moved_to_where_it_is(calendars: Calendars) -> None:
    booked = await calendars.booked(9)
    hold = await calendars.held(9, moves=booked.id)
    assert await calendars.store.book(hold.id, ANNA, ChangedBy("caller")) == booked
    assert told(await calendars.store.busy(["chef"], DAY, DAY + 24 * HOUR)) == [("chef", 9, 10)]


async def test_a_move_that_expired_changes_nothing(calendars: Calendars) -> None:
    booked = await calendars.booked(9)
    hold = await calendars.held(11, moves=booked.id)
    calendars.clock.pass_time(3 * MINUTE)
    await calendars.booked(11, who=BOB)
    assert await calendars.store.book(hold.id, ANNA, ChangedBy("caller")) is None
    assert await calendars.store.of(ANNA.number, NOON) == [booked]
    assert await calendars.hold(9, who=BOB) is None


async def test_what_does_not_stand_is_not_moved(calendars: Calendars) -> None:
    booked = await calendars.booked(9)
    hold = await calendars.held(11, moves=booked.id)
    await calendars.store.cancel(booked.id, ChangedBy("mari"))
    assert await calendars.store.book(hold.id, ANNA, ChangedBy("caller")) is None
    assert await calendars.hold(12, moves=booked.id) is None
    assert await calendars.hold(12, moves=uuid4()) is None


async def test_as_many_at_a_time_as_there_is_room_for(calendars: Calendars) -> None:
    for at in (9, 10, 9.5):
        assert await calendars.hold(at, "desk") is not None
    for at in (9, 9.25, 9.75, 10):
        assert await calendars.hold(at, "desk") is None
    assert await calendars.hold(8.5, "desk") is not None  # beside the one of 9, before the one of half past
    assert await calendars.hold(10.5, "desk") is not None


async def test_room_at_each_moment_is_room_whatever_the_order(calendars: Calendars) -> None:
    for at in (9, 11, 10):  # the third has a seat of the first two's
        await calendars.booked(at, "desk")
    await calendars.booked(9.5, "desk")  # and this, too, which goes until half past ten
    await calendars.booked(10.5, "desk")
    busy = await calendars.store.busy(["desks"], DAY, DAY + 24 * HOUR)
    assert [begins for _, begins, _ in told(busy)] == [9, 9.5, 10, 10.5, 11]


async def test_somebody_elses_calendar_takes_every_seat(calendars: Calendars) -> None:
    await calendars.somebody_has("desks", 9)
    assert await calendars.hold(9.5, "desk") is None
    assert await calendars.hold(10, "desk") is not None


async def test_a_limit_per_day_counts_the_organisations_days(calendars: Calendars) -> None:
    first = await calendars.booked(9, "rare")
    assert await calendars.hold(15, "rare") is not None
    assert await calendars.hold(12, "rare") is None
    assert await calendars.hold(21, "rare") is None  # 23 o'clock in Tallinn
    assert await calendars.hold(22, "rare") is not None  # midnight in Tallinn
    assert await calendars.hold(12, "rare", moves=first.id) is not None
    calendars.clock.pass_time(3 * MINUTE)
    assert await calendars.hold(12, "rare") is not None


async def test_what_the_configuration_does_not_know_is_not_held(calendars: Calendars) -> None:
    until, by = NOON + MINUTE, ChangedBy("caller")
    assert await calendars.store.hold("nothing", slot(9), ANNA, until, by) is None
    assert await calendars.store.hold("visit", slot(9, "visit", "nobody"), ANNA, until, by) is None


async def test_one_wish_for_each_event_type_and_number(calendars: Calendars) -> None:
    wish = Wish(uuid4(), "visit", ANNA, NOON, DAY)
    await calendars.store.wish(wish)
    await calendars.store.wish(replace(wish, id=uuid4(), since=NOON + HOUR, until=DAY + HOUR, resource="chef"))


async def test_without_postgres(clock: ManualClock) -> None:
    nowhere = PostgresAppointments("postgresql://nobody@127.0.0.1:1/nothing", clock, lambda: RULES, lambda: TALLINN)
    down = InMemoryAppointments(RULES, clock, is_down=True)
    for store in (nowhere, down):
        with pytest.raises(RecordsUnreachable):
            await store.of(ANNA.number, NOON)
        with pytest.raises(RecordsUnreachable):
            await store.hold("visit", slot(9), ANNA, NOON, ChangedBy("caller"))
