"""`switchboard absence`: when people are not at work, beside what people.yaml says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from switchboard.domain.absence import NotedAbsence
    from switchboard.domain.organisation import Organisation

absence_app = typer.Typer(help="When people are not at work.", no_args_is_help=False)


def register(app: typer.Typer) -> None:
    app.add_typer(absence_app, name="absence")


@absence_app.callback(invoke_without_command=True)
def list_absences(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """List absences, the earliest first: those that were added here, and those of people.yaml."""
    if context.invoked_subcommand is not None:
        return
    import asyncio

    from switchboard.commands.people_named import organisation_served

    _print(organisation_served(), asyncio.run(_absences()), as_json=as_json)


@absence_app.command("add")
def add(
    person: Annotated[str, typer.Argument(help="Whose: a person's id, or an extension.")],
    begins: Annotated[str, typer.Argument(metavar="FROM", help="`2026-12-21`, or `2026-12-21 13:00`.")],
    until: Annotated[str, typer.Argument(help="The last day, or the time of coming back.")],
    because: Annotated[str, typer.Option(help="The reason, for the record.")] = "",
    who: Annotated[str | None, typer.Option("--as", help="Who you are; default: this account's name.")] = None,
) -> None:
    """Note an absence. Calls go to the deputy meanwhile, and it ends by itself."""
    import asyncio
    from datetime import UTC, datetime
    from uuid import uuid4

    from switchboard.commands.acting import LONGEST, who_acts
    from switchboard.commands.people_named import organisation_served, person_named
    from switchboard.domain.absence import Absence, NotedAbsence, end_instant, first_instant

    organisation = organisation_served()
    zone = ZoneInfo(organisation.timezone)
    first, end = _instant(begins, zone, "FROM", first_instant), _instant(until, zone, "UNTIL", end_instant)
    if end <= first:
        raise typer.BadParameter(f"{until!r} is not after {begins!r}", param_hint="UNTIL")
    if end <= datetime.now(UTC):
        raise typer.BadParameter(f"{until!r} is over", param_hint="UNTIL")
    reason = " ".join(because.split())
    if len(reason) > LONGEST or not reason.isprintable():
        raise typer.BadParameter(f"up to {LONGEST} printable characters", param_hint="--because")
    absence = Absence(first, end, reason)
    noted = NotedAbsence(uuid4(), person_named(organisation, person), absence, who_acts(who))
    asyncio.run(_add(noted))
    print(f"{str(noted.id)[:8]}  {organisation.people[noted.person].name}: {_told(absence.begins, absence.ends, zone)}")


@absence_app.command("remove")
def remove(
    absence: Annotated[str, typer.Argument(metavar="ID", help="As `switchboard absence` lists it.")],
) -> None:
    """Take back an absence that was added here."""
    import asyncio

    if not re.fullmatch(r"[0-9a-fA-F-]{1,36}", absence):
        raise typer.BadParameter(f"{absence!r} is no id of an absence: hex digits and dashes", param_hint="ID")
    removed = asyncio.run(_remove(absence))
    if removed is None:
        raise typer.BadParameter(f"no absence, or several, begin with {absence!r}", param_hint="ID")
    print(f"removed: {removed.person}")


def _instant(text: str, zone: ZoneInfo, hint: str, read: Callable[[str, ZoneInfo], datetime]) -> datetime:
    from switchboard.domain.absence import WRITTEN

    try:
        return read(text, zone)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} — expected {WRITTEN}", param_hint=hint) from None


async def _absences() -> Sequence[NotedAbsence]:
    from switchboard.commands.calls import database_url
    from switchboard.postgres.presence import PostgresPresence

    async with PostgresPresence(database_url()) as table:
        return await table.absences()


async def _add(noted: NotedAbsence) -> None:
    from switchboard.commands.calls import database_url
    from switchboard.postgres.presence import PostgresPresence

    async with PostgresPresence(database_url()) as table:
        await table.add_absence(noted)


async def _remove(prefix: str) -> NotedAbsence | None:
    from switchboard.commands.calls import database_url
    from switchboard.postgres.presence import PostgresPresence

    async with PostgresPresence(database_url()) as table:
        found = await table.absences_beginning(prefix)
        return await table.remove_absence(found[0]) if len(found) == 1 else None


def _print(organisation: Organisation, noted: Sequence[NotedAbsence], *, as_json: bool) -> None:
    from switchboard.commands.calls import printable

    written = [
        (person.id, absence, "", "people.yaml")
        for person in organisation.people.values()
        for absence in person.absences
    ]
    rows = sorted(
        [*((each.person, each.absence, str(each.id), each.by) for each in noted), *written],
        key=lambda row: (row[1].begins, row[0]),
    )
    if as_json:
        import orjson

        keys = ("person", "begins", "ends", "because", "id", "by")
        told = [dict(zip(keys, (p, a.begins, a.ends, a.because, i, by), strict=True)) for p, a, i, by in rows]
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return
    zone = ZoneInfo(organisation.timezone)
    for person, absence, identifier, by in rows:
        span = _told(absence.begins, absence.ends, zone)
        print(printable(f"{identifier[:8]:8}  {person:12}  {span}  {absence.because}  ({by})"))
    if not rows:
        print("No absences.")


def _told(begins: datetime, ends: datetime, zone: ZoneInfo) -> str:
    return f"{begins.astimezone(zone):%a %d %b %Y %H:%M} to {ends.astimezone(zone):%a %d %b %Y %H:%M}"
