"""A call that goes on, as a receptionist sees it: who, since when, where it stands, why it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.call_story import story


class Place(StrEnum):
    """Where a call stands, in the order in which it wants attention."""

    RINGING = "ringing"
    QUEUED = "queued"
    PARKED = "parked"
    HELD = "held"
    MENU = "menu"  # the caller hears us
    TALKING = "talking"


@dataclass(frozen=True, slots=True)
class CallNow:
    """What is shown of it. Texts may come from the caller."""

    id: str
    place: Place
    since: datetime  # in this place
    began: datetime
    number: str  # of ours that was dialled
    caller: str  # number; "" if withheld
    name: str  # as the client list has it, else as the telephone tells
    tags: tuple[str, ...]  # class, VIP, standing
    note: str  # of the client list
    language: str
    with_whom: str  # who talks, is rung, holds; the queue; the parking place
    last: str  # what happened last, as the story tells it


def call_now(identifier: str, row: Mapping[str, Any], events: Sequence[CallEvent]) -> CallNow:
    """The call of a row of the record and its events, which are in order."""
    client = next((event.data for event in reversed(events) if event.kind is EventKind.CLIENT), {})
    place, since, with_whom = _where(events, row["started_at"])
    lines = story(events)
    standing = str(client.get("standing") or "")
    tags = (
        str(client.get("class") or ""),
        "VIP" if client.get("vip") else "",
        "" if standing == "ok" else standing.replace("_", " "),
    )
    return CallNow(
        id=identifier,
        place=place,
        since=since,
        began=row["started_at"],
        number=row["number"],
        caller=row["caller_number"],
        name=str(client.get("name") or row["caller_name"] or ""),
        tags=tuple(filter(None, tags)),
        note=str(client.get("note") or ""),
        language=row["language"] or "",
        with_whom=with_whom,
        last=": ".join(filter(None, (lines[-1].what, lines[-1].why))) if lines else "",
    )


def _where(events: Sequence[CallEvent], began: datetime) -> tuple[Place, datetime, str]:
    """The place, since when, and with whom: the events walked through."""
    place, since, whom = Place.MENU, began, ""
    ringing: dict[str, tuple[datetime, str]] = {}  # by extension
    queue: tuple[datetime, str] | None = None
    for event in events:
        data, who = event.data, _who(event.data)
        match event.kind:
            case EventKind.RINGING:
                ringing[str(data.get("extension"))] = event.at, who
            case EventKind.RUNG:
                ringing.pop(str(data.get("extension")), None)
            case EventKind.QUEUED:
                queue = (event.at, f"queue {data.get('queue') or '?'}")
            case EventKind.LEFT_QUEUE:
                queue = None
            case EventKind.TALKING | EventKind.RESUMED | EventKind.RETRIEVED:
                place, since, whom = Place.TALKING, event.at, who
                ringing.clear()
            case EventKind.HELD:
                place, since, whom = Place.HELD, event.at, who
            case EventKind.PARKED:
                place, since, whom = Place.PARKED, event.at, f"place {data.get('place') or '?'}"
            case EventKind.TALKED | EventKind.RETURNED | EventKind.ADOPTED:
                if event.kind is not EventKind.ADOPTED or place is Place.MENU:
                    place, since, whom = Place.MENU, event.at, ""
            case _:
                pass
    if place is Place.MENU and ringing:
        return Place.RINGING, min(at for at, _ in ringing.values()), ", ".join(name for _, name in ringing.values())
    if place is Place.MENU and queue is not None:
        return Place.QUEUED, *queue
    return place, since, whom


def _who(data: Mapping[str, Any]) -> str:
    extension, name = str(data.get("extension") or "?"), str(data.get("name") or "")
    return f"{name} ({extension})" if name and name != extension else extension
