"""Waiting in a queue: order, aging, estimates, strategies, and the rooms that give agents to callers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.call_record import CallEvent
from switchboard.domain.dialling import DialOutcome, Phone
from switchboard.domain.event_kind import EventKind
from switchboard.domain.identity import CallId, EventId
from switchboard.domain.queue_rooms import QueueRooms, Waiting
from switchboard.domain.queueing import (
    BOUNDS,
    HIGHEST_PRIORITY,
    USUAL_CALL,
    Queue,
    Ticket,
    bound,
    expected_wait,
    in_order,
)
from switchboard.domain.ring_strategy import PhoneUses, Strategy

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MARI, JAAN, ANNA = (Phone(extension, extension) for extension in ("101", "102", "110"))
SALES = Queue("sales", ("mari", "jaan"), wrap_up=timedelta(seconds=5), skip_for=timedelta(seconds=30))
FINANCE = Queue("finance", ("anna", "jaan"))


def call(number: int) -> CallId:
    return CallId(UUID(int=number))


def ticket(number: int, seconds: float, priority: int = 0) -> Ticket:
    return Ticket(call(number), NOON + timedelta(seconds=seconds), priority)


tickets = st.lists(
    st.builds(
        ticket,
        st.integers(0, 10_000),
        st.integers(0, 7200),
        st.integers(0, HIGHEST_PRIORITY),
    ),
    max_size=30,
    unique_by=lambda each: each.call_id,
)


@pytest.mark.parametrize(
    ("came", "served"),
    [
        ([(1, 0, 0), (2, 10, 0), (3, 20, 0)], [1, 2, 3]),
        ([(1, 0, 0), (2, 60, 1)], [2, 1]),  # a head start of two minutes
        ([(1, 0, 0), (2, 121, 1)], [1, 2]),  # came too late for that
        ([(1, 0, 0), (2, 200, 2), (3, 210, 1)], [2, 1, 3]),
        ([(2, 0, 0), (1, 0, 0)], [1, 2]),  # the same instant: any order, but always the same
    ],
)
def test_order(came: list[tuple[int, int, int]], served: list[int]) -> None:
    assert [each.call_id.int for each in in_order(ticket(*each) for each in came)] == served


@given(tickets)
def test_the_order_is_total_and_loses_nobody(waiting: list[Ticket]) -> None:
    ordered = in_order(waiting)
    assert Counter(ordered) == Counter(waiting)
    assert ordered == in_order(reversed(waiting))
    assert all(first.rank < second.rank for first, second in pairwise(ordered))


@given(tickets, st.integers(0, 29))
def test_nobody_is_overtaken_for_ever(waiting: list[Ticket], place: int) -> None:
    """Whoever comes later than the highest head start is behind, of whatever class."""
    if place >= len(waiting):
        return
    mine = waiting[place]
    ordered = in_order(waiting)
    ahead = ordered[: ordered.index(mine)]
    assert all(each.since <= mine.since + HIGHEST_PRIORITY * mine.head_start for each in ahead)
    assert all(each.priority > mine.priority for each in ahead if each.since > mine.since)


@given(tickets, st.integers(0, HIGHEST_PRIORITY))
def test_who_comes_later_of_the_same_class_is_behind(waiting: list[Ticket], priority: int) -> None:
    alike = [each for each in waiting if each.priority == priority]
    ordered = [each for each in in_order(waiting) if each.priority == priority]
    assert [each.since for each in ordered] == sorted(each.since for each in alike)


@pytest.mark.parametrize(
    ("position", "agents", "handling", "told"),
    [
        (1, 1, [], 5),  # nothing known: a call takes three minutes
        (1, 3, [], 2),
        (4, 1, [MINUTE] * 5, 5),
        (4, 2, [MINUTE] * 5, 5),  # exactly two minutes is not less than two
        (3, 2, [MINUTE] * 5, 2),
        (15, 1, [5 * MINUTE] * 5, 0),  # longer than anybody wants to hear
        (1, 0, [MINUTE] * 5, 2),
    ],
)
def test_estimates(position: int, agents: int, handling: list[timedelta], told: int) -> None:
    assert bound(expected_wait(position, agents, handling)) == told


@given(st.integers(1, 50), st.integers(1, 10), st.lists(st.timedeltas(timedelta(), timedelta(hours=1)), max_size=40))
def test_an_estimate_is_never_less_than_what_it_goes_by(position: int, agents: int, handling: list[timedelta]) -> None:
    expected = expected_wait(position, agents, handling)
    assert expected <= expected_wait(position + 1, agents, handling)
    assert expected_wait(position, agents + 1, handling) <= expected
    minutes = bound(expected)
    assert minutes in (*BOUNDS, 0)
    assert expected < timedelta(minutes=minutes) if minutes else expected >= timedelta(minutes=BOUNDS[-1])
    assert len(handling) >= 3 or expected_wait(1, 1, handling) == USUAL_CALL


class Room:
    """Rooms, a clock, and who was nudged."""

    def __init__(self) -> None:
        self.uses = PhoneUses()
        self.rooms = QueueRooms(self.uses)
        self.now = NOON
        self.nudged: list[int] = []
        self.woken: list[int] = []

    def comes(
        self,
        number: int,
        queue: Queue = SALES,
        agents: tuple[Phone, ...] = (MARI, JAAN),
        at: int = -1,
        *,
        priority: int = 0,
        can_ring: bool = True,
        is_callback: bool = False,
    ) -> None:
        since = self.now if at < 0 else NOON + timedelta(seconds=at)
        lines = [phone.line for phone in agents] if can_ring else []
        nudge, look = (lambda: self.nudged.append(number)), (lambda: self.woken.append(number))
        waiting = Waiting(Ticket(call(number), since, priority), queue, agents, nudge, look, is_callback=is_callback)
        self.rooms.enter(waiting, lines, self.now)

    def offered(self, number: int) -> list[str]:
        return [phone.line for phone in self.rooms.offered(call(number))]

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.rooms.dispatch(self.now)

    def note(self, number: int, kind: EventKind, **data: str) -> None:
        event = CallEvent(call(number), EventId(UUID(int=1)), self.now, kind, data)
        self.uses.noted(event)
        self.rooms.noted(event)


@pytest.fixture
def room() -> Room:
    return Room()


def test_two_agents_serve_three_callers(room: Room) -> None:
    for number in (1, 2, 3):
        room.comes(number)
    assert [room.offered(number) for number in (1, 2, 3)] == [["101"], ["102"], []]
    assert room.nudged == [1, 2]
    assert room.rooms.position(call(3)) == 3
    room.rooms.taken(call(2), JAAN, room.now)
    assert room.rooms.position(call(3)) == 2
    room.wait(60)
    room.rooms.parted(call(2), "102", room.now)
    assert room.offered(3) == []  # wrap-up
    assert room.rooms.next_change(call(3), room.now) == room.now + SALES.wrap_up
    room.wait(5)
    assert room.offered(3) == ["102"]


def talked(room: Room, *extensions: str) -> None:
    """Each had a call, one after the other."""
    for number, extension in enumerate(extensions, 1000):
        room.now += MINUTE
        room.note(number, EventKind.TALKING, extension=extension)
        room.note(number, EventKind.TALKED, extension=extension)


@pytest.mark.parametrize(
    ("strategy", "rung"),
    [
        (Strategy.IN_ORDER, ["101"]),
        (Strategy.SIMULTANEOUS, ["101", "102", "110"]),
        (Strategy.LONGEST_IDLE, ["102"]),
        (Strategy.FEWEST_CALLS, ["110"]),
    ],
)
def test_whom_a_queue_rings(room: Room, strategy: Strategy, rung: list[str]) -> None:
    talked(room, "102", "102", "101", "101", "110")
    room.wait(60)
    room.comes(1, Queue("sales", (), strategy), (MARI, JAAN, ANNA))
    assert room.offered(1) == rung


def test_who_has_not_talked_yet_is_idle_longest(room: Room) -> None:
    talked(room, "101")
    room.wait(60)
    room.comes(1)
    assert room.offered(1) == ["102"]


def test_random_is_drawn_for_each_caller_among_the_free(room: Room) -> None:
    queue, rung = Queue("sales", (), Strategy.RANDOM), Counter[str]()
    room.note(1000, EventKind.RINGING, extension="110")
    for number in range(1, 200):
        room.comes(number, queue, (MARI, JAAN, ANNA))
        rung.update(room.offered(number))
        room.rooms.leave(call(number), room.now)
    assert rung.keys() == {"101", "102"}
    assert min(rung.values()) > 60
    room.comes(1, queue, (MARI, JAAN, ANNA))
    before = room.offered(1)
    room.rooms.leave(call(1), room.now)
    room.comes(1, queue, (MARI, JAAN, ANNA))
    assert room.offered(1) == before, "the same caller, drawn again"


def test_who_sleeps_learns_of_a_pause_that_ends_sooner(room: Room) -> None:
    for number in (1, 2):
        room.comes(number, agents=(MARI,))
    room.rooms.taken(call(1), MARI, room.now)
    assert room.rooms.next_change(call(2), room.now) is None
    room.rooms.parted(call(1), "101", room.now)
    assert room.woken == [2]
    assert room.rooms.next_change(call(2), room.now) == room.now + SALES.wrap_up


def test_who_is_busy_elsewhere_is_not_rung_and_counts_all_the_same(room: Room) -> None:
    room.comes(1, agents=(MARI, JAAN))
    room.rooms.leave(call(1), room.now)
    room.comes(2, agents=(MARI, JAAN))
    room.rooms.not_taken(call(2), {MARI: DialOutcome.BUSY}, room.now)
    room.rooms.on_duty(call(2), (MARI, JAAN), frozenset(), room.now)
    assert room.rooms.estimate(call(2)) == USUAL_CALL / 2
    room.rooms.not_taken(call(2), {}, room.now)
    assert room.offered(2) == []
    room.rooms.on_duty(call(2), (MARI, JAAN), frozenset({"102"}), room.now)
    assert room.offered(2) == ["102"]


def test_an_agent_who_does_not_answer_is_skipped_for_a_while(room: Room) -> None:
    room.comes(1, agents=(MARI,))
    room.rooms.not_taken(call(1), {MARI: DialOutcome.NO_ANSWER}, room.now)
    assert room.offered(1) == []
    room.wait(29)
    assert room.offered(1) == []
    room.wait(1)
    assert room.offered(1) == ["101"]


def test_a_clock_that_is_set_back_keeps_nobody_from_being_rung(room: Room) -> None:
    room.wait(3600)
    room.comes(1, agents=(MARI,))
    room.rooms.not_taken(call(1), {MARI: DialOutcome.NO_ANSWER}, room.now)
    assert room.offered(1) == []
    room.wait(-1800)
    assert room.offered(1) == ["101"]


def test_nothing_is_promised_where_no_agent_answers(room: Room) -> None:
    room.comes(1)
    assert room.rooms.estimate(call(1)) == USUAL_CALL / 2
    room.rooms.not_taken(call(1), {MARI: DialOutcome.UNAVAILABLE, JAAN: DialOutcome.BUSY}, room.now)
    assert room.rooms.estimate(call(1)) == USUAL_CALL
    room.rooms.not_taken(call(1), {JAAN: DialOutcome.NO_ANSWER}, room.now)
    assert room.rooms.estimate(call(1)) is None
    room.wait(30)
    room.rooms.taken(call(1), MARI, room.now)
    room.comes(2)
    assert room.rooms.estimate(call(2)) == USUAL_CALL


def test_an_agent_whom_the_caller_rang_off_is_free_at_once(room: Room) -> None:
    room.comes(1, agents=(MARI,))
    room.comes(2, agents=(MARI,))
    room.rooms.leave(call(1), room.now)
    assert room.offered(2) == ["101"]


def serve(room: Room, number: int) -> list[int]:
    """Mari serves a caller, who has been offered to her; who is offered to her then."""
    room.rooms.taken(call(number), MARI, room.now)
    room.rooms.parted(call(number), MARI.line, room.now)
    room.wait(60)
    return [each.ticket.call_id.int for each in room.rooms.everybody() if each.offered]


def test_a_clock_that_jumps_while_they_wait_changes_nothing_in_the_order(room: Room) -> None:
    """A stranger, a dealer a minute later, another one three minutes later; a dealer has a head start of two."""
    room.comes(9, agents=(MARI,))
    room.rooms.taken(call(9), MARI, room.now)
    for number, minute, priority in ((1, 0, 0), (2, 1, 1), (3, 3, 1)):
        room.now = NOON + minute * MINUTE
        room.comes(number, agents=(MARI,), priority=priority)
    room.rooms.parted(call(9), MARI.line, room.now)
    room.wait(60)
    assert room.offered(2) == ["101"]
    assert serve(room, 2) == [1]
    assert serve(room, 1) == [3]


def test_who_looks_first_does_not_overtake_whom_something_is_said_to(room: Room) -> None:
    """That an agent can be rung again only the last caller sees: the others hear an announcement."""
    for number in (1, 2):
        room.comes(number, agents=(MARI,), can_ring=False)
        room.wait(1)
    room.comes(3, agents=(MARI,))
    assert [room.offered(number) for number in (1, 2, 3)] == [["101"], [], []]
    assert room.nudged == [1]


def test_who_looks_first_does_not_overtake_in_another_queue(room: Room) -> None:
    room.comes(1, FINANCE, (ANNA, JAAN), can_ring=False)
    room.comes(2, SALES, (JAAN,), can_ring=False)
    room.rooms.on_duty(call(2), (JAAN,), {JAAN.line}, room.now)
    assert [room.offered(number) for number in (1, 2)] == [["102"], []]


def test_who_is_off_duty_is_rung_for_nobody(room: Room) -> None:
    """As one caller sees it, and the other does not yet."""
    room.comes(1, agents=(MARI,))
    room.comes(2, agents=(MARI,))
    room.rooms.on_duty(call(2), (), (), room.now)
    room.rooms.leave(call(1), room.now)
    assert room.offered(2) == []
    assert room.rooms.estimate(call(2)) is None


def test_that_nobody_may_be_called_back_now_takes_no_agent_from_callers(room: Room) -> None:
    room.comes(1, agents=(MARI,))
    room.comes(2, agents=(MARI,))
    room.comes(3, agents=(), is_callback=True)
    room.rooms.leave(call(1), room.now)
    assert room.offered(2) == ["101"]


@pytest.mark.parametrize("priority", [1, HIGHEST_PRIORITY])
def test_a_stranger_is_served_however_many_important_callers_come(room: Room, priority: int) -> None:
    """One a minute, each served in a minute, one always waiting: those who came within the head start go first."""
    room.comes(1, agents=(MARI,), priority=priority)
    room.comes(0, agents=(MARI,))
    served = 0
    for number in range(2, 60):
        room.comes(number, agents=(MARI,), priority=priority)
        (turn,) = [each.ticket.call_id.int for each in room.rooms.everybody() if each.offered]
        if turn == 0:
            break
        serve(room, turn)
        served += 1
    assert served == 1 + 2 * priority


def test_two_queues_share_an_agent(room: Room) -> None:
    room.comes(1, SALES, (JAAN,))
    room.comes(2, FINANCE, (ANNA, JAAN))
    room.comes(3, FINANCE, (ANNA, JAAN))
    assert [room.offered(number) for number in (1, 2, 3)] == [["102"], ["110"], []]
    room.rooms.leave(call(1), room.now)
    assert room.offered(3) == ["102"]
    assert room.rooms.position(call(3)) == 2


def test_other_calls_keep_an_agent_busy(room: Room) -> None:
    room.note(9, EventKind.RINGING, extension="101")
    room.comes(1, agents=(MARI,))
    assert room.offered(1) == []
    room.note(9, EventKind.TALKING, extension="101")
    assert room.offered(1) == []
    room.note(9, EventKind.TALKED, extension="101")
    assert room.offered(1) == ["101"]


@pytest.mark.parametrize(("kind", "data"), [(EventKind.ENDED, {}), (EventKind.RUNG, {"outcome": "busy"})])
def test_a_phone_that_rang_for_another_call_is_free_again(room: Room, kind: EventKind, data: dict[str, str]) -> None:
    room.note(9, EventKind.RINGING, extension="101")
    room.comes(1, agents=(MARI,))
    room.note(9, kind, **({"extension": "101"} | data if data else {}))
    assert room.offered(1) == ["101"]


def test_after_a_restart_all_are_there_before_anybody_is_served(room: Room) -> None:
    room.rooms.is_open = False
    room.comes(3, at=30)
    room.comes(1, at=10)
    assert room.nudged == []
    room.comes(2, at=20)
    room.rooms.open(room.now)
    assert sorted(room.woken) == [1, 2, 3], "their places are known from now on"
    assert [room.offered(number) for number in (1, 2, 3)] == [["101"], ["102"], []]


arrivals = st.lists(
    st.tuples(st.sampled_from(["comes", "takes", "ends", "refuses", "leaves", "waits"]), st.integers(0, 9)), max_size=80
)


@given(arrivals, st.sampled_from(Strategy))
def test_no_call_is_lost_and_no_agent_rings_twice(happens: list[tuple[str, int]], strategy: Strategy) -> None:
    """Whatever happens in whatever order: an agent is kept for one caller, and when all is over everybody is served."""
    room, queue = Room(), Queue("sales", (), strategy)
    talking: dict[int, Phone] = {}
    inside: set[int] = set()
    for number, (what, which) in enumerate(happens):
        room.wait(1)
        known = sorted(inside)
        if what == "comes":
            room.comes(number, queue)
            inside.add(number)
        elif what == "waits":
            room.wait(which * 7)
        elif what == "ends" and talking:
            ends = sorted(talking)[which % len(talking)]
            room.rooms.parted(call(ends), talking.pop(ends).line, room.now)
        elif known and what in ("takes", "refuses", "leaves"):
            who = known[which % len(known)]
            offered = room.rooms.offered(call(who))
            if what == "leaves":
                room.rooms.leave(call(who), room.now)
                inside.discard(who)
            elif offered and what == "takes":
                room.rooms.taken(call(who), offered[0], room.now)
                talking[who] = offered[0]
                inside.discard(who)
            elif offered:
                room.rooms.not_taken(call(who), dict.fromkeys(offered, DialOutcome.NO_ANSWER), room.now)
        kept = [line for each in inside for line in room.offered(each)]
        assert len(kept) == len(set(kept))
        assert not {phone.line for phone in talking.values()} & set(kept)
        assert {each.ticket.call_id.int for each in room.rooms.waiting("sales")} == inside
    served: list[int] = []
    for who, phone in talking.items():
        room.rooms.parted(call(who), phone.line, room.now)
    while inside:
        room.wait(60)
        ready = [each.ticket.call_id.int for each in room.rooms.waiting("sales") if each.offered]
        assert ready, "somebody waits, everybody is free, and nothing happens"
        who = ready[0]
        phone = room.rooms.offered(call(who))[0]
        room.rooms.taken(call(who), phone, room.now)
        room.rooms.parted(call(who), phone.line, room.now)
        inside.discard(who)
        served.append(who)
    assert served == sorted(served)  # numbered as they came
