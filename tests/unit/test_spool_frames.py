"""Frames: whatever happens to a file's end or middle, what is intact is found, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.dialling import HangupCause
from switchboard.domain.identity import call_id_of, new_event_id
from switchboard.postgres.frames import damaged_bytes, decode_event, encode_event, frame, good_frames

UNHURRIED = settings(deadline=None, max_examples=100)  # a busy machine is no failure
NOW = datetime(2025, 11, 21, 12, 0, 0, 1, tzinfo=UTC)
CALL = call_id_of("switchboard-1763726400.7")
PAYLOADS = st.lists(st.binary(max_size=40), max_size=8)


def payloads_in(data: bytes) -> list[bytes]:
    return [payload for _, _, payload in good_frames(data)]


def event(**data: Any) -> CallEvent:
    return CallEvent(CALL, new_event_id(NOW), NOW, EventKind.STEP, data)


@UNHURRIED
@given(PAYLOADS)
def test_what_was_written_is_read(payloads: list[bytes]) -> None:
    data = b"".join(map(frame, payloads))
    assert payloads_in(data) == payloads
    assert damaged_bytes(data) == 0


@UNHURRIED
@given(PAYLOADS, st.data())
def test_a_cut_tail_keeps_every_frame_before_it(payloads: list[bytes], draw: st.DataObject) -> None:
    frames = [frame(payload) for payload in payloads]
    whole = b"".join(frames)
    cut = draw.draw(st.integers(0, len(whole)))
    kept, length = 0, 0
    while kept < len(frames) and length + len(frames[kept]) <= cut:
        length += len(frames[kept])
        kept += 1
    assert payloads_in(whole[:cut]) == payloads[:kept]
    assert damaged_bytes(whole[:cut]) == cut - length


@UNHURRIED
@given(PAYLOADS.filter(bool), st.data())
def test_damage_anywhere_costs_only_the_frames_it_touches(payloads: list[bytes], draw: st.DataObject) -> None:
    frames = [frame(payload) for payload in payloads]
    whole = bytearray(b"".join(frames))
    begin = draw.draw(st.integers(0, len(whole) - 1))
    noise = draw.draw(st.binary(min_size=1, max_size=30))[: len(whole) - begin]
    before = bytes(whole)
    whole[begin : begin + len(noise)] = noise
    untouched, offset = [], 0
    for payload, each in zip(payloads, frames, strict=True):
        if whole[offset : offset + len(each)] == before[offset : offset + len(each)]:
            untouched.append(payload)
        offset += len(each)
    found = payloads_in(bytes(whole))
    remaining = iter(found)
    assert all(payload in remaining for payload in untouched)


@UNHURRIED
@given(st.binary(max_size=300), PAYLOADS.filter(bool))
def test_frames_are_found_again_after_garbage(garbage: bytes, payloads: list[bytes]) -> None:
    found = payloads_in(garbage + b"".join(map(frame, payloads)))
    assert found[-len(payloads) :] == payloads


def test_a_tail_of_zeros_is_no_event() -> None:
    assert payloads_in(frame(b"{}") + bytes(4096)) == [b"{}"]


def test_an_event_comes_back_as_it_was() -> None:
    told = event(
        number="6001000", name="Jānis 名前 \U0001f4de", seconds=1.5, flags=[True, None], nested={"a": {"b": 1}}
    )
    assert decode_event(encode_event(told)) == told


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("nul \0 inside", "nul \N{REPLACEMENT CHARACTER} inside"),
        ("literal \\u0000 stays", "literal \\u0000 stays"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        (2**70, hex(2**70)),
        ({1: "key"}, {"1": "key"}),
        (float("nan"), None),
        (timedelta(seconds=2), 2.0),
        (HangupCause.BUSY, 17),
        (MappingProxyType({"a": 1}), {"a": 1}),
        ({"b", "a"}, ["a", "b"]),
        (NOW, "2025-11-21T12:00:00.000001+00:00"),
        (b"bytes", "b'bytes'"),
        ("x" * (9 << 20), None),
    ],
)
def test_nothing_that_an_event_carries_makes_it_fail(value: object, stored: object) -> None:
    payload = encode_event(event(odd=value))
    assert b"\\u0000" not in payload.replace(b"\\\\u0000", b"")
    assert decode_event(payload).data.get("odd") == stored


@UNHURRIED
@given(st.recursive(st.text() | st.integers() | st.floats(), lambda inner: st.dictionaries(st.text(), inner)))
def test_any_data_can_be_encoded(value: object) -> None:
    assert decode_event(encode_event(event(odd=value))).call_id == CALL


@UNHURRIED
@given(st.binary(max_size=100))
def test_a_payload_that_is_no_event_is_told_by_the_promised_errors(payload: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        decode_event(payload)
