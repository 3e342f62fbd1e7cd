"""`switchboard simulate`: a call through a draft, printed as a script or played by hand; no telephone, no server."""

from __future__ import annotations

import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from switchboard.commands.simulated_caller import Wanted
    from switchboard.commands.speaker import Speaker
    from switchboard.domain.call_record import CallEvent
    from switchboard.flows.configuration import Configuration
    from switchboard.testing.simulation import Listener, Simulated

WRONG_ARGUMENTS = 2  # exit status

KEYS_HELP = """\b
What the caller does, words divided by spaces:
2   press 2 when asked (12: both at once); 0-9 * #
.   stay silent at one question
h   hang up when asked
w5  wait 5 s after the last deed, then do the next word unasked
r   do the next word while a phone rings; t: while talking
After the last word the caller stays silent. Without --keys you are asked at each question."""


def register(app: typer.Typer) -> None:
    app.command("simulate")(simulate)


def simulate(
    ivr: Annotated[Path | None, typer.Argument(help="The folder to try; default: that of the setting `ivr`.")] = None,
    to: Annotated[str, typer.Option(help="Number dialled; default: the organisation's first.")] = "",
    at: Annotated[str, typer.Option(help="`now`, `10:00` (today), `tue 10:00`, `2026-12-24 10:00`.")] = "now",
    caller: Annotated[str, typer.Option("--from", help="The caller's number, or `withheld`.")] = "+37255501234",
    keys: Annotated[str | None, typer.Option(help=KEYS_HELP)] = None,
    script: Annotated[Path | None, typer.Option(help="A file of the caller's lines instead of --keys.")] = None,
    phones: Annotated[
        str, typer.Option(help="How phones behave: `101=busy, 100=no answer`; others answer after 4 s. `all=…` too.")
    ] = "",
    language: Annotated[str, typer.Option(help="In which the call begins; default: the number's.")] = "",
    client: Annotated[
        str, typer.Option(help="Who calls: `class=dealer, vip=yes, manager=mari`; default: nobody.")
    ] = "",
    screened: Annotated[
        str, typer.Option(help="What screening finds: `voicemail`; default: as screening.yaml says.")
    ] = "",
    lookups: Annotated[
        str, typer.Option(help="What other systems answer: `found customer.segment=order; timeout`.")
    ] = "",
    prompts: Annotated[Path | None, typer.Option(help="The prompts' folder; default: the one beside IVR.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; needs --keys or --script.")] = False,
    speak: Annotated[bool, typer.Option("--speak", help="Play what callers hear on this machine's speaker.")] = False,
    wav: Annotated[Path | None, typer.Option(help="Write what the caller hears into this file.")] = None,
) -> None:
    """Try a call: what is said, what is pressed, who is rung, step by step, at any time of any day.

    Played by hand unless --keys or --script say what the caller does. Exit status: 0; 1 if the folder has errors,
    2 if an argument is wrong.
    """
    from rich.console import Console

    from switchboard.commands.draft import load_draft
    from switchboard.commands.simulated_caller import Asked, Mistakes, understand

    configuration = load_draft(ivr, prompts)
    asked = Asked(to, at, caller, keys, script, phones, language, client, screened, lookups, needs_script=as_json)
    try:
        wanted = understand(asked, configuration)
    except Mistakes as mistakes:
        for line in mistakes.lines:
            print(f"switchboard simulate: {line}", file=sys.stderr)
        raise typer.Exit(WRONG_ARGUMENTS) from mistakes
    console = Console(highlight=False, markup=False)
    if as_json:
        result = run(configuration, wanted, None)
        print(json.dumps(told_to_programs(result, wanted), ensure_ascii=False, indent=2))
    elif speak or wav is not None:
        _print_and_speak(console, configuration, wanted, (ivr, prompts), speak, wav)
    else:
        _print_call(console, configuration, wanted, None)


def run(configuration: Configuration, wanted: Wanted, listener: Listener | None) -> Simulated:
    """The call, played to its end."""
    import asyncio

    from switchboard.logs import to_standard_error
    from switchboard.testing.simulation import simulate as play

    to_standard_error()
    coroutine = play(configuration, wanted.setup, player=wanted.player, told=wanted.told, listener=listener)
    # Not asyncio.run: it would turn Ctrl-C at the prompt into a cancellation of the call; here the caller hangs up.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


def _print_call(console: Console, configuration: Configuration, wanted: Wanted, speaker: Speaker | None) -> Simulated:
    from switchboard.commands.call_script import CallScript
    from switchboard.testing.script import written
    from switchboard.testing.transcript import Line

    for line in wanted.heading:
        console.print(line, soft_wrap=True)
    console.print()
    script = CallScript(console, wanted.setup.at)

    def tell(told: Line | CallEvent) -> None:
        if speaker is not None and isinstance(told, Line):
            speaker.before(told)
        script.tell(told)
        if speaker is not None and isinstance(told, Line):
            speaker.begin(told)

    result = run(configuration, wanted, tell)
    script.close(result)
    if result.call.left:
        left = " ".join(map(written, result.call.left))
        console.print(f"The call was over before the caller did: {left}", soft_wrap=True)
    return result


def _print_and_speak(
    console: Console,
    configuration: Configuration,
    wanted: Wanted,
    folders: tuple[Path | None, Path | None],
    speak: bool,
    wav: Path | None,
) -> None:
    from dataclasses import replace

    from switchboard.commands.call_sound import call_sounds
    from switchboard.commands.speaker import Speaker
    from switchboard.errors import SetupError
    from switchboard.speech.wav_file import write_wav

    if wav is not None and not os.access(wav.absolute().parent, os.W_OK | os.X_OK):
        raise SetupError(f"--wav: cannot write {wav}: no folder that can be written")
    sounds = call_sounds(configuration, *folders)
    with Speaker(sounds, by_hand=wanted.player is not None) if speak else nullcontext() as speaker:
        if wanted.player is None:  # by hand, what is new is spoken when it is first said
            sounds.render(run(configuration, wanted, None).call.heard)
        wanted = replace(wanted, setup=replace(wanted.setup, lasts=sounds.lasts))
        result = _print_call(console, configuration, wanted, speaker)
    if wav is not None:
        sound = sounds.laid_out(result.call.lines)
        try:
            write_wav(sound, wav)
        except OSError as error:
            raise SetupError(f"--wav: cannot write {wav}: {error.strerror}") from error
        console.print(f"What the caller hears is in {wav}, {sound.seconds:.1f} s.", soft_wrap=True)


def told_to_programs(result: Simulated, wanted: Wanted) -> dict[str, Any]:
    """The call as JSON: its lines and the record's events in the order they happened."""
    began = wanted.setup.at
    lines = [
        {
            "seconds": round((line.at - began).total_seconds(), 3),
            "what": line.what.value,
            "text": line.utterance.text if line.utterance else line.text,
            "language": line.utterance.language if line.utterance else None,
            "keys": line.keys or None,
            "phones": [phone.extension for phone in line.phones] or None,
            "outcome": line.outcome.value if line.outcome else None,
        }
        for line in result.call.lines
    ]
    events = [
        {"seconds": round((event.at - began).total_seconds(), 3), "kind": event.kind.value, "data": dict(event.data)}
        for event in result.events
    ]
    return {
        "at": began.isoformat(),
        "number": wanted.setup.number,
        "caller": wanted.setup.caller,
        "lines": [{key: value for key, value in line.items() if value is not None} for line in lines],
        "events": events,
        "disposition": result.disposition.value if result.disposition else None,
        "not_used": len(result.call.left),
    }
