"""The people that a command may name, and times as they are written on the organisation's wall clock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from switchboard.domain.organisation import Organisation
    from switchboard.flows.configuration import Configuration


def organisation_served() -> Organisation:
    """The one that calls are led by: the live version's; before anything is live, the folder's."""
    return configuration_served().organisation


def configuration_served() -> Configuration:
    """What calls are led by: the live version; before anything is live, the folder."""
    from switchboard.commands.draft import load_draft
    from switchboard.commands.named_version import LIVE, configuration_named
    from switchboard.flows.versions import live_version
    from switchboard.machine.account import folders_of
    from switchboard.settings import load

    is_live = live_version(folders_of(load()).versions) is not None
    return configuration_named(LIVE) if is_live else load_draft(None, None)


def person_named(organisation: Organisation, text: str) -> str:
    """The id of a person, by id or extension. Raises typer.BadParameter."""
    if text in organisation.people:
        return text
    for person in organisation.people.values():
        if person.phone is not None and person.phone.extension == text:
            return person.id
    known = ", ".join(organisation.people)
    raise typer.BadParameter(f"nobody is called {text!r}: give one of {known}, or an extension", param_hint="PERSON")


def time_to_come(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """`15:00` today, or `2026-12-24 15:00`. Raises typer.BadParameter, also for a time that is over."""
    from switchboard.domain.absence import end_instant

    try:
        today = f"{now.astimezone(zone):%Y-%m-%d} "
        instant = end_instant(today + text if len(text.strip()) <= len("15:00") else text, zone)
    except (ValueError, OverflowError):
        expected = "a time such as `15:00` or `2026-12-24 15:00`"
        raise typer.BadParameter(f"{text!r} — expected {expected}", param_hint="--until") from None
    if instant <= now:
        raise typer.BadParameter(f"{text!r} is over", param_hint="--until")
    return instant
