"""`say`: the switchboard says something."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Flag, Spoken
from switchboard.flows.schema import Field, Outcome, StepType
from switchboard.services.office import Speech


@dataclass(frozen=True, slots=True)
class Say:
    """What is said, and whether a key stops it."""

    speech: Speech
    barge_in: bool


async def run(step: Say, conversation: Conversation) -> Left:
    """Say it and go on."""
    await conversation.say(step.speech, barge_in=step.barge_in)
    return Left("done")


SAY = StepType(
    name="say",
    purpose="Says a text. A key pressed meanwhile stops it and answers the menu that follows.",
    step=Say,
    fields=(
        Field("say", Spoken(), "what is said", attribute="speech"),
        Field("barge_in", Flag(), "does a key stop it", default=True),
    ),
    outcomes=(Outcome("done", "it was said"),),
    run=run,
    example="""\
greet:
  say: welcome
  next: menu
""",
)
