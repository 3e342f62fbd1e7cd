"""Accounts of the console: who signs in, in which role, and what a role may do.

Passwords follow NIST SP 800-63B: length counts, mixtures of signs don't; what everybody takes and what names the
account is refused. A one-time password lets its owner do one thing: choose another.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

SHORTEST, LONGEST = 12, 200  # characters of a password
IDLE = timedelta(hours=1)  # without a request of the person's own, a session ends
LASTS = timedelta(hours=12)  # a session at most: a long shift
ONE_TIME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no look-alikes: it is typed from a terminal
ONE_TIME_LENGTH = 16  # 79 bits
ACCOUNT_NAME = r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?"

# What guessers try first among those that are long enough (pieces, casefolded); the length keeps the rest away.
_POPULAR = ("password", "passwort", "qwerty", "asdfgh", "letmein", "welcome", "123456", "administrator", "switchboard")


class Role(StrEnum):
    """What somebody is here for."""

    RECEPTIONIST = "receptionist"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """What a page needs."""

    SEE_CALLS = "see_calls"  # those going on, and the record of those that were
    SEE_PEOPLE = "see_people"
    SET_PRESENCE = "set_presence"  # of anybody: reception does it for those who forgot
    SEE_HEALTH = "see_health"
    SEE_AUDIT_LOG = "see_audit_log"
    MANAGE_ACCOUNTS = "manage_accounts"


_DESK = frozenset({Permission.SEE_CALLS, Permission.SEE_PEOPLE, Permission.SET_PRESENCE, Permission.SEE_HEALTH})
ALLOWED = {
    Role.RECEPTIONIST: _DESK,
    Role.SUPERVISOR: _DESK,
    Role.ADMINISTRATOR: _DESK | {Permission.SEE_AUDIT_LOG, Permission.MANAGE_ACCOUNTS},
    Role.AUDITOR: frozenset(
        {Permission.SEE_CALLS, Permission.SEE_PEOPLE, Permission.SEE_HEALTH, Permission.SEE_AUDIT_LOG}
    ),
}


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in."""

    id: UUID
    name: str  # as it is typed, casefolded: "liis"
    role: Role
    must_change: bool  # the password is a one-time one
    sessions_since: datetime  # sessions that began before are over: the password or the role was changed then
    is_disabled: bool = False

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it."""
        return permission in ALLOWED[self.role]


def password_fault(password: str, name: str) -> str:
    """What is wrong with a password for this account, in a line; "" if it will do."""
    text = password.casefold()
    if len(password) < SHORTEST:
        return f"too short: at least {SHORTEST} characters, a sentence is fine"
    if len(password) > LONGEST:
        return f"too long: at most {LONGEST} characters"
    if any(unicodedata.category(character) == "Cc" for character in password):
        return "it has a character that no keyboard types"
    if name.casefold() in text:
        return "your name is in it"
    if len(set(text)) < 6 or any(piece in text for piece in _POPULAR):
        return "too easily guessed: take several words that do not belong together"
    return ""


def one_time_password() -> str:
    """One that nobody had before."""
    return "".join(secrets.choice(ONE_TIME_LETTERS) for _ in range(ONE_TIME_LENGTH))


def is_session_over(began: datetime, used: datetime, now: datetime) -> bool:
    """Whether a session that began and was used then has ended by now. A clock that was set back ends none early."""
    return now - began >= LASTS or now - used >= IDLE
