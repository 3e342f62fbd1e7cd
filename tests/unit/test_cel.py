"""What is read from Asterisk's channel event log. The logs in `data/` were written by Asterisk 22.10.1."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.call_record import CallEvent, EventKind, derive
from switchboard.domain.cel import MESSAGE_MARK, CelEvent, Recording, is_announcement, missing, parse_line, tell
from switchboard.domain.identity import call_id_of

UNHURRIED = settings(deadline=None, max_examples=100)  # a busy machine is no failure
DATA = Path(__file__).parent / "data"
SPOKEN = Recording(4.0, "ab" * 32)
K = EventKind


def histories(name: str) -> dict[str, list[CelEvent]]:
    found: dict[str, list[CelEvent]] = {}
    for line in (DATA / f"cel_{name}.csv").read_text().splitlines():
        event = parse_line(line)
        assert event
        found.setdefault(event.linkedid, []).append(event)
    return found


def told(history: list[CelEvent], recording: Recording | None = SPOKEN) -> list[CallEvent]:
    recordings = {str(event.extra["extra"]): recording for event in history if event.type == MESSAGE_MARK}
    is_cut = all(event.type != "LINKEDID_END" for event in history)
    return tell(history, recordings, is_cut=is_cut, names={"100": "Reception"})


@pytest.mark.parametrize(
    ("name", "number", "kinds", "row"),
    [
        (
            "answered",
            0,
            [K.OFFERED, K.SAFETY_NET, K.ANSWERED, K.RINGING, K.RUNG, K.TALKING, K.TALKED, K.ENDED],
            ("talked", 16, "caller", 2.5, "Reception", "FAILED"),
        ),
        (
            "message",
            0,
            [K.OFFERED, K.SAFETY_NET, K.ANSWERED, K.RINGING, K.RUNG, K.MESSAGE, K.ENDED],
            ("message", 16, "caller", 0.0, None, "FAILED"),
        ),
        (
            "desk",
            0,
            [K.OFFERED, K.RINGING, K.RUNG, K.ANSWERED, K.TALKING, K.TALKED, K.ENDED],
            ("internal", 16, "caller", 2.005, "Reception", None),
        ),
        (
            "killed",
            0,
            [K.OFFERED, K.SAFETY_NET, K.ANSWERED, K.RINGING, K.RUNG, K.MESSAGE, K.ENDED],
            ("message", 0, "unknown", 0.0, None, "FAILED"),
        ),
        (
            "killed",
            1,
            [K.OFFERED, K.SAFETY_NET, K.ANSWERED, K.RINGING, K.RUNG, K.ENDED],
            ("abandoned", 16, "caller", 0.0, None, "FAILED"),
        ),
        (
            "killed_talking",
            0,
            [K.OFFERED, K.SAFETY_NET, K.ANSWERED, K.RINGING, K.RUNG, K.TALKING, K.TALKED, K.ENDED],
            ("talked", 0, "unknown", 0.0, "Reception", "FAILED"),
        ),
    ],
)
def test_a_call_is_told_from_the_log_alone(
    name: str, number: int, kinds: list[EventKind], row: tuple[object, ...]
) -> None:
    history = list(histories(name).values())[number]
    events = told(history)
    assert [event.kind for event in events] == kinds
    derived = derive(events)
    assert row == (
        derived.disposition,
        derived.hangup_cause,
        derived.ended_by,
        derived.talk_seconds,
        derived.answered_name,
        derived.safety_net,
    )
    assert derived.irregularities == ()
    assert derived.id == call_id_of(history[0].linkedid)
    assert derived.caller_name == 'Janis \\"Q\\", <x>'


@pytest.mark.parametrize("recording", [None, Recording(0.9, "ab" * 32)])
def test_a_message_that_is_too_short_is_noted_and_none(recording: Recording | None) -> None:
    [history] = histories("message").values()
    events = told(history, recording)
    row = derive(events)
    assert (row.message_count, row.disposition, row.last_step) == (0, "abandoned", "safety-net/message")
    [step] = [event for event in events if event.kind is K.STEP]
    assert step.data["outcome"] == "too_short"


@pytest.mark.parametrize("name", ["answered", "message", "desk", "killed", "killed_talking"])
def test_telling_again_tells_the_same(name: str) -> None:
    for history in histories(name).values():
        assert told(history) == told(history)
        assert len({event.event_id for event in told(history)}) == len(told(history))


def test_what_the_ledger_knows_is_not_told_again() -> None:
    [history] = histories("desk").values()
    witnessed = told(history)
    assert missing(witnessed, witnessed) == []


def test_a_call_that_the_controller_lost_gets_its_end() -> None:
    [history] = histories("desk").values()
    witnessed = told(history)
    from_controller = [event for event in witnessed if event.kind in (K.OFFERED, K.ANSWERED, K.RINGING, K.TALKING)]
    assert [event.kind for event in missing(from_controller, witnessed)] == [K.TALKED, K.ENDED]


def test_what_the_safety_net_did_is_added_to_what_the_controller_told() -> None:
    [history] = histories("message").values()
    witnessed = told(history)
    offered, answered = (next(event for event in witnessed if event.kind is kind) for kind in (K.OFFERED, K.ANSWERED))
    from_controller = [
        CallEvent(event.call_id, call_id_of(f"x-{n}.1"), event.at, event.kind)  # type: ignore[arg-type]
        for n, event in enumerate((offered, answered))
    ]
    added = missing(from_controller, witnessed)
    assert [event.kind for event in added if event.kind not in (K.ANSWERED, K.RINGING, K.RUNG)] == [
        K.SAFETY_NET,
        K.MESSAGE,
        K.ENDED,
    ]
    assert derive([*from_controller, *added]).disposition == "message"


def test_what_asterisk_tells_a_desk_phone_is_nobodys_call() -> None:
    """It rings the phone of whoever parked a call, to tell where."""
    [history] = histories("desk").values()
    assert not is_announcement(history)
    assert is_announcement([replace(event, exten="s", context="desk") for event in history])


LINE = (DATA / "cel_message.csv").read_text().splitlines()[0]


@pytest.mark.parametrize("cut", range(0, len(LINE), 3))
def test_an_event_glued_to_a_torn_one_is_read(cut: int) -> None:
    whole = parse_line(LINE)
    assert parse_line(LINE[:cut] + LINE) == whole


@UNHURRIED
@given(st.integers(0, len(LINE) - 1))
def test_a_torn_line_is_left_out(cut: int) -> None:
    assert parse_line(LINE[:cut]) is None


@UNHURRIED
@given(st.text())
def test_garbage_is_left_out(text: str) -> None:
    assert parse_line(text) is None


@pytest.mark.parametrize(
    "line",
    [
        LINE.replace("1795291242", "1795291242999999999999"),
        LINE.replace('"switchboard-1795291242.2","switchboard', '"","switchboard'),
        LINE.replace('"","","","",""', '"","","[1]","",""'),
        LINE.replace('"","","","",""', '"","","{torn","",""'),
    ],
)
def test_a_line_that_cannot_be_is_left_out(line: str) -> None:
    assert line != LINE
    assert parse_line(line) is None


@pytest.mark.parametrize(
    ("marks", "number", "disposition", "talks_with"),
    [
        ([("SWITCHBOARD_OUTSIDE", "+37255512345")], "+37255512345", "internal", "+37255512345"),
        ([("SWITCHBOARD_EMERGENCY", "112")], "112", "internal", "112"),
        ([("SWITCHBOARD_OUTSIDE_REFUSED", "not_allowed")], "955512345", "rejected", None),
        ([], "955512345", "internal", "line"),
    ],
)
def test_a_call_outside_is_told_with_the_number_it_went_to(
    marks: list[tuple[str, str]], number: str, disposition: str, talks_with: str | None
) -> None:
    start = datetime(2026, 11, 21, 12, tzinfo=UTC)
    phone, line = "PJSIP/101-00000000", "PJSIP/line-00000001"

    def event(seconds: int, kind: str, channel: str, **extra: str) -> CelEvent:
        own = "switchboard-1.0" if channel == phone else "switchboard-1.1"
        at = start + timedelta(seconds=seconds)
        return CelEvent(at, kind, "switchboard-1.0", own, channel, "101", "Mari", "955512345", "desk", extra)

    history = [event(0, "CHAN_START", phone), *(event(0, kind, phone, extra=what) for kind, what in marks)]
    if talks_with:
        history += [event(1, "CHAN_START", line), event(2, "ANSWER", line), event(2, "ANSWER", phone)]
        history += [event(2, "BRIDGE_ENTER", channel, bridge_id="b") for channel in (phone, line)]
        history += [event(9, "BRIDGE_EXIT", channel, bridge_id="b") for channel in (phone, line)]
    history += [event(9, "HANGUP", phone, hangupsource=phone), event(9, "LINKEDID_END", phone)]
    row = derive(tell(history, {}))
    assert (row.number, row.disposition, row.answered_name) == (number, disposition, talks_with)
    assert row.caller_number == "101"
    assert row.talk_seconds == (7.0 if talks_with else 0.0)
    assert row.last_step == (None if talks_with else "outside/refused")
    assert row.irregularities == ()
