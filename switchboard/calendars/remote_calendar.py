"""What is asked of a calendar that somebody keeps elsewhere. Raises CalendarUnreachable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CalendarObject:
    """One object of a calendar (RFC 4791): all VEVENTs of one UID."""

    href: str  # its path on the server
    etag: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a token was given."""

    token: str  # to ask with next time
    objects: tuple[CalendarObject, ...] = ()  # new or changed
    gone: frozenset[str] = frozenset()  # hrefs
    is_all: bool = False  # these objects are all there are


class RemoteCalendar(Protocol):
    """A calendar on a server."""

    @property
    def address(self) -> str:
        """The calendar's own, by which it is told from another."""

    def href(self, name: str) -> str:
        """Where an object of this name is, or would be."""

    async def changes(self, token: str, known: Mapping[str, str]) -> Changes:
        """What changed since that token; all where it is empty, or the server has forgotten it. `known`: etags by
        href, for servers that have no such tokens."""

    async def get(self, href: str) -> CalendarObject | None:
        """One object; None if it is not there."""

    async def put(self, href: str, text: bytes, etag: str | None) -> str | None:
        """Write it where it still is as `etag` says, or where there is none (None). The new etag; None if that was not
        so: nothing is written then."""

    async def delete(self, href: str, etag: str) -> bool:
        """Delete it where it still is as `etag` says, or is gone already. False: it was changed."""
