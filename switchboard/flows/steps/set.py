"""`set`: notes values for later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Values
from switchboard.flows.schema import Field, Outcome, StepType


@dataclass(frozen=True, slots=True)
class Set:
    """Names and their values."""

    values: Mapping[str, str]


async def run(step: Set, conversation: Conversation) -> Left:
    """Note them for the rest of the call."""
    conversation.variables.update(step.values)
    return Left("done", ", ".join(f"{name} = {value}" for name, value in step.values.items()))


SET = StepType(
    name="set",
    purpose="Gives names to values, which a `switch` may ask for later in the call.",
    step=Set,
    fields=(Field("set", Values(), "names and values", attribute="values"),),
    outcomes=(Outcome("done", "they are noted"),),
    run=run,
    example="""\
note:
  set: {came_from: sales_line}
  next: menu
""",
)
