"""Identities: UUIDv7 ids (RFC 9562, section 5.7), made here because Postgres 15 cannot."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime
from typing import NewType
from uuid import UUID

CallId = NewType("CallId", UUID)
EventId = NewType("EventId", UUID)


def uuid7(at: datetime, noise: bytes | None = None) -> UUID:
    """A UUIDv7 of the instant `at`, with 10 bytes of `noise` (random by default: unique, not secret)."""
    milliseconds = int(at.timestamp() * 1000) & 0xFFFF_FFFF_FFFF
    bits = random.getrandbits(80) if noise is None else int.from_bytes(noise[:10], "big")
    high, low = (bits >> 62) & 0x0FFF, bits & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low)


def call_id_of(linkedid: str) -> CallId:
    """The call's id, the same for everybody who knows Asterisk's linkedid ("name-epoch.sequence").

    The controller's ledger and Asterisk's CEL are two witnesses of one call; because both derive its id from the
    linkedid, neither can make a second record of it.
    """
    epoch = linkedid.rpartition("-")[2].partition(".")[0]
    at = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.fromtimestamp(0, UTC)
    return CallId(uuid7(at, hashlib.sha256(linkedid.encode()).digest()[:10]))


def offer_id_of(call_id: CallId) -> EventId:
    """The id of the call's first event, the same for everybody: a controller that takes a call over tells the event
    again, because its predecessor may have died before it was on disk, and it is kept once."""
    at = datetime.fromtimestamp((call_id.int >> 80) / 1000, UTC)
    return EventId(uuid7(at, hashlib.sha256(call_id.bytes + b" offered").digest()[:10]))


def new_event_id(at: datetime) -> EventId:
    """A fresh id for one event of the ledger; ids of one instant sort by chance."""
    return EventId(uuid7(at))
