"""`switchboard rota swap`, `swaps` and `unswap`: people change places for a day, without publishing anything."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchboard.domain.organisation import Organisation
    from switchboard.domain.rota import NotedSwap, Rota


def register(app: typer.Typer) -> None:
    """Into the commands of `switchboard rota`."""
    app.command("swap")(swap)
    app.command("swaps")(list_swaps)
    app.command("unswap")(unswap)


def swap(
    day: Annotated[str, typer.Argument(help="`2026-12-24`: the shifts that begin on it, past midnight too.")],
    one: Annotated[str, typer.Argument(metavar="PERSON", help="A person's id, or an extension.")],
    other: Annotated[str, typer.Argument(metavar="PERSON", help="With whom.")],
    name: Annotated[str, typer.Option("--rota", help="Which rota; needed if there are several.")] = "",
    why: Annotated[str | None, typer.Option(help="The reason, for the record.")] = None,
    who: Annotated[str | None, typer.Option("--as", help="Who you are; default: this account's name.")] = None,
) -> None:
    """Let two people of a rota change places for a day: where one is on call, the other is. Calls follow at once."""
    import asyncio
    from uuid import uuid4

    from switchboard.commands.acting import reason, who_acts
    from switchboard.commands.calls import printable
    from switchboard.commands.people_named import configuration_served, person_named
    from switchboard.domain.rota import NotedSwap, Swap

    configuration = configuration_served()
    organisation, rota = configuration.organisation, _rota_named(configuration.rotas, name)
    people = person_named(organisation, one), person_named(organisation, other)
    noted = NotedSwap(uuid4(), rota.id, Swap(_day(day), *people, reason(why), who_acts(who)))
    rota = asyncio.run(_add(rota, noted))
    print(printable(_told(organisation, noted)))
    zone = ZoneInfo(rota.timezone)
    for begins, ends, person in rota.hours_of(noted.swap.day):
        span = f"{begins.astimezone(zone):%a %d %b %H:%M} to {ends.astimezone(zone):%a %d %b %H:%M}"
        print(f"  {span}  {organisation.people[person].name}")


def list_swaps(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """List the swaps that count, the earliest day first."""
    import asyncio

    from switchboard.commands.calls import printable
    from switchboard.commands.people_named import organisation_served

    found = sorted(asyncio.run(all_swaps()), key=lambda noted: noted.swap.day)
    if as_json:
        import orjson

        told = [{"id": str(noted.id), "rota": noted.rota, **_columns(noted)} for noted in found]
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return
    organisation = organisation_served()
    for noted in found:
        print(printable(_told(organisation, noted)))
    if not found:
        print("No swaps.")


def unswap(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="As `switchboard rota swaps` lists it.")],
    who: Annotated[str | None, typer.Option("--as", help="Who you are; default: this account's name.")] = None,
) -> None:
    """Take a swap back: who it was stays noted."""
    import asyncio

    from switchboard.commands.acting import who_acts
    from switchboard.commands.calls import printable
    from switchboard.commands.people_named import organisation_served

    if not re.fullmatch(r"[0-9a-fA-F-]{1,36}", identifier):
        raise typer.BadParameter(f"{identifier!r} is no id of a swap: hex digits and dashes", param_hint="ID")
    taken_back = asyncio.run(_take_back(identifier.replace("-", "").lower(), who_acts(who)))
    if taken_back is None:
        raise typer.BadParameter(f"no swap, or several, begin with {identifier!r}", param_hint="ID")
    print(printable(f"taken back: {_told(organisation_served(), taken_back)}"))


async def all_swaps() -> Sequence[NotedSwap]:
    """Those that count, in the order in which they were noted. Raises RecordsUnreachable."""
    from switchboard.commands.calls import database_url
    from switchboard.postgres.rota_swaps import PostgresSwaps

    async with PostgresSwaps(database_url()) as table:
        return await table.all()


async def _add(rota: Rota, noted: NotedSwap) -> Rota:
    """Note it, unless something speaks against it; the rota as it then is. Raises typer.BadParameter."""
    from switchboard.commands.calls import database_url
    from switchboard.postgres.rota_swaps import PostgresSwaps

    async with PostgresSwaps(database_url()) as table:
        swaps = [each.swap for each in await table.all() if each.rota == rota.id]
        if fault := rota.swapped(swaps).fault_of(noted.swap, datetime.now(UTC)):
            raise typer.BadParameter(fault)
        await table.add(noted)
        return rota.swapped([*swaps, noted.swap])


async def _take_back(digits: str, by: str) -> NotedSwap | None:
    from switchboard.commands.calls import database_url
    from switchboard.postgres.rota_swaps import PostgresSwaps

    async with PostgresSwaps(database_url()) as table:
        found = [each.id for each in await table.all() if each.id.hex.startswith(digits)]
        return await table.take_back(found[0], by) if len(found) == 1 else None


def _rota_named(rotas: Mapping[str, Rota], name: str) -> Rota:
    if name in rotas:
        return rotas[name]
    if not name and len(rotas) == 1:
        return next(iter(rotas.values()))
    known = ", ".join(rotas) or "none: write one into rota.yaml beside people.yaml"
    raise typer.BadParameter(f"say which rota: there are {known}", param_hint="--rota")


def _day(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise typer.BadParameter(f"{text!r} — expected a day such as `2026-12-24`", param_hint="DAY")


def _told(organisation: Organisation, noted: NotedSwap) -> str:
    swap = noted.swap
    one, other = (
        organisation.people[each].name if each in organisation.people else each for each in (swap.one, swap.other)
    )
    return f"{str(noted.id)[:8]}  {noted.rota}  {swap.day:%a %d %b %Y}  {one} and {other}: {swap.because}  ({swap.by})"


def _columns(noted: NotedSwap) -> dict[str, object]:
    swap = noted.swap
    return {"day": swap.day, "one": swap.one, "other": swap.other, "because": swap.because, "by": swap.by}
