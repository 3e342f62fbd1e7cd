"""`switchboard presence`: who is there, who is not and why; and setting it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from switchboard.domain.presence import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchboard.domain.absence import NotedAbsence
    from switchboard.domain.organisation import Organisation
    from switchboard.domain.presence import Presence

presence_app = typer.Typer(help="Who is there, and who is away or not to be disturbed.", no_args_is_help=False)


def register(app: typer.Typer) -> None:
    app.add_typer(presence_app, name="presence")


@presence_app.callback(invoke_without_command=True)
def list_presence(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Tell of everybody whether calls are put through to them now, by what they set and their absences."""
    if context.invoked_subcommand is not None:
        return
    import asyncio

    from switchboard.commands.people_named import organisation_served

    organisation = organisation_served()
    rows = _rows(organisation, *asyncio.run(_known()))
    if as_json:
        import orjson

        print(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
    else:
        _print_table(rows)


@presence_app.command("set")
def set_presence(
    person: Annotated[str, typer.Argument(help="Whose: a person's id, or an extension.")],
    status: Annotated[Status, typer.Argument(help="What counts from now on.")],
    until: Annotated[str, typer.Option(help="It ends by itself: `15:00`, `2026-12-24 15:00`.")] = "",
    who: Annotated[str | None, typer.Option("--as", help="Who you are; default: this account's name.")] = None,
) -> None:
    """Set what somebody is: from the next call on, for every controller."""
    import asyncio

    from switchboard.commands.acting import who_acts
    from switchboard.commands.people_named import organisation_served, person_named, time_to_come
    from switchboard.domain.presence import Presence

    organisation = organisation_served()
    now, zone = datetime.now(UTC), ZoneInfo(organisation.timezone)
    ends = time_to_come(until, zone, now) if until else None
    presence = Presence(person_named(organisation, person), status, now, ends, who_acts(who))
    counts = asyncio.run(_set(presence))
    name = organisation.people[presence.person].name
    if not counts:
        from switchboard.errors import SetupError

        raise SetupError(f"{name} was set by a clock that is ahead of this machine's; set both clocks, then try again")
    print(f"{name}: {presence.told(zone)}")


async def _known() -> tuple[Sequence[Presence], Sequence[NotedAbsence]]:
    from switchboard.commands.calls import database_url
    from switchboard.postgres.presence import PostgresPresence

    async with PostgresPresence(database_url()) as table:
        return await table.all(), await table.absences()


async def _set(presence: Presence) -> bool:
    from switchboard.commands.calls import database_url
    from switchboard.postgres.presence import PostgresPresence

    async with PostgresPresence(database_url()) as table:
        return await table.set(presence)


def _rows(
    organisation: Organisation, presences: Sequence[Presence], absences: Sequence[NotedAbsence]
) -> list[dict[str, Any]]:
    from switchboard.domain.presence import situation

    now, zone = datetime.now(UTC), ZoneInfo(organisation.timezone)
    set_by = {each.person: each for each in presences}
    rows = []
    for person in organisation.people.values():
        presence = set_by.get(person.id)
        own = [each.absence for each in absences if each.person == person.id]
        found = situation(person, now, zone, presence=presence, absences=own)
        rows.append(
            {
                "person": person.id,
                "name": person.name,
                "phone": person.phone.extension if person.phone else None,
                "is_there": found.is_there,
                "why": found.why,
                "status": presence.status_at(now).value if presence else Status.AVAILABLE.value,
                "until": presence.until if presence and presence.status_at(now) is presence.status else None,
                "set_at": presence.set_at if presence else None,
                "by": presence.by if presence else "",
            }
        )
    return rows


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from switchboard.commands.calls import printable

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("person", "name", "phone", "now", "set"):
        table.add_column(heading)
    for row in rows:
        was_set = f"{row['set_at'].astimezone():%Y-%m-%d %H:%M} by {row['by']}" if row["set_at"] else ""
        cells = (row["person"], row["name"], row["phone"] or "", row["why"] or "available", was_set)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    Console(highlight=False).print(table)
