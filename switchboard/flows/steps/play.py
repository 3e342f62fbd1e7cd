"""`play`: a recording of the organisation's own."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Flag, Recording
from switchboard.flows.schema import Field, Outcome, StepType
from switchboard.services.office import Speech


@dataclass(frozen=True, slots=True)
class Play:
    """The recording, and whether a key stops it."""

    speech: Speech
    barge_in: bool


async def run(step: Play, conversation: Conversation) -> Left:
    """Play it and go on."""
    await conversation.say(step.speech, barge_in=step.barge_in)
    return Left("done")


PLAY = StepType(
    name="play",
    purpose="Plays a recording of your own, such as a jingle or the director's voice. It is a prompt like any other, "
    "but refused unless somebody has recorded it.",
    step=Play,
    fields=(
        Field("play", Recording(), "the prompt that was recorded", attribute="speech"),
        Field("barge_in", Flag(), "does a key stop it", default=True),
    ),
    outcomes=(Outcome("done", "it was played"),),
    run=run,
    example="""\
jingle:
  play: welcome
  barge_in: no
  next: menu
""",
)
