"""PINs and passwords as they are kept: Argon2id (RFC 9106).

A PIN has few digits, so what stops guessers is that tries are counted (mailbox_pins.py, console/wrong_secrets.py); the
hash is against whoever gets hold of the database.
"""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)  # 64 MiB, 3 passes
# Of a secret that nobody has: what is compared with where there is none, so that this takes as long.
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$c3dpdGNoYm9hcmQtcGlu$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
_one_at_a_time = asyncio.Semaphore(1)  # 64 MiB each, and most of a processor


async def hashed(secret: str) -> str:
    """As it is kept."""
    async with _one_at_a_time:
        return await asyncio.to_thread(_hasher.hash, secret)


async def is_right(secret: str, kept: str | None) -> bool:
    """Whether this is it; False where none is kept, after as long a time."""
    async with _one_at_a_time:
        return await asyncio.to_thread(_verified, secret, kept or _NOBODYS)


def _verified(secret: str, kept: str) -> bool:
    try:
        return _hasher.verify(kept, secret)
    except (VerificationError, InvalidHashError):
        return False
