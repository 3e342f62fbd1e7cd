"""`switchboard replay`: recorded calls against a draft, and which of them would end elsewhere."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from switchboard.commands.named_version import configuration_named

if TYPE_CHECKING:
    from switchboard.flows.configuration import Configuration
    from switchboard.testing.replay import PastStep, Replayed

SAME, ELSEWHERE = 0, 1
MOST_CALLS = 20  # listed for each step where calls part; --json has them all


def register(app: typer.Typer) -> None:
    app.command("replay")(replay)


def replay(
    draft: Annotated[str, typer.Argument(help="A folder, `live`, or a version's id; default: the setting `ivr`.")] = "",
    since: Annotated[str, typer.Option(help="Calls of the last 8h, 30d, 2w…")] = "30d",
    prompts: Annotated[Path | None, typer.Option(help="Prompts of the folder; default: those beside it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Play recorded calls against a draft: the callers press what they pressed, the phones do what they did. Tell
    which calls would end elsewhere, and the step where they part.

    A draft that asks or rings what the record does not tell counts as elsewhere. Needs the records (a running
    switchboard, or the setting `database_url`). Exit status 0 if every call ends where it did, 1 if not.
    """
    import asyncio

    from switchboard.commands.calls import period
    from switchboard.logs import to_standard_error
    from switchboard.settings import load

    to_standard_error()
    begin = datetime.now(UTC) - period(since)
    configuration = configuration_named(draft or str(load().ivr), prompts)
    calls, left_out = asyncio.run(_replay_all(begin, configuration))
    elsewhere = [call for call in calls if call.ends_elsewhere]
    if as_json:
        _print_json(calls, elsewhere, left_out)
    else:
        _print(calls, elsewhere, left_out, configuration)
    raise typer.Exit(ELSEWHERE if elsewhere else SAME)


async def _replay_all(since: datetime, draft: Configuration) -> tuple[list[Replayed], int]:
    """The calls that could be compared, and how many could not."""
    from switchboard.commands.calls import database_url
    from switchboard.postgres.archive import PostgresArchive
    from switchboard.testing.replay import replay as replay_call

    calls: list[Replayed] = []
    left_out = 0
    async with PostgresArchive(database_url()) as archive:
        async for call_id, events in archive.stories(since):
            found = await replay_call(call_id, events, draft)
            if found is None:
                left_out += 1
            else:
                calls.append(found)
    return calls, left_out


def _print(calls: list[Replayed], elsewhere: list[Replayed], left_out: int, draft: Configuration) -> None:
    print(f"{len(elsewhere)} of {_calls(len(calls))} would end elsewhere.")
    if left_out:
        print(f"{_calls(left_out)} more led through no flow (desk phones, the safety net, our own failures).")
    parts: dict[tuple[str, str], list[Replayed]] = {}
    for call in elsewhere:
        parts.setdefault(_parting(call), []).append(call)
    for (was, now), group in sorted(parts.items(), key=lambda item: -len(item[1])):
        print(f"\n{_calls(len(group))} part: then {was}, now {now}")
        for call in group[:MOST_CALLS]:
            began = f"{draft.local(call.at):%a %d %b %H:%M}"
            print(f"    {call.call_id}  {began}  {call.caller or 'withheld':<16} {call.was.end} → {call.now.end}")
        if len(group) > MOST_CALLS:
            print(f"    and {len(group) - MOST_CALLS} more: --json lists all")


def _parting(call: Replayed) -> tuple[str, str]:
    was, now = call.parts_at
    return _step(was, "it was over"), _step(now, call.now.unanswerable or "it is over")


def _step(step: PastStep | None, otherwise: str) -> str:
    if step is None:
        return otherwise
    decided = f" ({step.decided_on})" if step.decided_on else ""
    return f"{step.name} → {step.outcome}{decided} [{step.place}]"


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def _print_json(calls: list[Replayed], elsewhere: list[Replayed], left_out: int) -> None:
    import json

    ends = Counter(call.now.end for call in elsewhere)
    print(
        json.dumps(
            {
                "compared": len(calls),
                "left_out": left_out,
                "elsewhere": [
                    {
                        "call": str(call.call_id),
                        "at": call.at.isoformat(),
                        "caller": call.caller,
                        "number": call.number,
                        "was": call.was.end,
                        "now": call.now.end,
                        "parts_at": [step.name if step else None for step in call.parts_at],
                    }
                    for call in elsewhere
                ],
                "ends": dict(ends),
            },
            ensure_ascii=False,
            indent=2,
        )
    )
