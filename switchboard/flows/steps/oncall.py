"""`oncall`: whoever is on call is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.dialling import DialOutcome, WhileRinging
from switchboard.domain.rota import Rota
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Count, Duration, OneOf, Spoken
from switchboard.flows.rota_kinds import RotaName
from switchboard.flows.schema import Field, Outcome, StepType
from switchboard.services.call_on_duty import call_on_duty
from switchboard.services.office import Speech

UNACKNOWLEDGED, GAP = "unacknowledged", "nobody_on_call"


@dataclass(frozen=True, slots=True)
class OnCallStep:
    """The rota, and what caller and callee hear."""

    rota: Rota
    announcement: Speech
    saying: Speech
    meanwhile: Speech
    timeout: timedelta
    rounds: int
    hearing: str


async def run(step: OnCallStep, conversation: Conversation) -> Left:
    """Call them until one takes the call."""
    people = conversation.configuration.organisation.people
    duty = conversation.on_duty(step.rota)
    called = [people[each] for each in duty.called]
    if not called:
        return Left(GAP, f"{step.rota.id}: nobody's shift")
    await conversation.say(step.saying, barge_in=False)
    callees_language = conversation.configuration.organisation.default_language
    taken_by = await call_on_duty(
        conversation.call,
        step.rota.id,
        called,
        conversation.recorder,
        announcement=step.announcement[callees_language],
        meanwhile=step.meanwhile[conversation.recorder.language],
        timeout=step.timeout,
        rounds=step.rounds,
        hearing=WhileRinging(step.hearing),
        instead_of=duty.instead_of,
    )
    conversation.call.forget_keys()  # pressed while talking: they answer nothing we ask afterwards
    if taken_by is None:
        return Left(UNACKNOWLEDGED, f"{step.rota.id}: called {', '.join(person.name for person in called)}")
    return Left(DialOutcome.ANSWERED, f"{step.rota.id}: {taken_by.name}")


ONCALL = StepType(
    name="oncall",
    purpose="Calls whoever is on call by a rota of rota.yaml, and then whom its `then` names, until somebody takes the "
    "caller. Whoever picks up hears `announce` and takes the caller with 1, or passes on with 3; without a key it goes "
    "on to the next, so that no voicemail takes the call. The caller hears ringback or music, and `meanwhile` before "
    "each further person. Where nobody takes it in any round, an error is logged.",
    step=OnCallStep,
    fields=(
        Field("oncall", RotaName(), "which rota", attribute="rota"),
        Field(
            "announce",
            Spoken(),
            "what whoever picks up hears, in the default language: 1 takes the caller, 3 passes on",
            attribute="announcement",
        ),
        Field("saying", Spoken(), "what the caller hears first: that somebody is being called"),
        Field("meanwhile", Spoken(), "what the caller hears before each further person"),
        Field("for", Duration(timedelta(minutes=5)), "how long each is rung", timedelta(seconds=25), "timeout"),
        Field("rounds", Count(1, 5), "how often all of them are called", 2),
        Field(
            "hearing",
            OneOf(tuple(way.value for way in WhileRinging), "sound"),
            "what the caller hears while a phone rings: `ringback` or `music`",
            WhileRinging.MUSIC.value,
        ),
    ),
    outcomes=(
        Outcome(DialOutcome.ANSWERED, "they talked, and the callee has left"),
        Outcome(UNACKNOWLEDGED, "nobody took the call in any round"),
        Outcome(GAP, "nobody is on call at this hour"),
    ),
    run=run,
    waits=True,
    example="""\
emergency:
  oncall: delivery
  announce: on_call_announcement
  saying: calling_on_call
  meanwhile: calling_next
  rounds: 2
  on: {answered: bye, unacknowledged: reception, nobody_on_call: reception}
""",
)
