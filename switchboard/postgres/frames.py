"""How one event lies in the ledger's files: a frame of magic, length, checksum and JSON.

offset  bytes  what
0       2      magic FF CB; neither byte occurs in UTF-8, so a frame's start can be found again after damage
2       4      length of the payload, little-endian
6       4      CRC-32 of the payload (zlib's), little-endian
10      …      payload: one CallEvent as JSON, in UTF-8
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from asyncpg.pgproto.pgproto import UUID  # the standard library's, in C: ten times as fast to parse

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import CallId, EventId

MAGIC = b"\xff\xcb"
_HEADER = struct.Struct("<2sII")
HEADER_BYTES = _HEADER.size
LONGEST_PAYLOAD = 8 << 20  # bytes; a length beyond it is damage, not an event
_NUL = b"\\u0000"
_DEEPEST = 50  # levels of nesting kept of odd data


def encode_event(event: CallEvent) -> bytes:
    """The event as JSON. Never fails: what JSON or Postgres cannot carry (NUL characters, lone surrogates, huge
    integers, keys that aren't text) is replaced by its nearest text."""
    try:
        payload = orjson.dumps(event, default=_plain, option=orjson.OPT_NAIVE_UTC)
    except TypeError:
        payload = b""
    if payload and _NUL not in payload and len(payload) <= LONGEST_PAYLOAD:
        return payload
    payload = orjson.dumps(replace(event, data=_cleaned(dict(event.data), 0)), option=orjson.OPT_NAIVE_UTC)
    if len(payload) <= LONGEST_PAYLOAD:
        return payload
    return orjson.dumps(replace(event, data={"too_long": len(payload)}), option=orjson.OPT_NAIVE_UTC)


def decode_event(payload: bytes) -> CallEvent:
    """The event of a payload. Raises ValueError, KeyError or TypeError when it isn't one (or a newer version's)."""
    fields = orjson.loads(payload)
    at, data = datetime.fromisoformat(fields["at"]), fields["data"]
    if not isinstance(data, dict):
        raise TypeError("data is not an object")
    return CallEvent(
        CallId(UUID(str(fields["call_id"]))),
        EventId(UUID(str(fields["event_id"]))),
        at if at.tzinfo else at.replace(tzinfo=UTC),
        EventKind(fields["kind"]),
        data,
    )


def frame(payload: bytes) -> bytes:
    """The payload as it is written."""
    return _HEADER.pack(MAGIC, len(payload), zlib.crc32(payload)) + payload


def good_frames(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Begin, end and payload of every whole and intact frame in `data`; whatever lies between is skipped."""
    position, end_of_data = 0, len(data)
    while position + HEADER_BYTES <= end_of_data:
        magic, length, checksum = _HEADER.unpack_from(data, position)
        end = position + HEADER_BYTES + length
        if magic == MAGIC and length <= LONGEST_PAYLOAD and end <= end_of_data:
            payload = data[position + HEADER_BYTES : end]
            if zlib.crc32(payload) == checksum:
                yield position, end, payload
                position = end
                continue
        position = data.find(MAGIC, position + 1)
        if position < 0:
            return


def damaged_bytes(data: bytes) -> int:
    """How many bytes of `data` belong to no good frame."""
    return len(data) - sum(end - begin for begin, end, _ in good_frames(data))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)


def _cleaned(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {_cleaned_text(str(key)): _cleaned(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(each, depth + 1) for each in value]
    if isinstance(value, str):
        return _cleaned_text(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else _cleaned_text(f"{value:#x}")
    return _cleaned_text(str(_plain(value)))


def _cleaned_text(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
