"""`goto`: on with another step or flow."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import FlowOrStep
from switchboard.flows.schema import Field, StepType


@dataclass(frozen=True, slots=True)
class Goto:
    """(flow, "") or ("", step)."""

    to: tuple[str, str]

    def routes(self) -> dict[str, str]:
        """To the step, where it is one of this flow."""
        _, step = self.to
        return {"done": step} if step else {}


async def run(step: Goto, conversation: Conversation) -> Left:
    """Go there."""
    flow, name = step.to
    if flow:
        conversation.jump(flow)
    return Left("done", flow or name)


GOTO = StepType(
    name="goto",
    purpose="Goes on with another step, or for good with another flow.",
    step=Goto,
    fields=(Field("goto", FlowOrStep(), "the step's name, or `{flow: …}`", attribute="to"),),
    outcomes=(),
    run=run,
    example="""\
to_sales:
  goto: {flow: sales}
""",
)
