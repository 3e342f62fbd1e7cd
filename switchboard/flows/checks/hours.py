"""Opening hours that are never open, closed for very long, or interrupted for a moment; days long over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from switchboard.domain.hours import HORIZON, HoursTable
from switchboard.flows.checks.call_told import day_and_time
from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.past_dates import long_over
from switchboard.flows.problems import Place, Severity

Spans = list[tuple[datetime, datetime]]


def hours_gaps(examined: Examined) -> Iterator[Finding]:
    """Of each table, over the next 400 days."""
    for table in examined.configuration.hours.values():
        place = _place(examined, table)
        for text, expected in _gaps(examined, table):
            yield Finding("hours-gap", Severity.WARNING, place, (table.id,), text, expected)


def past_dates(examined: Examined) -> Iterator[Finding]:
    """Overrides and moved days that have been over for more than a year."""
    today = examined.configuration.local(examined.now).date()
    for each in long_over(examined.configuration.dated, today):
        text = f"the {each.what} `{each.name}` ended on {each.last}, over a year ago"
        yield Finding("past-date", Severity.WARNING, each.place, (each.name,), text, "it to be removed")


def _place(examined: Examined, table: HoursTable) -> Place:
    """Of its entry in hours.yaml; or, of `people.mari`, of her hours in people.yaml."""
    group, dot, identifier = table.id.partition(".")
    if group == "resources":
        return examined.places.of("appointments.yaml", group, identifier, "hours")
    if dot:
        return examined.places.of("people.yaml", group, identifier, "hours")
    return examined.places.of("hours.yaml", table.id)


def _gaps(examined: Examined, table: HoursTable) -> Iterator[tuple[str, str]]:
    spans = _spans(table, examined.now)
    limits = examined.limits
    if not spans:
        yield f"hours `{table.id}` are never open in the next {HORIZON.days} days", "hours on some day"
        return
    end = examined.now + HORIZON
    starts = [start for start, _ in spans] + [end]
    ends = [examined.now] + [stop for _, stop in spans]
    gaps = sorted((later - earlier, earlier, later) for earlier, later in zip(ends, starts, strict=True))
    longest, closes, opens = gaps[-1]
    if longest > limits.closed_for:
        since, until = day_and_time(table.local(closes)), day_and_time(table.local(opens))
        most = f"at most {limits.closed_for.days} days; or `closed_days:` under `checks:` in organisation.yaml"
        yield f"hours `{table.id}` are closed for {longest.days} days, from {since} to {until}", most
    for gap, closes, opens in gaps:
        if timedelta() < gap < limits.shortest_break:
            minutes = int(gap.total_seconds() // 60)
            when = f"{day_and_time(table.local(closes))} to {table.local(opens):%H:%M}"
            text = f"hours `{table.id}` are closed for {minutes} minutes, {when}"
            yield text, "ranges that meet, or a longer break"
            return


def _spans(table: HoursTable, now: datetime) -> Spans:
    """When it is open, from now on, spans that meet put together."""
    spans: Spans = []
    today = table.local(now).date()
    for ahead in range(-1, HORIZON.days + 1):
        for span in table.day(today + timedelta(days=ahead)).spans:
            start, end = max(span.start, now.astimezone(UTC)), span.end
            if start >= end:
                continue
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
    return spans
