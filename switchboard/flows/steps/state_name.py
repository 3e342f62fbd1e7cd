"""`state_name`: the caller says who calls."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.flows.callee_prompts import NamePrompts
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.schema import Field, Outcome, StepType
from switchboard.services.announce_caller import ask_name
from switchboard.services.office import Speech


@dataclass(frozen=True, slots=True)
class StateName:
    """What is asked."""

    question: Speech


async def run(step: StateName, conversation: Conversation) -> Left:
    """Ask and record; from then on, whoever picks up hears it."""
    question = step.question[conversation.recorder.language]
    if not await ask_name(conversation.call, conversation.recorder, question):
        return Left("silent", "nothing was said")
    conversation.note_stated_name()
    return Left("stated", "a name was recorded")


STATE_NAME = StepType(
    name="state_name",
    purpose="Asks the caller to say a name, and records it (at most five seconds, after a beep). Whoever picks up "
    "later in this call hears it first, and presses 1 to take the call, 2 to send it to voicemail or 3 to refuse it; "
    "who presses nothing is not connected. Callees hear the prompts `caller_says` and `accept_caller`, in the "
    "organisation's first language.",
    step=StateName,
    fields=(Field("state_name", NamePrompts(), "what is asked: to say a name after the tone", attribute="question"),),
    outcomes=(
        Outcome("stated", "something was said and recorded"),
        Outcome("silent", "nothing was said"),
    ),
    run=run,
    waits=True,
    example="""\
who:
  state_name: who_calls
  on: {stated: sales, silent: bye}
""",
)
