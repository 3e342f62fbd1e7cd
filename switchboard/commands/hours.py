"""`switchboard hours`: when the organisation, a department or a person is there, day by day and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from switchboard.domain.hours import Day, HoursTable
    from switchboard.flows.configuration import Configuration

MOST_DAYS = 400


def register(app: typer.Typer) -> None:
    app.command("hours")(hours)


def hours(
    table: Annotated[str, typer.Argument(help="Which hours, or whose: `office`, `people.mari`; default: all.")] = "",
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How many days of the one table.")] = 14,
    at: Annotated[str, typer.Option(help="Another time than now: `2026-12-24`, `2026-12-24 10:00`.")] = "",
    ivr: Annotated[Path | None, typer.Option(help="The folder to look at; default: that of the setting `ivr`.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="The prompts' folder; default: the one beside it.")] = None,
) -> None:
    """Tell what all opening hours say now; or, of one table, when it is open on the days to come, and what is special
    about them. Reads the folder: nothing needs to run."""
    from switchboard.commands.draft import load_draft

    configuration = load_draft(ivr, prompts)
    instant = instant_of(configuration, at)
    if not table:
        width = max(map(len, configuration.hours), default=0)
        for each in configuration.hours.values():
            state = each.state_at(instant)
            print(f"{each.id:{width}}  {state.kind:7}  {state.told}")
        return
    found = configuration.hours.get(_table_of(configuration, table))
    if found is None:
        raise typer.BadParameter(f"no opening hours {table!r}; there are {', '.join(configuration.hours)}")
    print(f"{found.id} ({found.timezone}, public holidays of {found.country}): {found.state_at(instant).told}")
    print("\n".join(day_lines(found, instant, days)))


def day_lines(table: HoursTable, instant: datetime, days: int) -> list[str]:
    """A line for each day from the instant's on: what begins on it, as opening hours are written, and why."""
    first = table.local(instant).date()
    found = [table.day(first + timedelta(days=number)) for number in range(days)]
    told = [" ".join(_span(table, day, number) for number in range(len(day.spans))) or "closed" for day in found]
    width = max(map(len, told))
    return [
        f"{day.day:%a %d %b %Y}  {text:{width}}  {day.special}".rstrip() for day, text in zip(found, told, strict=True)
    ]


def _span(table: HoursTable, day: Day, number: int) -> str:
    """`22:00-26:00`: past midnight the hours of the clock go on."""
    span = day.spans[number]
    start, end = (table.local(each).replace(tzinfo=None) for each in (span.start, span.end))
    midnight = datetime.combine(day.day, datetime.min.time())
    return "-".join(f"{hour:02}:{minute:02}" for hour, minute in (_clock(each - midnight) for each in (start, end)))


def _clock(since_midnight: timedelta) -> tuple[int, int]:
    minutes = since_midnight // timedelta(minutes=1)
    return minutes // 60, minutes % 60


def _table_of(configuration: Configuration, name: str) -> str:
    """The table that is called so, or that of the person or department of this id."""
    organisation = configuration.organisation
    if name in configuration.hours:
        return name
    if name in organisation.people:
        return organisation.hours_of(name)
    return organisation.hours_of_department(name)


def instant_of(configuration: Configuration, text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time such as `2026-12-24 10:00`") from None
    return wall if wall.tzinfo else wall.replace(tzinfo=ZoneInfo(configuration.organisation.timezone)).astimezone(UTC)
