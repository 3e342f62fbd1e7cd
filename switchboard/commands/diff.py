"""`switchboard diff`: what differs between two versions, in an administrator's words and in callers' stories."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from switchboard.commands.named_version import LIVE, configuration_named

if TYPE_CHECKING:
    from switchboard.flows.configuration import Configuration
    from switchboard.flows.moves import World
    from switchboard.flows.stories import Parting, Stories

SAME, DIFFERS = 0, 1
MOST_STORIES = 40  # printed; --json has them all


def register(app: typer.Typer) -> None:
    app.command("diff")(diff)


def diff(
    old: Annotated[str, typer.Argument(help="A folder, `live`, or a version's id.")] = LIVE,
    new: Annotated[str, typer.Argument(help="The same; default: the folder of the setting `ivr`.")] = "",
    prompts: Annotated[Path | None, typer.Option(help="Prompts of the folder; default: those beside it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Tell what differs between two versions: what was changed, every caller's story that goes elsewhere, and every
    instant of the next 400 days at which the answer changes.

    Exit status as diff(1): 0 if nothing differs, 1 if something does.
    """
    from switchboard.flows.answers import answer_changes, recurring
    from switchboard.flows.changes import changes
    from switchboard.settings import load

    before = configuration_named(old, prompts)
    after = configuration_named(new or str(load().ivr), prompts)
    changed = changes(before, after)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    stories = compare_stories(before, after, now)
    partings = [parting for parting in stories.shortest() if parting.ends_elsewhere]
    instants = recurring(answer_changes(before, after, now))
    if as_json:
        _print_json(changed, partings, instants, after)
    elif not changed and not partings and not instants:
        print("Nothing differs.")
    else:
        _print_changes(changed)
        _print_stories(partings, stories, after)
        _print_instants(instants)
    raise typer.Exit(DIFFERS if changed or partings or instants else SAME)


def compare_stories(old: Configuration, new: Configuration, now: datetime) -> Stories:
    """Both walked in every world that either of them tells apart."""
    from switchboard.flows.exploration import Explorer
    from switchboard.flows.stories import Stories

    worlds = list(_worlds(old, new, now))
    stories = Stories(Explorer(old, with_languages=False), Explorer(new, with_languages=False))
    stories.compare(worlds)
    if stories.old.decides_by_language or stories.new.decides_by_language:
        stories = Stories(Explorer(old), Explorer(new))
        stories.compare(worlds)
    return stories


def _worlds(old: Configuration, new: Configuration, now: datetime) -> list[World]:
    from switchboard.flows.answers import instants_apart
    from switchboard.flows.caller_classes import caller_classes
    from switchboard.flows.moves import World

    callers = list(dict.fromkeys(each.number for version in (new, old) for each in caller_classes(version)))
    numbers = list(dict.fromkeys([*new.organisation.numbers, *old.organisation.numbers]))
    return [
        World(instant, caller, number)
        for instant in instants_apart(old, new, now)
        for caller in callers
        for number in numbers
    ]


def _print_changes(changed: Any) -> None:
    print(f"Changed ({len(changed)}):\n" if changed else "No step, prompt or person was changed.\n")
    for change in changed:
        how = "" if change.how == "changed" else f" {change.how}"
        print(f"  {change.what}{how}" + (f"  [{change.place}]" if change.place else ""))
        for detail in change.details:
            print(f"      {detail}")
    print()


def _print_stories(partings: list[Parting], stories: Stories, new: Configuration) -> None:
    if not partings:
        print("Every caller's story ends where it did.\n")
    else:
        print(f"Callers' stories that go elsewhere ({len(partings)}):\n")
        for parting in partings[:MOST_STORIES]:
            for line in story_lines(parting, new):
                print(f"  {line}")
            print()
        if len(partings) > MOST_STORIES:
            print(f"  and {len(partings) - MOST_STORIES} more: --json lists all\n")
    if not stories.is_complete:
        print("  Not everything could be compared: the flows have too many places.\n")


def story_lines(parting: Parting, new: Configuration) -> list[str]:
    """One story, a line for each thing that happens."""
    world = parting.world
    number = new.organisation.numbers.get(world.number)
    name = f"{number.name} ({world.number})" if number else world.number
    who = world.caller or "somebody whose number is withheld"
    also = f" (and in {parting.worlds - 1} more kinds of calls)" if parting.worlds > 1 else ""
    return [
        f"{new.local(world.instant):%a %d %b %Y %H:%M}, {who} calls {name}{also}",
        *(f"    {deed}" for deed in parting.did),
        f"    was: {parting.was.told}{_words(parting.was)}",
        f"    now: {parting.now.told}{_words(parting.now)}",
    ]


def _words(standing: Any) -> str:
    if not standing.said:
        return ""
    text = " ".join(standing.said[-1].text.split())
    return f", after “{text if len(text) <= 60 else text[:59] + '…'}”"


def _print_instants(instants: Any) -> None:
    if not instants:
        print("At every instant of the next 400 days the answer is the same.")
        return
    print(f"Answers that change in the next 400 days ({len(instants)}):\n")
    for each in instants:
        change = each.changes[0]
        print(f"  {change.what}: {change.was} → {change.now}")
        print(f"      {each.told}")


def _print_json(changed: Any, partings: list[Parting], instants: Any, new: Configuration) -> None:
    import json

    print(
        json.dumps(
            {
                "changes": [
                    {"what": each.what, "how": each.how, "details": list(each.details), "place": each.place}
                    for each in changed
                ],
                "stories": [
                    {
                        "at": parting.world.instant.isoformat(),
                        "caller": parting.world.caller,
                        "number": parting.world.number,
                        "did": list(parting.did),
                        "was": parting.was.told,
                        "now": parting.now.told,
                        "kinds_of_calls": parting.worlds,
                    }
                    for parting in partings
                ],
                "answers": [
                    {
                        "what": change.what,
                        "since": change.since.isoformat(),
                        "until": change.until.isoformat(),
                        "was": change.was,
                        "now": change.now,
                    }
                    for each in instants
                    for change in each.changes
                ],
            },
            ensure_ascii=False,
            indent=2,
        )
    )
