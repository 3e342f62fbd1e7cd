"""`switchboard rollback`: make an earlier version live again."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.commands.publish import WHO, WHY, told


def register(app: typer.Typer) -> None:
    app.command("rollback")(rollback)


def rollback(
    version: Annotated[
        str | None, typer.Argument(help="As much of its name as is unique; default: what the live version replaced.")
    ] = None,
    why: Annotated[str | None, WHY] = None,
    who: Annotated[str | None, WHO] = None,
) -> None:
    """Make an earlier version live again. Twice without a version: back to where you were."""
    import asyncio

    from switchboard.commands import publication
    from switchboard.commands.acting import own_place, reason, who_acts
    from switchboard.commands.progress import ShownProgress
    from switchboard.settings import load

    settings = load()
    wish = publication.Wish(who_acts(who), reason(why))
    with ShownProgress() as shown:
        outcome = asyncio.run(publication.rollback(own_place(settings), version, wish, shown.tell))
    print(told(outcome))
