"""`lookup`: asks another system about the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switchboard.domain.lookups import Lookup, LookupOutcome
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.expressions.types import told
from switchboard.flows.lookup_kinds import LookupName, Paths, Taken, taken_value
from switchboard.flows.schema import Field, Outcome, StepType


@dataclass(frozen=True, slots=True)
class LookUp:
    """Whom to ask, and what to note of the answer."""

    lookup: Lookup
    into: Mapping[str, Taken]


async def run(step: LookUp, conversation: Conversation) -> Left:
    """Ask, and note what came."""
    looked = await conversation.look_up(step.lookup, step.into.values())
    if looked.outcome is LookupOutcome.FOUND:
        noted = {name: taken_value(looked.values.get(each.path), each.type) for name, each in step.into.items()}
        conversation.note(noted)
        return Left(looked.outcome.value, ", ".join(f"{name} = {told(value)}" for name, value in noted.items()))
    return Left(looked.outcome.value, looked.why)


LOOKUP = StepType(
    name="lookup",
    purpose="Asks a system of `lookups` in organisation.yaml about the caller's number, and notes values of its answer "
    "(JSON) in variables. The caller hears nothing meanwhile, for at most the time that is set there.",
    step=LookUp,
    fields=(
        Field("lookup", LookupName(), "which system", attribute="lookup"),
        Field("into", Paths(), "variables, and where in the answer their values stand; what a variable cannot hold "
              "is not known", {}),
    ),
    outcomes=(
        Outcome(LookupOutcome.FOUND, "there is an answer; its values are noted"),
        Outcome(LookupOutcome.NOT_FOUND, "the system does not know the number, or the caller has none"),
        Outcome(LookupOutcome.TIMEOUT, "no answer in time"),
        Outcome(LookupOutcome.FAILED, "anything else"),
    ),
    run=run,
    example="""\
crm:
  lookup: crm
  into: {wants: last_order.state}
  on: {found: menu, not_found: menu, timeout: menu, failed: menu}
""",
)  # fmt: skip
