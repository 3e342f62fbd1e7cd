"""Webhooks: systems of the organisation that are told of messages or appointments, and how that is signed.

As the Standard Webhooks specification has it (https://www.standardwebhooks.com): the headers webhook-id,
webhook-timestamp and webhook-signature; the signature is HMAC-SHA256 over `id.timestamp.body`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

SECRET_PREFIX = "whsec_"  # noqa: S105
FEWEST_BYTES, MOST_BYTES = 24, 64  # of a secret, as the specification has it


class Matter(StrEnum):
    """What a system can be told of."""

    MESSAGES = "messages"  # left by callers
    APPOINTMENTS = "appointments"  # booked, moved, cancelled
    SMS = "sms"  # short texts that it is to send to somebody's phone


@dataclass(frozen=True, slots=True)
class Webhook:
    """A system that is told. Its secret is never in the YAML."""

    id: str  # a word: "crm"
    url: str
    of: tuple[Matter, ...] = (Matter.MESSAGES,)


def is_webhook_address(url: str) -> bool:
    """May a system be told there? Https to a host that is written out; http only on this machine itself."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return False
    if not host or port == 0 or parts.fragment or not url.isprintable() or " " in url or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))


def secret_of(written: str) -> bytes:
    """The key of a secret: base64, `whsec_` in front of it or not. Raises ValueError if it is none, or a weak one."""
    try:
        key = base64.b64decode(written.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("is not base64") from error
    if not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"is {len(key)} bytes, not {FEWEST_BYTES} to {MOST_BYTES}")
    return key


def signature(key: bytes, identifier: str, timestamp: int, body: bytes) -> str:
    """What webhook-signature says: `v1,` and base64. `timestamp` in seconds since 1970."""
    signed = f"{identifier}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
