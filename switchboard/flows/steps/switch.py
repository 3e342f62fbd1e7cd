"""`switch`: goes on by who calls, when, in which language, or by what was noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from switchboard.flows.cases import WEEKDAYS, Case, CaseList, Subject, check_cases
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.schema import Field, Outcome, StepType


@dataclass(frozen=True, slots=True)
class Switch:
    """What is looked at, and the cases in order."""

    subject: str
    cases: tuple[Case, ...]

    def routes(self) -> Mapping[str, str]:
        """Each case, by its number."""
        return {f"case {number}": case.target for number, case in enumerate(self.cases, 1)}


async def run(step: Switch, conversation: Conversation) -> Left:
    """The first case that fits."""
    value = _value(step.subject, conversation)
    told = f"{step.subject} is {value or 'not known'}"
    for number, case in enumerate(step.cases, 1):
        if case.fits(value):
            return Left(f"case {number}", told)
    return Left("otherwise", told)


def _value(subject: str, conversation: Conversation) -> str:
    look = _LOOKS.get(subject)
    return look(conversation) if look else conversation.variables.get(subject, "")


def _local(conversation: Conversation) -> datetime:
    return conversation.local_now()


_LOOKS: dict[str, Callable[[Conversation], str]] = {
    "caller": lambda conversation: conversation.call.caller.number,
    "number": lambda conversation: conversation.call.number,
    "language": lambda conversation: conversation.language,
    "time": lambda conversation: f"{_local(conversation):%H:%M}",
    "weekday": lambda conversation: WEEKDAYS[_local(conversation).weekday()],
    "date": lambda conversation: _local(conversation).date().isoformat(),
}

SWITCH = StepType(
    name="switch",
    purpose="Looks at `caller`, `number` (dialled), `language`, `time`, `weekday`, `date`, or a value that a `set` "
    "noted, and goes on with the first case that fits: `is` (one of), `starts` (with), `from` and `until` (the end "
    "of a time excluded, of a date included).",
    step=Switch,
    fields=(
        Field("switch", Subject(), "what is looked at", attribute="subject"),
        Field("cases", CaseList(), "the cases, in order"),
    ),
    outcomes=(Outcome("otherwise", "no case fits"),),
    run=run,
    check=lambda flow, step, table: check_cases(flow, step.subject, table.get("cases")),
    example="""\
caller_from:
  switch: caller
  cases:
    - {starts: ["+371", "00371"], next: latvian}
    - {is: "", next: reception}
  on: {otherwise: menu}
""",
)
