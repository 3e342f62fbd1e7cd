"""`end`: goodbye."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Spoken
from switchboard.flows.schema import Field, StepType
from switchboard.services.office import Speech


@dataclass(frozen=True, slots=True)
class End:
    """The last words."""

    speech: Speech


async def run(step: End, conversation: Conversation) -> Left:
    """Say goodbye; the call is hung up afterwards."""
    await conversation.say(step.speech, barge_in=False)
    conversation.recorder.is_served = True
    conversation.finish()
    return Left("ended")


END = StepType(
    name="end",
    purpose="Says the last words and hangs up.",
    step=End,
    fields=(
        Field("end", Spoken(), "the last words: a goodbye, and where nothing could be done, why", attribute="speech"),
    ),
    outcomes=(),
    run=run,
    example="""\
bye:
  end: goodbye
""",
)
