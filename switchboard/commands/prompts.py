"""`switchboard prompts`: who speaks each prompt, rendering, and accepting recordings."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from switchboard.commands.preparation import Place
    from switchboard.flows.configuration import Configuration
    from switchboard.speech.render import Prompt

prompts_app = typer.Typer(help="What callers hear: who speaks each prompt, and rendering.", no_args_is_help=False)

ANYWHERE = "(in a flow or table)"  # a text that stands where it is used and so has no id


def register(app: typer.Typer) -> None:
    app.add_typer(prompts_app, name="prompts")


@prompts_app.callback(invoke_without_command=True)
def list_prompts(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
) -> None:
    """List every text that can be said: in which languages, who speaks it, how long, how loud."""
    if context.invoked_subcommand is not None:
        return
    prompts = [each for each in _survey(*_load()) if not language or each.utterance.language == language]
    if as_json:
        print(json.dumps([_as_json(prompt) for prompt in prompts], ensure_ascii=False, indent=2))
    else:
        _print_table(prompts)


@prompts_app.command("render")
def render(
    force: Annotated[bool, typer.Option("--force", help="Also those that are fresh.")] = False,
) -> None:
    """Speak what is missing or stale."""
    from switchboard.commands.progress import ShownProgress
    from switchboard.speech.render import render_missing

    place, configuration = _load()
    with ShownProgress() as shown:
        report = render_missing(
            configuration.utterances,
            place.folders,
            place.settings.prompts,
            lambda done, total, _: shown.tell(f"speaking {total} prompts", done / total),
            texts=configuration.organisation.prompts,
            force=force,
        )
    for refusal in report.refusals:
        print(f"{refusal.voice.speaker} could not speak {_line(refusal.utterance.text)}: {refusal.reason}")
    spoken = ", ".join(f"{count} by {speaker}" for speaker, count in sorted(report.rendered.items()))
    print(f"{report.total} prompts; spoken now: {spoken or 'none'}; {report.seconds:.1f} s.")


@prompts_app.command("accept")
def accept_recordings() -> None:
    """Note that your recordings say what their texts say today; a text changed later is then noticed."""
    from switchboard.errors import SetupError
    from switchboard.flows import recordings

    place, configuration = _load()
    try:
        count = recordings.accept(place.settings.prompts, configuration.organisation.prompts)
    except OSError as error:
        raise SetupError(f"cannot write {place.settings.prompts / recordings.MANIFEST}: {error.strerror}") from error
    print(f"{count} recordings accepted.")


def _load() -> tuple[Place, Configuration]:
    from switchboard.commands.preparation import make_place
    from switchboard.flows.load import load_configuration
    from switchboard.settings import load

    place = make_place(load())
    return place, load_configuration(place.settings.ivr, place.settings.prompts)


def _survey(place: Place, configuration: Configuration) -> list[Prompt]:
    from switchboard.speech.render import survey

    texts = configuration.organisation.prompts
    return survey(configuration.utterances, place.folders, place.settings.prompts, texts=texts)


def _as_json(prompt: Prompt) -> dict[str, Any]:
    rendered = prompt.rendered
    return {
        "ids": list(prompt.ids),
        "language": prompt.utterance.language,
        "text": prompt.utterance.text,
        "key": prompt.content_key,
        "state": prompt.state,
        "by": rendered.by if rendered else None,
        "version": rendered.version if rendered else None,
        "seconds": rendered.seconds if rendered else None,
        "level_dbfs": rendered.level if rendered else None,
        "peak_dbfs": rendered.peak if rendered else None,
        "recording": str(prompt.recording.file) if prompt.recording else None,
        "outdated_recordings": [str(file) for file in prompt.outdated],
    }


def _print_table(prompts: list[Prompt]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in ("prompt", "language", "spoken by", "state"):
        table.add_column(title, no_wrap=True)
    table.add_column("s", justify="right")
    table.add_column("dBFS", justify="right")
    table.add_column("text")  # the one that wraps
    for prompt in sorted(prompts, key=lambda each: (not each.ids, each.ids, each.utterance.language)):
        rendered = prompt.rendered
        cells = (
            ", ".join(prompt.ids) or ANYWHERE,
            prompt.utterance.language,
            rendered.by if rendered else "nobody",
            f"{prompt.state}, recording outdated" if prompt.outdated else prompt.state,
            f"{rendered.seconds:.1f}" if rendered else "",
            f"{rendered.level:.0f}" if rendered else "",
            prompt.utterance.text,
        )
        table.add_row(*(Text(_line(cell)) for cell in cells))  # Text: brackets in it are no markup
    console = Console(highlight=False)
    console.print(table)
    speakers = Counter(prompt.rendered.by if prompt.rendered else "nobody" for prompt in prompts)
    console.print(Text(", ".join(f"{count} by {speaker}" for speaker, count in speakers.most_common())))


def _line(text: str) -> str:
    """The text in one line that can't play tricks on a terminal."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
