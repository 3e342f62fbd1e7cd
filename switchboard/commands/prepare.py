"""`switchboard prepare`: fetch and render everything, start nothing."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("prepare")(prepare)


def prepare(
    tests: Annotated[bool, typer.Option("--tests", help="Also fetch what only tests need.")] = False,
) -> None:
    """Fetch the programs, render prompts and Asterisk's configuration; start nothing."""
    from switchboard.commands import preparation
    from switchboard.commands.live import chosen_to_prepare, speak_draft
    from switchboard.commands.progress import ShownProgress
    from switchboard.settings import load

    place = preparation.make_place(load())
    with ShownProgress() as shown:
        prepared = preparation.prepare(place, lambda: chosen_to_prepare(place), shown.tell)
        speak_draft(place, prepared.configuration.version, shown.tell)
        if tests:
            preparation.prepare_tests(place, shown.tell)
    print(f"Everything is ready in {place.settings.state}.")
