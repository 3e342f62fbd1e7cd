"""Where a call stands, as its events tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from switchboard.domain.call_now import CallNow, Place, call_now
from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import CallId, EventId

BEGAN = datetime(2026, 11, 24, 8, tzinfo=UTC)
CALL = CallId(uuid4())
MARI = {"extension": "101", "name": "Mari Tamm"}
JAAN = {"extension": "102", "name": "Jaan Sepp"}

OFFERED = (EventKind.OFFERED, {"number": "6001000", "caller_number": "+3725551234"})
ANSWERED: tuple[EventKind, dict[str, Any]] = (EventKind.ANSWERED, {})
QUEUED = (EventKind.QUEUED, {"queue": "sales", "position": 1})


def seen(*events: tuple[EventKind, dict[str, Any]]) -> CallNow:
    """The call after these events, a second apart."""
    told = [
        CallEvent(CALL, EventId(uuid4()), BEGAN + timedelta(seconds=second), kind, data)
        for second, (kind, data) in enumerate((OFFERED, ANSWERED, *events))
    ]
    row = {
        "started_at": BEGAN,
        "number": "6001000",
        "caller_number": "+3725551234",
        "caller_name": "A phone",
        "language": "et",
    }
    return call_now("id", row, told)


@pytest.mark.parametrize(
    ("events", "place", "second", "whom"),
    [
        ([], Place.MENU, 0, ""),
        ([(EventKind.RINGING, MARI)], Place.RINGING, 2, "Mari Tamm (101)"),
        ([(EventKind.RINGING, MARI), (EventKind.RINGING, JAAN)], Place.RINGING, 2, "Mari Tamm (101), Jaan Sepp (102)"),
        ([(EventKind.RINGING, MARI), (EventKind.RUNG, MARI)], Place.MENU, 0, ""),
        ([(EventKind.RINGING, {"extension": "100", "name": "100"})], Place.RINGING, 2, "100"),
        ([QUEUED], Place.QUEUED, 2, "queue sales"),
        ([QUEUED, (EventKind.RINGING, MARI)], Place.RINGING, 3, "Mari Tamm (101)"),
        ([QUEUED, (EventKind.RINGING, MARI), (EventKind.RUNG, MARI)], Place.QUEUED, 2, "queue sales"),
        ([QUEUED, (EventKind.LEFT_QUEUE, {"queue": "sales"})], Place.MENU, 0, ""),
        ([(EventKind.RINGING, MARI), (EventKind.TALKING, MARI)], Place.TALKING, 3, "Mari Tamm (101)"),
        ([(EventKind.TALKING, MARI), (EventKind.HELD, MARI)], Place.HELD, 3, "Mari Tamm (101)"),
        ([(EventKind.HELD, MARI), (EventKind.RESUMED, MARI)], Place.TALKING, 3, "Mari Tamm (101)"),
        ([(EventKind.TALKING, MARI), (EventKind.PARKED, {"place": "701"})], Place.PARKED, 3, "place 701"),
        ([(EventKind.PARKED, {"place": "701"}), (EventKind.RETRIEVED, JAAN)], Place.TALKING, 3, "Jaan Sepp (102)"),
        ([(EventKind.TALKING, MARI), (EventKind.TALKED, MARI)], Place.MENU, 3, ""),
        ([(EventKind.TALKING, MARI), (EventKind.ADOPTED, {"step": ""})], Place.TALKING, 2, "Mari Tamm (101)"),
        ([(EventKind.TALKING, MARI), (EventKind.RETURNED, {})], Place.MENU, 3, ""),
    ],
)
def test_where_it_stands(events: list[tuple[EventKind, dict[str, Any]]], place: Place, second: int, whom: str) -> None:
    call = seen(*events)
    assert (call.place, call.since, call.with_whom) == (place, BEGAN + timedelta(seconds=second), whom)


def test_a_client_is_called_what_the_list_calls_them() -> None:
    client = {
        "code": "12",
        "name": "Larder OÜ",
        "class": "dealer",
        "vip": True,
        "standing": "over_limit",
        "note": "calls on Mondays",
    }
    call = seen((EventKind.CLIENT, client))
    assert (call.name, call.tags, call.note) == ("Larder OÜ", ("dealer", "VIP", "over limit"), "calls on Mondays")
    assert seen().name == "A phone"
