"""Hours at which nobody is on call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from switchboard.flows.checks.call_told import day_and_time
from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.problems import Severity

HORIZON = timedelta(days=400)


def rota_gaps(examined: Examined) -> Iterator[Finding]:
    """The first gap of each rota over the next 400 days, unless it says that it has gaps."""
    for rota in examined.configuration.rotas.values():
        if rota.has_gaps:
            continue
        zone = ZoneInfo(rota.timezone)
        for begins, ends in rota.gaps(examined.now, examined.now + HORIZON):
            since, until = (day_and_time(instant.astimezone(zone)) for instant in (begins, ends))
            text = f"nobody is on call in rota `{rota.id}` from {since} until {until}"
            place = examined.places.of("rota.yaml", rota.id)
            yield Finding("rota-gap", Severity.WARNING, place, (rota.id,), text, "a shift then, or `gaps: yes`")
            break
