"""`subflow`: through another flow and back."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Arguments, FlowName
from switchboard.flows.schema import Field, StepType


@dataclass(frozen=True, slots=True)
class Subflow:
    """The flow gone through, its parameters filled in."""

    flow: str


async def run(step: Subflow, conversation: Conversation) -> Left:
    """Go into it. What comes after is decided by the `return` it ends with."""
    conversation.enter(step.flow)
    return Left("entered", step.flow)


SUBFLOW = StepType(
    name="subflow",
    purpose="Goes through another flow, with values for its parameters if it has any, and comes back. The outcomes "
    "are what the flow's `return` steps hand back.",
    step=Subflow,
    fields=(
        Field("subflow", FlowName(), "the flow's name", attribute="flow"),
        Field("with", Arguments(), "values of its parameters", None, "arguments"),
    ),
    outcomes=(),
    run=run,
    has_results=True,
    example="""\
finance:
  subflow: department
  with: {department: finance}
  on: {served: bye, not_reached: reception}
""",
)
