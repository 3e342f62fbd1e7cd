"""In which order a group is rung, and what is known of its phones."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.call_record import CallEvent
from switchboard.domain.dialling import Phone
from switchboard.domain.event_kind import EventKind
from switchboard.domain.identity import CallId, new_event_id
from switchboard.domain.ring_strategy import COUNTED, Member, PhoneUses, Strategy, Use, turns

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def member(extension: str) -> Member:
    return Member(extension, (Phone(extension, extension),))


def order(strategy: Strategy, uses: dict[str, Use], seed: int = 1) -> list[list[str]]:
    members = [member(extension) for extension in uses]
    return [[each.name for each in turn] for turn in turns(strategy, members, lambda it: uses[it.name], Random(seed))]


USES = {
    "101": Use(NOON - 5 * MINUTE, 3),
    "102": Use(NOON - 50 * MINUTE, 1),
    "103": Use(None, 0),
    "104": Use(NOON - 50 * MINUTE, 1),
}


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (Strategy.SIMULTANEOUS, [["101", "102", "103", "104"]]),
        (Strategy.IN_ORDER, [["101"], ["102"], ["103"], ["104"]]),
        (Strategy.LONGEST_IDLE, [["103"], ["102"], ["104"], ["101"]]),
        (Strategy.FEWEST_CALLS, [["103"], ["102"], ["104"], ["101"]]),
    ],
)
def test_who_is_rung_when(strategy: Strategy, expected: list[list[str]]) -> None:
    assert order(strategy, USES) == expected


def test_random_is_drawn_by_the_seed() -> None:
    drawn = {tuple(each for (each,) in order(Strategy.RANDOM, USES, seed)) for seed in range(200)}
    assert len(drawn) == 24
    assert order(Strategy.RANDOM, USES, 7) == order(Strategy.RANDOM, USES, 7)


@pytest.mark.parametrize("strategy", Strategy)
def test_an_empty_group_has_no_turns(strategy: Strategy) -> None:
    assert order(strategy, {}) == []


uses = st.dictionaries(
    st.sampled_from([str(number) for number in range(100, 120)]),
    st.builds(
        Use,
        st.one_of(st.none(), st.integers(0, 1000).map(lambda minutes: NOON - minutes * MINUTE)),
        st.integers(0, 50),
    ),
)


@given(uses, st.sampled_from(Strategy), st.integers(0, 1 << 64))
def test_everybody_has_one_turn(uses: dict[str, Use], strategy: Strategy, seed: int) -> None:
    rung = [name for turn in order(strategy, uses, seed) for name in turn]
    assert sorted(rung) == sorted(uses)


@given(uses)
def test_nobody_is_before_who_was_idle_longer(uses: dict[str, Use]) -> None:
    never = datetime.min.replace(tzinfo=UTC)
    idle = [uses[name].idle_since or never for (name,) in order(Strategy.LONGEST_IDLE, uses)]
    assert idle == sorted(idle)


@given(uses)
def test_nobody_is_before_who_took_fewer_calls(uses: dict[str, Use]) -> None:
    calls = [uses[name].calls for (name,) in order(Strategy.FEWEST_CALLS, uses)]
    assert calls == sorted(calls)


@pytest.mark.parametrize("strategy", [Strategy.LONGEST_IDLE, Strategy.FEWEST_CALLS])
@given(extensions=st.sets(st.integers(100, 110), min_size=1).map(sorted), calls=st.integers(1, 60))
def test_calls_are_shared_evenly(strategy: Strategy, extensions: list[int], calls: int) -> None:
    """Whoever is first takes each call: in the end nobody took two more than anybody else."""
    known = PhoneUses()
    members = [member(str(extension)) for extension in extensions]
    taken: Counter[str] = Counter({each.name: 0 for each in members})
    for number in range(calls):
        now = NOON + number * MINUTE
        first = turns(strategy, members, lambda it, now=now: known.use_of(it, now), Random(1))[0][0]
        taken[first.name] += 1
        known.noted(event(EventKind.TALKING, number, first.name, now))
        known.noted(event(EventKind.TALKED, number, first.name, now + MINUTE / 2))
    assert max(taken.values()) - min(taken.values()) <= 1


def event(kind: EventKind, call: int, extension: str, at: datetime, outside: str = "") -> CallEvent:
    data = {"extension": extension, "name": extension} | ({"outside": outside} if outside else {})
    return CallEvent(CallId(UUID(int=call)), new_event_id(at), at, kind, data)


def test_who_talks_is_known_until_the_talk_ends() -> None:
    known, mari = PhoneUses(), member("101")
    known.noted(event(EventKind.TALKING, 1, "101", NOON))
    assert known.use_of(mari, NOON + MINUTE) == Use(None, 0, is_talking=True)
    known.noted(event(EventKind.TALKED, 1, "101", NOON + 2 * MINUTE))
    assert known.use_of(mari, NOON + 3 * MINUTE) == Use(NOON + 2 * MINUTE, 1)


def test_a_call_that_ends_without_the_end_of_its_talk_frees_the_phone() -> None:
    known = PhoneUses()
    known.noted(event(EventKind.TALKING, 1, "101", NOON))
    known.noted(event(EventKind.ENDED, 1, "", NOON + MINUTE))
    assert not known.use_of(member("101"), NOON + MINUTE).is_talking


def test_calls_on_the_mobile_are_not_those_at_the_desk() -> None:
    known = PhoneUses()
    known.noted(event(EventKind.TALKED, 1, "101", NOON, outside="+37255500101"))
    assert known.use_of(member("101"), NOON).calls == 0
    both = Member("Mari", (Phone("101", "Mari"), Phone("101", "Mari", "+37255500101")))
    assert known.use_of(both, NOON).calls == 1


def test_a_call_counts_for_a_day() -> None:
    known = PhoneUses()
    known.noted(event(EventKind.TALKED, 1, "101", NOON))
    assert known.use_of(member("101"), NOON + COUNTED).calls == 1
    assert known.use_of(member("101"), NOON + COUNTED + MINUTE) == Use(None, 0)


def test_a_clock_that_is_set_back_makes_nobody_idle_last() -> None:
    known = PhoneUses()
    known.noted(event(EventKind.TALKED, 1, "101", NOON + 60 * MINUTE))
    assert known.use_of(member("101"), NOON) == Use(None, 0)


def test_what_the_archive_tells_again_counts_once() -> None:
    known = PhoneUses()
    known.noted(event(EventKind.TALKED, 1, "101", NOON))
    row = {"id": CallId(UUID(int=1)), "answered_extension": "101", "ended_at": NOON + MINUTE}
    earlier = {"id": CallId(UUID(int=2)), "answered_extension": "101", "ended_at": NOON - 60 * MINUTE}
    nobody = {"id": CallId(UUID(int=3)), "answered_extension": None, "ended_at": NOON}
    in_progress = {"id": CallId(UUID(int=4)), "answered_extension": "101", "ended_at": None}
    known.remember([row, earlier, nobody, in_progress])
    assert known.use_of(member("101"), NOON + MINUTE) == Use(NOON, 2)
