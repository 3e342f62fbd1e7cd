"""`menu`: the caller chooses with a key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from switchboard.flows.asking import ask
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Count, Duration, Keys, Spoken
from switchboard.flows.schema import RECEPTION_STEP, Field, Outcome, StepType
from switchboard.services.office import Speech

HUMAN = "0"


@dataclass(frozen=True, slots=True)
class Menu:
    """What is asked, and where each key leads."""

    speech: Speech
    keys: Mapping[str, str]
    timeout: timedelta
    attempts: int

    def routes(self) -> Mapping[str, str]:
        """Each key, and 0 to reception where the flow does not say otherwise."""
        return self.keys if HUMAN in self.keys else {**self.keys, HUMAN: RECEPTION_STEP}


async def run(step: Menu, conversation: Conversation) -> Left:
    """Ask until a key of the menu is pressed or the attempts are used up."""
    return await ask(conversation, step.speech, {*step.keys, HUMAN}, step.timeout, step.attempts)


MENU = StepType(
    name="menu",
    purpose="Says what can be chosen and waits for a key. `*` says it again; 0 leads to reception unless `keys` "
    "leads it elsewhere. A key pressed early counts.",
    step=Menu,
    fields=(
        Field("menu", Spoken(), "what is said: what can be had before its key", attribute="speech"),
        Field("keys", Keys(), "where each key leads"),
        Field("timeout", Duration(timedelta(seconds=30)), "how long a key is waited for", timedelta(seconds=5)),
        Field("attempts", Count(1, 10), "how often it is asked", 3),
    ),
    outcomes=(
        Outcome("no_input", "no key was pressed, or a wrong one and then none"),
        Outcome("no_match", "the last key pressed is not in use"),
    ),
    run=run,
    waits=True,
    example="""\
menu:
  menu: main_menu
  keys: {1: sales, 2: orders, 3: information}
  timeout: 5s
  attempts: 3
  on: {no_input: reception, no_match: reception}
""",
)
