"""`hours`: are we open?"""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.domain.hours import HoursKind, HoursTable
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Opening
from switchboard.flows.schema import Field, Outcome, StepType


@dataclass(frozen=True, slots=True)
class Hours:
    """The opening hours asked."""

    table: HoursTable


async def run(step: Hours, conversation: Conversation) -> Left:
    """Decide, saying nothing."""
    state = step.table.state_at(conversation.recorder.now())
    decided_on = f"{step.table.id}: {state.reason}"
    if state.kind is not HoursKind.OPEN and state.opens is not None:
        decided_on += f", opens {step.table.local(state.opens):%a %d %b %H:%M}"
    return Left(state.kind.value, decided_on)


HOURS = StepType(
    name="hours",
    purpose="Asks opening hours in hours.yaml and goes on accordingly. Lunch is closed.",
    step=Hours,
    fields=(Field("hours", Opening(), "which opening hours", attribute="table"),),
    outcomes=(
        Outcome("open", "open now"),
        Outcome("closed", "closed now: evening, weekend, lunch, an override"),
        Outcome("holiday", "closed all day for a public holiday"),
    ),
    run=run,
    example="""\
hours:
  hours: office
  on: {open: menu, closed: closed, holiday: closed}
""",
)
