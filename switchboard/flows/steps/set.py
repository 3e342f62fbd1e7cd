"""`set`: notes values for later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from switchboard.flows.assignments import Assignment, Assignments
from switchboard.flows.conditions import Seen
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.expressions.looks import Mark, callers_of, marks_of
from switchboard.flows.expressions.meaning import names_in
from switchboard.flows.expressions.types import told
from switchboard.flows.schema import Field, Outcome, StepType


@dataclass(frozen=True, slots=True)
class Set:
    """Variables and what they get."""

    values: Mapping[str, Assignment]

    def marks(self) -> Iterable[Mark]:
        """The times and dates at which what is noted may change."""
        for each in self.values.values():
            if each.calculation is not None:
                yield from marks_of(each.calculation)

    def callers(self) -> Iterable[str]:
        """The callers' numbers, and beginnings of them, that calculations tell apart."""
        for each in self.values.values():
            if each.calculation is not None:
                yield from callers_of(each.calculation)

    def client_subjects(self) -> Iterable[str]:
        """What is asked of a client."""
        for each in self.values.values():
            if each.calculation is not None:
                yield from names_in(each.calculation)


async def run(step: Set, conversation: Conversation) -> Left:
    """Note them for the rest of the call. All are calculated from what was known before."""
    seen = Seen(conversation)
    noted = {name: each.result(seen) for name, each in step.values.items()}
    conversation.note(noted)
    return Left("done", ", ".join(f"{name} = {told(value)}" for name, value in noted.items()))


SET = StepType(
    name="set",
    purpose="Notes values in variables, which later steps may ask for. A value that begins with `=` is calculated, "
    "all of one step from what was known before; beyond the variable's range the nearest value in it is noted.",
    step=Set,
    fields=(Field("set", Assignments(), "variables and their values", attribute="values"),),
    outcomes=(Outcome("done", "they are noted"),),
    run=run,
    example="""\
note:
  set: {wants: account, tries: = tries + 1}
  next: menu
""",
)
