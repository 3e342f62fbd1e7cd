"""The table of call_state: what is legal when, and that the docstring prints the table that runs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain import call_state
from switchboard.domain.call_record import EventKind as K
from switchboard.domain.call_state import CallProgress, CallState, next_progress

UNHURRIED = settings(deadline=None, max_examples=100)  # a busy machine is no failure


def follow(*kinds: K) -> tuple[CallState | None, list[K]]:
    """The state after these events, and which of them were not legal."""
    progress, illegal = CallProgress(), []
    for kind in kinds:
        progress, is_legal = next_progress(progress, kind)
        if not is_legal:
            illegal.append(kind)
    return progress.state, illegal


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ([K.OFFERED], CallState.OFFERED),
        ([K.OFFERED, K.ANSWERED], CallState.ANSWERED),
        ([K.OFFERED, K.RINGING], CallState.RINGING),
        ([K.OFFERED, K.RINGING, K.RUNG], CallState.OFFERED),
        ([K.OFFERED, K.ANSWERED, K.RINGING, K.RUNG], CallState.ANSWERED),
        ([K.OFFERED, K.ANSWERED, K.RINGING, K.RINGING, K.RUNG], CallState.RINGING),
        ([K.OFFERED, K.ANSWERED, K.RINGING, K.RINGING, K.RUNG, K.RUNG], CallState.ANSWERED),
        ([K.OFFERED, K.RINGING, K.ANSWERED, K.RUNG], CallState.ANSWERED),
        ([K.OFFERED, K.RINGING, K.RINGING, K.TALKING], CallState.TALKING),
        ([K.OFFERED, K.ANSWERED, K.TALKING, K.TALKED, K.RINGING], CallState.RINGING),
        ([K.OFFERED, K.ANSWERED, K.TALKING, K.HELD], CallState.HELD),
        ([K.OFFERED, K.ANSWERED, K.TALKING, K.HELD, K.RESUMED], CallState.TALKING),
        ([K.OFFERED, K.ANSWERED, K.TALKING, K.PARKED, K.RETRIEVED], CallState.TALKING),
        ([K.OFFERED, K.STEP, K.LANGUAGE, K.SAFETY_NET, K.MESSAGE, K.FAULT], CallState.OFFERED),
        ([K.OFFERED, K.ENDED, K.MESSAGE], CallState.ENDED),
    ],
)
def test_legal_histories(kinds: list[K], state: CallState) -> None:
    assert follow(*kinds) == (state, [])


@pytest.mark.parametrize(
    ("kinds", "state", "illegal"),
    [
        ([K.ANSWERED], None, [K.ANSWERED]),
        ([K.OFFERED, K.OFFERED], CallState.OFFERED, [K.OFFERED]),
        ([K.OFFERED, K.TALKED], CallState.OFFERED, [K.TALKED]),
        ([K.OFFERED, K.ENDED, K.TALKING], CallState.ENDED, [K.TALKING]),
        ([K.OFFERED, K.ENDED, K.ENDED], CallState.ENDED, [K.ENDED]),
        ([K.ENDED], CallState.ENDED, [K.ENDED]),
    ],
)
def test_illegal_events_are_told_and_change_nothing_but_the_end(
    kinds: list[K], state: CallState | None, illegal: list[K]
) -> None:
    assert follow(*kinds) == (state, illegal)


@UNHURRIED
@given(st.lists(st.sampled_from(K)))
def test_the_end_always_ends(kinds: list[K]) -> None:
    assert follow(*kinds, K.ENDED)[0] is CallState.ENDED


def test_the_printed_table_is_the_one_that_runs() -> None:
    printed: set[tuple[str, str]] = set()
    state = ""
    for line in (call_state.__doc__ or "").splitlines():
        if match := re.fullmatch(r"    (\w+)? +((?:\w+, )*\w+)  +\w.*", line):
            state = match[1] or state
            if state in list(CallState):
                printed |= {(state, event) for event in match[2].split(", ")}
    assert printed - {("ended", "message")} == {(str(s), str(k)) for s, k in call_state._TABLE}
