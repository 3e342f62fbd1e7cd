"""What is noted when a version of the configuration becomes the live one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from switchboard.domain.identity import uuid7


class PublicationKind(StrEnum):
    """How a version came to be live."""

    PUBLISH = "publish"
    ROLLBACK = "rollback"
    FIRST = "first"  # by the first start, which found no live version
    FOUND = "found"  # it was live already, and nobody had noted why


@dataclass(frozen=True, slots=True)
class Publication:
    """One version's becoming the live one."""

    id: UUID
    at: datetime  # UTC
    version: str
    was: str | None  # the version it replaced
    who: str
    why: str
    kind: PublicationKind


def new_publication(
    version: str, was: str | None, *, who: str, why: str, kind: PublicationKind, at: datetime
) -> Publication:
    """One with an id of its own."""
    return Publication(uuid7(at), at, version, was, who, why, kind)
