"""What is a message, and by when somebody must answer for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from switchboard.domain.hours import HoursTable
from switchboard.domain.message import Limits, Part, deadline_of, part_of, rest_of
from switchboard.domain.voice_recording import SILENT, Recorded, RecordingEnd

HOURS = HoursTable("office", "Mo-Fr 09:00-17:00", "Europe/Tallinn", "EE")
LIMITS = Limits()


@pytest.mark.parametrize(
    ("seconds", "level", "ended_by", "is_message"),
    [
        (9, -20, RecordingEnd.KEY, True),
        (2, -20, RecordingEnd.HANGUP, True),
        (1.9, -20, RecordingEnd.HANGUP, False),  # "Oh." and the handset
        (6, -20, RecordingEnd.SILENCE, True),  # two seconds of speech, four of silence
        (5.9, -20, RecordingEnd.SILENCE, False),
        (60, -60, RecordingEnd.KEY, False),  # the noise of a line
        (180, SILENT, RecordingEnd.LENGTH, False),
        (180, -30, RecordingEnd.LENGTH, True),
    ],
)
def test_what_is_a_message(seconds: float, level: float, ended_by: RecordingEnd, is_message: bool) -> None:
    assert LIMITS.is_message(Recorded(timedelta(seconds=seconds), level, ended_by)) is is_message


@pytest.mark.parametrize(
    ("longest", "until_warned"),
    [(180, 165), (31, 16), (30, 30), (10, 10)],  # of a short one there is nothing worth warning of
)
def test_the_caller_is_warned_before_the_end(longest: int, until_warned: int) -> None:
    assert Limits(timedelta(seconds=longest)).until_warned == timedelta(seconds=until_warned)


@pytest.mark.parametrize(
    ("taken", "deadline"),
    [
        ("2026-03-03T10:00", "2026-03-03T14:00"),  # open: from now on
        ("2026-03-03T20:00", "2026-03-04T13:00"),  # evening: from the next opening on
        ("2026-03-06T20:00", "2026-03-09T13:00"),  # Friday evening: Monday
    ],
)
def test_by_when_somebody_must_answer_for_it(taken: str, deadline: str) -> None:
    at, by = (datetime.fromisoformat(f"{text}+02:00").astimezone(UTC) for text in (taken, deadline))
    assert deadline_of(at, timedelta(hours=4), HOURS) == by
    assert deadline_of(at, timedelta(hours=4), None) == at + timedelta(hours=4)


def test_names_of_a_message_and_its_parts_differ() -> None:
    message_id = UUID(int=7)
    names = [part_of(message_id, part) for part in Part] + [rest_of(message_id)]
    assert names[0] == message_id and len(set(names)) == 4
