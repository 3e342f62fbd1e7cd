"""What our FastAGI server answers: `hours` and `screen`. The operator's guide to both: asterisk-config/README.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from switchboard.asterisk.agi import AgiRefused, AgiRequest, Handler
from switchboard.domain.hours import HoursState

HOURS = "SWITCHBOARD_HOURS"
SCREEN = "SWITCHBOARD_SCREEN"

HoursNow = Callable[[str], HoursState | None]
"""The state, now, of the hours table of that name; None if there is none."""


def agi_handlers(hours_now: HoursNow) -> Mapping[str, Handler]:
    """All scripts by name."""

    async def hours(request: AgiRequest) -> Mapping[str, str]:
        """`hours?table=office`: is it open now? Sets open, closed or holiday."""
        table = request.parameters.get("table", "office")
        state = hours_now(table)
        if state is None:
            raise AgiRefused(f"there is no hours table {table!r}")
        return {HOURS: state.kind.value}

    async def screen(request: AgiRequest) -> Mapping[str, str]:
        """`screen`: may this caller be put through? Sets allow, or anonymous where no number was given."""
        return {SCREEN: "allow" if any(letter.isdigit() for letter in request.caller_number) else "anonymous"}

    return {"hours": hours, "screen": screen}
