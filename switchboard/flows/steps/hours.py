"""`hours`: are we open?"""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.domain.hours import HoursTable
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
    state = step.table.state_at(conversation.now())
    return Left(state.kind.value, f"{step.table.id}: {state.told}")


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
