"""`derive`: from events to the row; and the story of a call."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.call_record import CallEvent, CallRow, Disposition, EventKind, derive
from switchboard.domain.call_state import CallState
from switchboard.domain.call_story import story
from switchboard.domain.identity import CallId, EventId, call_id_of, new_event_id

UNHURRIED = settings(deadline=None, max_examples=60)  # a busy machine is no failure
NOON = datetime(2025, 11, 21, 12, tzinfo=UTC)
CALL = call_id_of("switchboard-1763726400.7")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)
_KEYS = """
    number caller_number caller_name linkedid flow flow_version language step extension name seconds message_id
    disposition cause ended_by reason witness file line type outcome decided_on place error
"""
KEYS = st.sampled_from(_KEYS.split())


@st.composite
def events(draw: st.DrawFn) -> CallEvent:
    at = NOON + timedelta(seconds=draw(st.integers(0, 20)))
    kind = draw(st.sampled_from(EventKind))
    return CallEvent(CALL, EventId(draw(st.uuids())), at, kind, draw(st.dictionaries(KEYS, JSON, max_size=5)))


def event(kind: EventKind, offset: float, /, **data: Any) -> CallEvent:
    at = NOON + timedelta(seconds=offset)
    return CallEvent(CALL, new_event_id(at), at, kind, data)


def satisfies_the_table(row: CallRow) -> bool:
    """The CHECK constraints of migration 0001."""
    return (
        (row.answered_at is None or row.answered_at >= row.started_at)
        and (row.ended_at is None or row.ended_at >= row.started_at)
        and (row.answered_at is None or row.ended_at is None or row.answered_at <= row.ended_at)
        and (row.ended_at is None) == (row.disposition is None)
        and (row.hangup_cause is None or 0 <= row.hangup_cause <= 127)
        and 0 <= row.talk_seconds <= 1e9
        and row.message_count >= 0
    )


@UNHURRIED
@given(st.lists(events(), min_size=1, max_size=12), st.randoms())
def test_order_and_repetition_do_not_matter(told: list[CallEvent], chance: random.Random) -> None:
    shuffled = told + chance.choices(told, k=3)
    chance.shuffle(shuffled)
    assert derive(shuffled) == derive(told)


@UNHURRIED
@given(st.lists(events(), min_size=1, max_size=12))
def test_whatever_events_carry_the_row_fits_its_table(told: list[CallEvent]) -> None:
    assert satisfies_the_table(derive(told))


@UNHURRIED
@given(st.lists(events(), min_size=1, max_size=6))
def test_whatever_events_carry_the_story_has_a_line_for_each(told: list[CallEvent]) -> None:
    assert len(story(told)) == len({each.event_id for each in told})


def test_events_without_a_beginning_make_a_row_already() -> None:
    row = derive([event(EventKind.STEP, 3, flow="main", step="menu"), event(EventKind.ANSWERED, 1)])
    assert (row.state, row.started_at, row.last_step) == (None, NOON + timedelta(seconds=1), "main/menu")


def test_an_illegal_event_is_flagged_and_kept() -> None:
    told = [event(EventKind.OFFERED, 0), event(EventKind.ENDED, 1, disposition="served"), event(EventKind.TALKING, 2)]
    row = derive(told)
    assert row.irregularities == ("talking while ended",)
    assert (row.state, row.disposition) == (CallState.ENDED, Disposition.SERVED)
    assert [line.what for line in story(told)] == ["offered", "ended", "talks to ?"]


def test_a_talk_that_a_crash_cut_lasts_until_the_end() -> None:
    told = [
        event(EventKind.OFFERED, 0),
        event(EventKind.TALKING, 2, extension="100", name="Reception"),
        event(EventKind.TALKED, 5, seconds=3),
        event(EventKind.TALKING, 10, extension="101", name="Mari"),
        event(EventKind.ENDED, 14, disposition="talked"),
    ]
    row = derive(told)
    assert (row.talk_seconds, row.answered_extension, row.answered_name) == (7.0, "100", "Reception")


def test_the_controllers_end_counts_rather_than_a_concluded_one() -> None:
    told = [
        event(EventKind.OFFERED, 0),
        event(EventKind.ENDED, 4, disposition="abandoned", cause=0, ended_by="unknown", witness="cel"),
        event(EventKind.ENDED, 5, disposition="served", cause=16, ended_by="switchboard"),
    ]
    row = derive(told)
    assert (row.disposition, row.ended_by, row.ended_at) == ("served", "switchboard", NOON + timedelta(seconds=5))


def test_a_call_that_the_safety_net_took_over_ends_when_that_ends() -> None:
    told = [
        event(EventKind.OFFERED, 0),
        event(EventKind.ENDED, 4, disposition="failed"),
        event(EventKind.SAFETY_NET, 5, reason="lease", witness="cel"),
        event(EventKind.MESSAGE, 9, message_id=str(UUID(int=1)), seconds=4),
        event(EventKind.ENDED, 20, disposition="message", witness="cel"),
    ]
    row = derive(told)
    assert (row.disposition, row.ended_at, row.safety_net) == ("message", NOON + timedelta(seconds=20), "lease")


def test_a_message_collected_afterwards_changes_how_the_call_ended() -> None:
    told = [event(EventKind.OFFERED, 0), event(EventKind.ENDED, 4, disposition="abandoned")]
    assert derive(told).disposition is Disposition.ABANDONED
    late = event(EventKind.MESSAGE, 3, message_id=str(UUID(int=1)), seconds=4)
    assert (derive([*told, late]).disposition, derive([*told, late, late]).message_count) == ("message", 1)


def test_ids_in_a_row_are_the_calls() -> None:
    assert derive([event(EventKind.OFFERED, 0)]).id == CallId(CALL)


def test_a_story_tells_where_and_why() -> None:
    told = [
        event(EventKind.OFFERED, 0, number="6001000", caller_number="5551234", caller_name="Jānis", flow="main"),
        event(EventKind.STEP, 3, flow="main", step="menu", type="menu", file="ivr/flows/main.yaml", line=12,
              decided_on="key 1", outcome="sales"),
        event(EventKind.RUNG, 9, extension="101", name="Mari", outcome="busy", cause=17, sip_status=486),
        event(EventKind.TALKED, 80, extension="100", name="Reception", seconds=65, ended_by="caller"),
        event(EventKind.ENDED, 81, disposition="talked", cause=16, ended_by="caller"),
    ]  # fmt: skip
    assert [str(line) for line in story(reversed(told))] == [
        "12:00:00 offered: 5551234 (Jānis) calls 6001000, flow main",
        "12:00:03 menu main/menu (ivr/flows/main.yaml:12): key 1 → sales",
        "12:00:09 rang Mari (101): busy (cause 17, SIP 486)",
        "12:01:20 talked to Reception (100): 1:05, ended by caller",
        "12:01:21 ended: talked, by caller, cause 16",
    ]
