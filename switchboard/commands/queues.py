"""`switchboard queues`: who waits now, and how callers were served lately."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchboard.domain.queue_figures import QueueFigures

WITHIN = 20  # seconds that the service level goes by, unless said otherwise: 80 % within 20 s is a common aim


def register(app: typer.Typer) -> None:
    app.command("queues")(queues)


def queues(
    days: Annotated[int, typer.Option(min=1, max=366, help="Count the callers of so many days.")] = 1,
    within: Annotated[int, typer.Option(min=1, max=3600, help="Seconds the service level goes by.")] = WITHIN,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Tell who waits in which queue since when, and how callers were served: service level, waits, abandoned calls."""
    import asyncio

    waiting, figures = asyncio.run(_gather(datetime.now(UTC) - timedelta(days=days)))
    if as_json:
        import orjson

        told = {"waiting": waiting, "figures": [_figures(each, within) for each in figures]}
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return
    for line in lines(waiting, figures, days, within, datetime.now(UTC)):
        print(line)


async def _gather(since: datetime) -> tuple[Sequence[Mapping[str, Any]] | None, Sequence[QueueFigures]]:
    from switchboard.commands.calls import database_url
    from switchboard.machine.account import folders_of
    from switchboard.machine.controller_link import controller_status
    from switchboard.postgres.queue_figures import queue_figures
    from switchboard.settings import load

    controller = await controller_status(folders_of(load()).controller_socket)
    return None if controller is None else controller.get("queues", []), await queue_figures(database_url(), since)


def lines(
    waiting: Sequence[Mapping[str, Any]] | None,
    figures: Sequence[QueueFigures],
    days: int,
    within: int,
    now: datetime,
) -> list[str]:
    """What is printed. `waiting` is None where no controller runs."""
    told = ["no controller runs: nobody waits in a queue"] if waiting is None else []
    if waiting is not None and not waiting:
        told = ["nobody waits in a queue"]
    for each in waiting or ():
        length = _clock((now - datetime.fromisoformat(each["since"])).total_seconds())
        expected = f"probably less than {each['minutes']} min more" if each["minutes"] else "nobody knows how long"
        state = f"rings {', '.join(each['rings'])}" if each["rings"] else expected
        who = "to be called back" if each.get("is_callback") else "call"
        told.append(f"{each['queue']}  number {each['position']}, {who} {each['call']}, waits {length}, {state}")
    told.append("")
    if not figures:
        told.append(f"nobody came to a queue in the last {_days(days)}")
    for figure in figures:
        told += _told(figure, days, within)
    return told


def _told(figure: QueueFigures, days: int, within: int) -> list[str]:
    level = figure.service_level(within)
    share = "nobody waited for an answer" if level is None else f"service level {level:.0%} within {within} s"
    waits = "" if figure.median_wait is None else f" (half of them within {_clock(figure.median_wait)})"
    longest = "" if figure.longest_wait is None else f", longest wait {_clock(figure.longest_wait)}"
    return [
        f"{figure.queue}, last {_days(days)}: {share}",
        f"  answered {figure.answered}{waits}, hung up {figure.abandoned}, waited too long {figure.timed_out}, "
        f"left by a key {figure.by_key}, not let in {figure.not_admitted}{longest}",
    ]


def _figures(figure: QueueFigures, within: int) -> dict[str, Any]:
    return {
        "queue": figure.queue,
        "service_level": figure.service_level(within),
        "within_seconds": within,
        "answered": figure.answered,
        "abandoned": figure.abandoned,
        "timed_out": figure.timed_out,
        "left_by_key": figure.by_key,
        "not_admitted": figure.not_admitted,
        "median_wait_seconds": figure.median_wait,
        "longest_wait_seconds": figure.longest_wait,
    }


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02}"


def _days(days: int) -> str:
    return "24 hours" if days == 1 else f"{days} days"
