"""`switchboard check`: everything that callers could suffer from, found before they call."""

from __future__ import annotations

import gc
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from switchboard.flows.checks import Checked
    from switchboard.flows.checks.findings import Finding
    from switchboard.flows.configuration import Configuration
    from switchboard.flows.problems import Problem

CLEAN, FOUND, WRONG_ARGUMENTS = 0, 1, 2  # exit statuses

_WHERE = {"number": "numbers", "trunk": "trunks", "emergency number": "emergency_numbers", "reception": "reception"}
_STAND_IN = "stand-in"  # for passwords, which are no part of the folder that is checked


def register(app: typer.Typer) -> None:
    app.command("check")(check)


def check(
    ivr: Annotated[Path | None, typer.Argument(help="The folder to check; default: that of the setting `ivr`.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="The prompts' folder; default: the one beside IVR.")] = None,
    at: Annotated[str, typer.Option(help="From when on: `now`, `2026-12-24 10:00`; 400 days are checked.")] = "now",
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For editors and programs.")] = False,
) -> None:
    """Check the flows against every key, silence, outcome of a phone, time and kind of caller there is.

    Each finding comes with the shortest call that shows it. Exit status: 0 if there is no error (with --strict: nothing
    at all), 1 if there is, 2 if an argument is wrong.
    """
    began = time.monotonic()
    with _no_garbage_collected():
        problems, checked = find_problems(ivr, prompts, at)
    seconds = time.monotonic() - began
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        _print_json(problems, checked, seconds)
    else:
        _print(problems, _summary(checked, errors, len(problems) - errors, seconds))
    if errors or (strict and problems):
        raise typer.Exit(FOUND)


@contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """Looking again and again for circles among what a command of a second keeps anyway is a tenth of its work."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def find_problems(ivr: Path | None, prompts: Path | None, at: str) -> tuple[Sequence[Problem], Checked | None]:
    """All problems, and what was looked at: None where the folder cannot be loaded."""
    from switchboard.commands.draft import draft_folders
    from switchboard.errors import ConfigurationError
    from switchboard.flows.load import load_configuration

    folders = draft_folders(ivr, prompts)
    try:
        configuration = load_configuration(*folders)
    except ConfigurationError as error:
        return list(error.problems), None  # type: ignore[arg-type]  # loading gives each its place
    checked = examined(configuration, folders[1], _instant(at, configuration))
    return checked.problems, checked


def examined(configuration: Configuration, prompts: Path, now: datetime) -> Checked:
    """All that is found in a configuration that could be loaded, for the 400 days from `now` on."""
    from switchboard.flows.checks import examine

    elsewhere = list(_not_compiled(configuration))
    return examine(configuration, now=now, recordings=prompts / "recordings", found_elsewhere=elsewhere)


def _instant(at: str, configuration: Configuration) -> datetime:
    if at == "now":
        return datetime.now(UTC)
    from switchboard.commands.simulated_caller import Asked, Mistakes, understand

    try:
        return understand(Asked("", at, "withheld", "", None, "", "", needs_script=False), configuration).setup.at
    except Mistakes as mistakes:
        for line in mistakes.lines:
            print(f"switchboard check: {line}", file=sys.stderr)
        raise typer.Exit(WRONG_ARGUMENTS) from mistakes


def _not_compiled(configuration: Configuration) -> Iterator[Finding]:
    """What cannot stand in Asterisk's dialplan: compiled as it will be, but for folders and passwords."""
    from switchboard.asterisk.rendering_values import RenderingInput, template_values
    from switchboard.errors import ConfigurationError
    from switchboard.flows.checks.findings import Finding
    from switchboard.flows.checks.places import Places
    from switchboard.flows.problems import Severity
    from switchboard.folders import Folders
    from switchboard.settings import load

    organisation, nowhere = configuration.organisation, Path("/nowhere")
    given = RenderingInput(
        organisation=organisation,
        settings=load(),
        folders=Folders(nowhere, nowhere, nowhere),
        modules=nowhere,
        data=nowhere,
        ari_password=_STAND_IN,
        ami_password=_STAND_IN,
        phone_passwords=dict.fromkeys(organisation.phones, _STAND_IN),
        trunk_passwords={trunk.id: _STAND_IN for trunk in organisation.trunks},
    )
    try:
        template_values(given)
    except ConfigurationError as error:
        places = Places(configuration.lines)
        for text in map(str, error.problems):
            found = re.match(r"(number|trunk|emergency number|reception) ?([^:]*):", text)
            path = (_WHERE[found.group(1)], found.group(2)) if found else ()
            place = places.of("organisation.yaml", *path)
            name = found.group(2) if found else ""
            expected = "what Asterisk can be told, as it serves callers alone while the switchboard is out of order"
            yield Finding("safety-net", Severity.ERROR, place, (name,), text, expected)


def _summary(checked: Checked | None, errors: int, warnings: int, seconds: float) -> str:
    found = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
    if checked is None:
        return f"{found}; what calls would do is looked at once the folder can be read"
    looked_at = (
        f"{_counted(checked.steps, 'step')} in {_counted(checked.flows, 'flow')}, "
        f"{_counted(checked.cells, 'time cell')}, {checked.callers} kinds of callers, "
        f"{_counted(checked.states, 'state')}"
    )
    return f"{looked_at}: {found} ({seconds:.2f} s)"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _print(problems: Sequence[Problem], summary: str) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    for _, together in groupby(problems, key=lambda problem: problem.place.file):
        for problem in together:
            first, *others = str(problem).splitlines()
            rule = "" if problem.rule == "language" else f" [{problem.rule}]"
            console.print(f"{first}{rule}", style="red" if problem.severity == "error" else "yellow")
            for line in others:
                console.print(line)
        console.print()
    console.print(summary)


def _print_json(problems: Sequence[Problem], checked: Checked | None, seconds: float) -> None:
    import json

    explored: dict[str, Any] | None = None
    if checked is not None:
        names = ("steps", "flows", "cells", "callers", "states")
        explored = {name: getattr(checked, name) for name in names} | {"seconds": round(seconds, 3)}
    told = {"problems": [problem.as_json() for problem in problems], "explored": explored}
    print(json.dumps(told, ensure_ascii=False, indent=2))
