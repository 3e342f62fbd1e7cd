"""What `switchboard queues` counts and prints."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from switchboard.commands.queues import lines
from switchboard.domain.queue_figures import QueueFigures, figures_of

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("figures", "level", "abandoned"),
    [
        (QueueFigures("q"), None, 0),
        (QueueFigures("q", by_key=3, not_admitted=4), None, 0),  # none of them waited for an answer
        (QueueFigures("q", (1, 5, 20, 21)), 0.75, 0),
        (QueueFigures("q", (1, 5), (2, 30, 90)), 0.5, 2),  # who hung up after 2 s was not kept waiting
        (QueueFigures("q", (), (), timed_out=2), 0.0, 0),
    ],
)
def test_service_level_and_abandoned(figures: QueueFigures, level: float | None, abandoned: int) -> None:
    assert figures.service_level(20) == level
    assert figures.abandoned == abandoned


def test_waits() -> None:
    figures = QueueFigures("q", (1, 5, 20, 21), (2, 90))
    assert (figures.median_wait, figures.longest_wait) == (20, 90)
    assert (QueueFigures("q").median_wait, QueueFigures("q").longest_wait) == (None, None)


def test_a_row_of_the_records() -> None:
    row = {
        "queue": "sales",
        "answered_after": [1.0, 5.5],
        "abandoned_after": [],
        "by_key": 2,
        "timed_out": 0,
        "not_admitted": 1,
    }
    assert figures_of(row) == QueueFigures("sales", (1.0, 5.5), (), 2, 0, 1)


def test_what_is_printed() -> None:
    waiting = [
        {
            "queue": "sales",
            "call": "01a2",
            "position": 1,
            "since": (NOW - timedelta(seconds=75)).isoformat(),
            "minutes": 2,
            "rings": ["101"],
        },
        {
            "queue": "sales",
            "call": "01a3",
            "position": 2,
            "since": (NOW - timedelta(seconds=5)).isoformat(),
            "minutes": 5,
            "rings": [],
        },
    ]
    told = lines(waiting, [QueueFigures("sales", (1, 5, 20, 21), (2, 90), 1)], 1, 20, NOW)
    assert told == [
        "sales  number 1, call 01a2, waits 1:15, rings 101",
        "sales  number 2, call 01a3, waits 0:05, probably less than 5 min more",
        "",
        "sales, last 24 hours: service level 60% within 20 s",
        "  answered 4 (half of them within 0:20), hung up 1, waited too long 0, left by a key 1, not let in 0, "
        "longest wait 1:30",
    ]
    assert lines(None, [], 7, 20, NOW)[0] == "no controller runs: nobody waits in a queue"
    assert lines([], [], 7, 20, NOW) == ["nobody waits in a queue", "", "nobody came to a queue in the last 7 days"]
