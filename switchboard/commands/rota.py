"""`switchboard rota`: who is on call now, and in the days to come."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from typer.core import TyperGroup

from switchboard.commands import rota_swaps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switchboard.domain.organisation import Organisation
    from switchboard.domain.rota import OnCall, Rota

MOST_DAYS = 400


class _ByName(TyperGroup):
    """`switchboard rota delivery` is short for `switchboard rota who delivery`."""

    def parse_args(self, context: Any, arguments: list[str]) -> list[str]:
        """See click."""
        if not arguments or (arguments[0] not in self.commands and arguments[0] != "--help"):
            arguments = ["who", *arguments]
        return super().parse_args(context, arguments)


rota_app = typer.Typer(cls=_ByName, help="Who is on call, and who changes places with whom.")


def register(app: typer.Typer) -> None:
    app.add_typer(rota_app, name="rota")


rota_swaps.register(rota_app)


@rota_app.command("who")
def rota(
    name: Annotated[str, typer.Argument(help="Which rota; default: all.")] = "",
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How many days of the one rota.")] = 14,
    at: Annotated[str, typer.Option(help="Another time than now: `2026-12-24`, `2026-12-24 10:00`.")] = "",
    ivr: Annotated[Path | None, typer.Option(help="The folder to look at; default: that of the setting `ivr`.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="The prompts' folder; default: the one beside it.")] = None,
) -> None:
    """Tell who is on call now; or, of one rota, who will be in the days to come, and why.

    `who` may be left out. Reads the folder, and what was swapped: without the database it tells the rest."""
    from switchboard.commands.draft import load_draft
    from switchboard.commands.hours import instant_of

    configuration = load_draft(ivr, prompts)
    instant, organisation = instant_of(configuration, at), configuration.organisation
    rotas = _with_swaps(configuration.rotas)
    if not name:
        width = max(map(len, configuration.rotas), default=0)
        for each in rotas.values():
            print(f"{each.id:{width}}  {_told(organisation, each.on_call(instant))}")
        if not configuration.rotas:
            print("There is no rota; write one into rota.yaml beside people.yaml.")
        return
    found = rotas.get(name)
    if found is None:
        raise typer.BadParameter(f"no rota {name!r}; there are {', '.join(configuration.rotas) or 'none'}")
    print(f"{found.id} ({found.timezone}): {_told(organisation, found.on_call(instant))}")
    print("\n".join(change_lines(found, organisation, instant, days)))


def _with_swaps(rotas: Mapping[str, Rota]) -> dict[str, Rota]:
    """The same, swapped; as they are written if the database does not answer, which is told on stderr."""
    import asyncio

    from switchboard.errors import SwitchboardError

    try:
        swaps = asyncio.run(rota_swaps.all_swaps()) if rotas else []
    except SwitchboardError as error:
        print(f"Swaps are not known: {error}", file=sys.stderr)
        swaps = []
    return {each.id: each.swapped(noted.swap for noted in swaps if noted.rota == each.id) for each in rotas.values()}


def change_lines(found: Rota, organisation: Organisation, instant: datetime, days: int) -> list[str]:
    """A line for each time at which somebody else comes on call, on the rota's wall clock."""
    zone = ZoneInfo(found.timezone)
    changes = found.changes(instant, instant + timedelta(days=days))
    return [f"{since.astimezone(zone):%a %d %b %Y %H:%M}  {_told(organisation, who)}" for since, who in changes]


def _told(organisation: Organisation, who: OnCall) -> str:
    person = organisation.people.get(who.person)
    return f"{person.name if person else 'nobody'}  ({who.why})"
