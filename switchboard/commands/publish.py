"""`switchboard publish`: make the configuration folder what callers hear."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from switchboard.commands.publication import Outcome

WHY = typer.Option("--why", help="Why, for those who look later. Asked for at a terminal.")
WHO = typer.Option("--as", metavar="NAME", help="Who publishes; default: your account on this machine.")


def register(app: typer.Typer) -> None:
    app.command("publish")(publish)


def publish(
    ivr: Annotated[Path | None, typer.Argument(help="Configuration folder. Default: the settings'.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="Default: `prompts` beside it, else the settings'.")] = None,
    why: Annotated[str | None, WHY] = None,
    who: Annotated[str | None, WHO] = None,
) -> None:
    """Check the configuration and make it live, for every call that begins from then on.

    Calls in progress keep the version they began with. Anything wrong: nothing changes, and exit status 1.
    `switchboard rollback` undoes it.
    """
    import asyncio

    from switchboard.commands import publication
    from switchboard.commands.acting import own_place, reason, who_acts
    from switchboard.commands.draft import draft_folders
    from switchboard.commands.progress import ShownProgress
    from switchboard.settings import load

    settings = load()
    wish = publication.Wish(who_acts(who), reason(why))
    folders = draft_folders(ivr, prompts)
    with ShownProgress() as shown:
        outcome = asyncio.run(publication.publish(own_place(settings), *folders, wish, shown.tell))
    print(told(outcome))


def told(outcome: Outcome) -> str:
    """What came of it, to be read."""
    from switchboard.commands.calls import printable

    lines = [*map(str, outcome.warnings), *outcome.remarks]
    publication, reloaded = outcome.publication, outcome.reloaded
    if publication is None:
        lines.append(f"Version {outcome.version} is live already; nothing to do.")
        return "\n".join(lines)
    lines.append(f"Version {outcome.version} is live, by {printable(publication.who)}: {printable(publication.why)}.")
    if publication.was:
        lines.append(f"It replaces {publication.was}. Calls in progress keep the version they began with.")
    if reloaded is None:
        lines.append("No controller runs: it is what the next start serves.")
    else:
        lines.append(f"Asterisk reloaded {', '.join(reloaded.asterisk) or 'nothing: nothing of it changed'}.")
        if reloaded.at_next_start:
            lines.append(f"Asterisk reads {', '.join(reloaded.at_next_start)} only when it starts anew.")
    if publication.was:
        lines.append("Undo: switchboard rollback --why '…'")
    return "\n".join(lines)
