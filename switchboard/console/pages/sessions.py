"""Sessions: an encrypted cookie that says who signed in and when, and what becomes of it.

Nothing in it is believed for longer than it lasts, and the account is looked up at every request: a role that was taken
away, a password that was changed or an account that was disabled counts at once.
"""

from __future__ import annotations

import os
import secrets
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from aiohttp import web
from aiohttp_session import Session, new_session
from aiohttp_session.cookie_storage import EncryptedCookieStorage
from cryptography.fernet import Fernet

from switchboard.domain.account import LASTS, Account, is_session_over
from switchboard.errors import SetupError

# aiohttp-session 2.12 keeps its sessions in requests under plain names, which aiohttp 3.14 advises against.
warnings.filterwarnings("ignore", category=web.NotAppKeyWarning)

_NOTED_EVERY = timedelta(minutes=1)  # that a session is used is noted in the cookie so often


def cookie_storage(key: str, *, over_tls: bool) -> EncryptedCookieStorage:
    """The cookies' form. Over TLS no other name in the domain, and no page without TLS, can set or see them."""
    return EncryptedCookieStorage(
        Fernet(key),
        cookie_name="__Host-switchboard" if over_tls else "switchboard",
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        secure=over_tls,
        samesite="Lax",
    )


def session_key(file: Path) -> str:
    """The key of the cookies, made at the first start. Deleting the file ends every session. Raises SetupError."""
    try:
        if not file.exists():
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as output:
                output.write(Fernet.generate_key())
        key = file.read_text("ascii").strip()
        Fernet(key)
    except (OSError, ValueError) as error:
        raise SetupError(f"{file} (the key of the console's sessions) cannot be used: {error}; delete it") from error
    return key


async def begin(request: web.Request, account: Account, now: datetime) -> Session:
    """A session for somebody who just proved to be that account; what the browser had before is worth nothing."""
    session = await new_session(request)
    session["csrf"] = secrets.token_urlsafe(24)
    session["account"] = account.id.hex
    session["began"] = session["used"] = now.timestamp()
    return session


def ensure_csrf(session: Session) -> None:
    """A form needs a token, before anybody signed in, too."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)


def account_of(session: Session, now: datetime, *, is_own_wish: bool) -> UUID | None:
    """Whose session it is; None if it is nobody's, or over. `is_own_wish`: somebody asks, and not a page by itself."""
    try:
        began, used = (datetime.fromtimestamp(session[name], UTC) for name in ("began", "used"))
        identifier = UUID(session["account"])
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    if is_session_over(began, used, now):
        return None
    if is_own_wish and now - used >= _NOTED_EVERY:
        session["used"] = now.timestamp()
    return identifier


def is_in_force(session: Session, account: Account) -> bool:
    """Whether nothing about the account ended it: a changed password or role, or that it is disabled."""
    began = datetime.fromtimestamp(session["began"], UTC)
    return not account.is_disabled and began >= account.sessions_since
