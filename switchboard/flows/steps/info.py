"""`info`: tells what callers ask for."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import FactOrHours
from switchboard.flows.schema import Field, Outcome, StepType
from switchboard.flows.telling import Telling


@dataclass(frozen=True, slots=True)
class Info:
    """What is told."""

    telling: Telling


async def run(step: Info, conversation: Conversation) -> Left:
    """Tell what is true today."""
    instant = conversation.now()
    parts, decided_on = step.telling.at(instant, conversation.configuration.local(instant))
    if not parts:
        return Left("nothing", decided_on)
    await conversation.say(*parts)
    conversation.recorder.is_served = True
    return Left("told", decided_on)


INFO = StepType(
    name="info",
    purpose="Tells a fact of facts.yaml that is valid today; or opening hours, what is special about today, and when "
    "we open again. A key stops it.",
    step=Info,
    fields=(Field("info", FactOrHours(), "what is told", attribute="telling"),),
    outcomes=(
        Outcome("told", "the caller heard it"),
        Outcome("nothing", "nothing is valid today"),
    ),
    run=run,
    example="""\
prices:
  info: price_list
  on: {told: menu, nothing: sales}
""",
)
