"""`screen`: what screening found of the caller."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.domain.screening import Verdict
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import OneOf
from switchboard.flows.schema import Field, Outcome, StepType

ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class Screen:
    """Nothing but the caller can be screened."""

    whom: str


async def run(step: Screen, conversation: Conversation) -> Left:
    """Go on by the verdict, saying nothing."""
    found = await conversation.screened()
    outcome = found.verdict.value if found.verdict in (Verdict.VOICEMAIL, Verdict.STATE_NAME) else ALLOWED
    return Left(outcome, f"{found.rule}: {found.why}" if found.rule else "")


SCREEN = StepType(
    name="screen",
    purpose="Goes on by what screening.yaml, and people who blocked a number, say of the caller. Callers who are to be "
    "rejected never come here: they are not answered.",
    step=Screen,
    fields=(Field("screen", OneOf(("caller",), "word"), "`caller`", attribute="whom"),),
    outcomes=(
        Outcome(ALLOWED, "may be put through"),
        Outcome(Verdict.VOICEMAIL, "may leave a message, and nobody is rung"),
        Outcome(Verdict.STATE_NAME, "is to state a name first"),
    ),
    run=run,
    example="""\
may_they:
  screen: caller
  on: {allowed: menu, voicemail: bye, state_name: reception}
""",
)
