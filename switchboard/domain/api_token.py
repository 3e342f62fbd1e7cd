"""Tokens of the API: who may ask and change what, and how a token is written and kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

TOKEN_PREFIX = "switchboard_"  # noqa: S105 (what every token begins with, so that scanners of leaked secrets know it)
RANDOM_BYTES = 32  # 256 bits: nothing to guess, so no slow hash is needed
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?")

_TOKEN = re.compile(re.escape(TOKEN_PREFIX) + r"[A-Za-z0-9_-]{43}")
_LIFETIME = re.compile(r"([1-9]\d{0,3})([hdw])", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Scope(StrEnum):
    """What a token allows. One that allows to change allows nothing else: reading has a scope of its own."""

    PEOPLE_READ = "people:read"
    PRESENCE_READ = "presence:read"
    PRESENCE_WRITE = "presence:write"
    ABSENCES_READ = "absences:read"
    ABSENCES_WRITE = "absences:write"
    APPOINTMENTS_READ = "appointments:read"
    APPOINTMENTS_WRITE = "appointments:write"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as it is kept: everything but the token itself."""

    id: UUID
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None  # None: never
    revoked_at: datetime | None = None
    used_at: datetime | None = None  # to the minute

    def is_in_force(self, instant: datetime) -> bool:
        """Whether it allows anything at an instant."""
        return self.revoked_at is None and (self.expires_at is None or instant < self.expires_at)


def new_token() -> str:
    """A token that nobody had before."""
    return TOKEN_PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def is_token(text: str) -> bool:
    """Whether it is written as tokens are."""
    return _TOKEN.fullmatch(text) is not None


def digest(token: str) -> bytes:
    """What is kept of it: its SHA-256."""
    return hashlib.sha256(token.encode()).digest()


def lifetime(text: str) -> timedelta:
    """`90d`, `12h`, `4w`. Raises ValueError."""
    if (found := _LIFETIME.fullmatch(text.strip())) is None:
        raise ValueError(f"`{text}` is no time such as `90d`, `12h` or `4w`")
    return int(found[1]) * _UNITS[found[2]]
