"""`client_type`: which of our clients calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from switchboard.domain.clients import UNKNOWN
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import ClassTargets
from switchboard.flows.schema import Field, Outcome, StepType


@dataclass(frozen=True, slots=True)
class ClientType:
    """Where each class leads."""

    classes: Mapping[str, str]

    def routes(self) -> Mapping[str, str]:
        """Each class."""
        return self.classes

    def client_subjects(self) -> Iterable[str]:
        """What is asked of a client."""
        return ("class",)


async def run(step: ClientType, conversation: Conversation) -> Left:
    """Decide, saying nothing."""
    found = str(conversation.value_of("class"))
    return Left(found if found in step.classes else UNKNOWN, f"{conversation.client_named()}: {found}")


CLIENT_TYPE = StepType(
    name="client_type",
    purpose="Looks the caller up in the client list and goes on by the class of client. Each class of "
    "organisation.yaml leads somewhere; callers whose number is no client's are of the class that `unknown_callers` "
    "names.",
    step=ClientType,
    fields=(Field("client_type", ClassTargets(), "where each class leads", attribute="classes"),),
    outcomes=(Outcome(UNKNOWN, "nothing is known of the caller: the number is withheld, or of no class"),),
    run=run,
    example="""\
who:
  client_type: {dealer: sales, key: sales, own_outlet: logistics, retail: menu, regional: menu, new: menu}
  next: menu
""",
)
