"""What our FastAGI server answers: `hours`, `screen`, `client`. asterisk-config/README.md has them for operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from switchboard.asterisk.agi import AgiRefused, AgiRequest, Handler
from switchboard.domain.hours import HoursState
from switchboard.domain.screening import Screened
from switchboard.services.identify_caller import KnownCaller

HOURS = "SWITCHBOARD_HOURS"
SCREEN = "SWITCHBOARD_SCREEN"
CLIENT = "SWITCHBOARD_CLIENT"  # and _CLASS, _NAME, …

HoursNow = Callable[[str], HoursState | None]
"""The state, now, of the hours table of that name; None if there is none."""


CallerKnown = Callable[[str], KnownCaller]
"""Who has this number, as the network delivered it."""


NumberScreened = Callable[[str], Screened]
"""May a caller with this number be put through?"""


def agi_handlers(hours_now: HoursNow, caller: CallerKnown, screened: NumberScreened) -> Mapping[str, Handler]:
    """All scripts by name."""

    async def hours(request: AgiRequest) -> Mapping[str, str]:
        """`hours?table=office`: is it open now? Sets open, closed or holiday."""
        table = request.parameters.get("table", "office")
        state = hours_now(table)
        if state is None:
            raise AgiRefused(f"there is no hours table {table!r}")
        return {HOURS: state.kind.value}

    async def screen(request: AgiRequest) -> Mapping[str, str]:
        """`screen`, or `screen?number=…`: may this caller be put through? Sets the verdict, and the rule behind it."""
        found = screened(request.parameters.get("number", request.caller_number))
        return {SCREEN: found.verdict.value, f"{SCREEN}_RULE": found.rule.value}

    async def client(request: AgiRequest) -> Mapping[str, str]:
        """`client`, or `client?number=…`: who has this number? Sets yes or no, the class, what is known of a client."""
        known = caller(request.parameters.get("number", request.caller_number))
        found = known.client
        return {
            CLIENT: "yes" if found else "no",
            f"{CLIENT}_CLASS": known.client_class,
            f"{CLIENT}_NUMBER": known.number,
            f"{CLIENT}_CODE": found.code if found else "",
            f"{CLIENT}_NAME": found.name if found else "",
            f"{CLIENT}_MANAGER": found.manager if found else "",
            f"{CLIENT}_LANGUAGE": (found.language or "") if found else "",
            f"{CLIENT}_VIP": "yes" if found and found.vip else "no",
            f"{CLIENT}_STANDING": found.standing.value if found else "ok",
        }

    return {"hours": hours, "screen": screen, "client": client}
