"""`forward`: to the person who should take the call, or whoever stands in for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.dialling import WhileRinging
from switchboard.domain.forwarding import DEFAULT, DEPARTMENT, Callee, Reached
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.forwarding_kinds import CALLEE, ChainName, ForwardedTo
from switchboard.flows.kinds import Duration, OneOf, Spoken
from switchboard.flows.schema import Field, Outcome, StepType
from switchboard.services.office import Speech
from switchboard.services.reach_person import Manner, reach_person


@dataclass(frozen=True, slots=True)
class Forward:
    """Whom the caller is for, and how they are put through."""

    callee: Callee | None  # None: the account manager
    chain: str | None
    ring_for: timedelta
    hearing: str
    saying: Speech | None
    trying: Speech | None
    announcing: Speech | None

    def client_subjects(self) -> Iterable[str]:
        """What is asked of a client."""
        return (CALLEE,) if self.callee is None else ()


async def run(step: Forward, conversation: Conversation) -> Left:
    """Try one after the other; if somebody answers, let them talk until the callee leaves."""
    organisation = conversation.configuration.organisation
    why = ""
    if step.callee is not None:
        callee = step.callee
    else:
        callee, why = conversation.clients_callee()
    chains = organisation.forwarding.chains
    chain = chains[step.chain or (DEPARTMENT if callee.department else DEFAULT)]
    acceptance = conversation.acceptance() if conversation.has_stated_name else None
    hearing = WhileRinging(step.hearing)
    manner = Manner(step.ring_for, hearing, step.saying, step.trying, step.announcing, acceptance)
    reached, told = await reach_person(
        conversation.call, callee, chain, conversation.office, conversation.recorder, manner
    )
    conversation.call.forget_keys()  # pressed while talking: they answer nothing we ask afterwards
    return Left(reached.value, f"{why}: {told}" if why else told)


FORWARD = StepType(
    name="forward",
    purpose="Puts the caller through to the right person: the caller's account manager, a person or a department. Who "
    "is absent, away, not to be disturbed, in a call or without a connected phone is passed over for whoever stands "
    "in, as the chains of people.yaml have it. Callers without a manager get the head of the department that "
    "`new_clients` names, or nobody without it; callers in arrears whom `arrears` names.",
    step=Forward,
    fields=(
        Field("forward", ForwardedTo(), "whom the caller is for", attribute="callee"),
        Field("chain", ChainName(), "the chain of people.yaml; `department` for a department, else `default`", None),
        Field(
            "for",
            Duration(timedelta(minutes=5)),
            "how long each of them is rung",
            timedelta(seconds=20),
            "ring_for",
        ),
        Field(
            "hearing",
            OneOf(tuple(way.value for way in WhileRinging), "sound"),
            "what the caller hears meanwhile: `ringback` or `music`",
            WhileRinging.RINGBACK.value,
        ),
        Field("saying", Spoken(), "what is said before whoever is asked for is rung", None),
        Field("trying", Spoken(), "what is said, once, before somebody else is rung", None),
        Field("announcing", Spoken(), "what is said to who picks up a mobile: press 1; without it none is rung", None),
    ),
    outcomes=(
        Outcome(Reached.ANSWERED, "they talked, and the callee has left"),
        Outcome(Reached.BUSY, "all who are there are in calls"),
        Outcome(Reached.NO_ANSWER, "somebody was rung, and nobody took the call"),
        Outcome(Reached.NOBODY, "nobody is there"),
    ),
    run=run,
    waits=True,
    example="""\
manager:
  forward: manager
  for: 20s
  hearing: music
  saying: connecting
  trying: trying_colleague
  on: {answered: bye, busy: reception, no_answer: reception, nobody: reception}
""",
)
