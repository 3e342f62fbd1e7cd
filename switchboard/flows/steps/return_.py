"""`return`: back from a subflow."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Word
from switchboard.flows.schema import Field, StepType
from switchboard.services.office import GOODBYE

PLAIN = "returned"  # the result of a `return` without a word


@dataclass(frozen=True, slots=True)
class Return:
    """What is handed back."""

    result: str


async def run(step: Return, conversation: Conversation) -> Left:
    """Go back; where nothing led here, say goodbye."""
    result = step.result or PLAIN
    if conversation.leave(result):
        return Left(result)
    await conversation.say(conversation.prompt(GOODBYE), barge_in=False)
    conversation.recorder.is_served = True
    conversation.finish()
    return Left(result, "no flow to return to")


RETURN = StepType(
    name="return",
    purpose="Ends a subflow and hands a word back to the step that led into it. In a flow that nothing led into, "
    "says goodbye and hangs up.",
    step=Return,
    fields=(
        Field("return", Word("result"), "the word handed back; `returned` where there is none", attribute="result"),
    ),
    outcomes=(),
    run=run,
    example="""\
back:
  return: served
""",
)
