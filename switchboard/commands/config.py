"""`switchboard config`: Asterisk's configuration as the YAML makes it, and how it differs from what is on disk."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from switchboard.asterisk.rendering import FileState

config_app = typer.Typer(help="Asterisk's rendered configuration.", no_args_is_help=False)

_SECRET = re.compile(r"(?m)^(password|secret)( *= *)(.*)$")
SAME, DIFFERS, TROUBLE = 0, 1, 2


def register(app: typer.Typer) -> None:
    app.add_typer(config_app, name="config")


@config_app.callback(invoke_without_command=True)
def list_files(context: typer.Context) -> None:
    """List the rendered files: where they are, and whether what is on disk is what the YAML would make now.

    `config show FILE` prints one, `config diff` compares. Exit status 0.
    """
    if context.invoked_subcommand is not None:
        return
    for state in _states():
        print(f"{_condition(state):8} {state.path}")


@config_app.command("show")
def show(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file's name, such as pjsip.conf.")],
    secrets: Annotated[bool, typer.Option("--secrets", help="Show passwords.")] = False,
) -> None:
    """Print one file as the YAML would make it now, with the comment that says what it is made from.

    Exit status 0, or 2 if there is no such file.
    """
    states = {state.path.name: state for state in _states()}
    if file not in states:
        print(f"switchboard: no such file {file!r}; there are {', '.join(sorted(states))}", file=sys.stderr)
        raise typer.Exit(TROUBLE)
    text = states[file].text
    print(text if secrets else masked(text), end="")


@config_app.command("diff")
def diff() -> None:
    """Compare what is on disk with what the YAML would make now: a unified diff, passwords masked.

    Exit status as diff(1): 0 if nothing differs, 1 if something does, 2 if it can't be told.
    """
    import difflib

    from switchboard.errors import SwitchboardError

    try:
        states = _states()
    except SwitchboardError as error:
        print(f"switchboard: {error}", file=sys.stderr)
        raise typer.Exit(TROUBLE) from error
    changed = [state for state in states if not state.is_same]
    for state in changed:
        before, now = _told_apart(state.on_disk or "", state.text)
        name = str(state.path)
        old_name = name if state.on_disk is not None else f"{name} (not there)"
        lines = difflib.unified_diff(before.splitlines(), now.splitlines(), old_name, f"{name} (now)", lineterm="")
        print("\n".join(lines))
    raise typer.Exit(DIFFERS if changed else SAME)


def masked(text: str) -> str:
    """The text without its passwords."""
    return _SECRET.sub(r"\1\2***", text)


def _told_apart(before: str, now: str) -> tuple[str, str]:
    """Both masked, so that a changed password still shows as a change."""
    known = {match.group(3) for match in _SECRET.finditer(before)}

    def mask(match: re.Match[str]) -> str:
        return f"{match.group(1)}{match.group(2)}{'***' if match.group(3) in known else '*** (another)'}"

    return masked(before), _SECRET.sub(mask, now)


def _condition(state: FileState) -> str:
    if state.on_disk is None:
        return "missing"
    return "current" if state.is_same else "differs"


def _states() -> list[FileState]:
    """Every file, rendered now and beside what is on disk. Starts and fetches nothing that is there already."""
    from switchboard.asterisk.rendering import compare, render
    from switchboard.flows.load import load_configuration
    from switchboard.machine.account import folders_of, service_account
    from switchboard.machine.asterisk_install import asterisk_program
    from switchboard.machine.secrets import read_secrets
    from switchboard.settings import load

    settings = load()
    account = service_account(settings)
    folders = folders_of(settings, account)
    secrets = read_secrets(folders.secrets)
    configuration = load_configuration(settings.ivr, settings.prompts)
    program = asterisk_program(settings, folders, lambda what, share: None, account)
    return compare(render(configuration, settings, folders, secrets, program), folders)
