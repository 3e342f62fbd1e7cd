"""`ring`: somebody's desk phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.dialling import Choice, DialOutcome, Phone, RingResult, WhileRinging
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Duration, OneOf, Spoken, Telephone
from switchboard.flows.schema import Field, Outcome, StepType
from switchboard.services.forward_call import forward_call
from switchboard.services.office import Speech

VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class Ring:
    """Whose phone, for how long, and what the caller hears."""

    phone: Phone
    timeout: timedelta
    hearing: str
    saying: Speech | None


async def run(step: Ring, conversation: Conversation) -> Left:
    """Ring; if answered, let them talk until the callee leaves."""
    if step.saying is not None:
        await conversation.say(step.saying, barge_in=False)
    hearing = WhileRinging(step.hearing)
    result = await forward_call(
        conversation.call,
        [step.phone],
        conversation.recorder,
        timeout=step.timeout,
        hearing=hearing,
        acceptance=conversation.acceptance(),
    )
    conversation.call.forget_keys()  # pressed while talking: they answer nothing we ask afterwards
    if result.choice is Choice.TO_VOICEMAIL:
        return Left(VOICEMAIL, f"{step.phone.extension} {step.phone.name}: sent to voicemail")
    return Left(result.outcome.value, _told(step.phone, result))


def _told(phone: Phone, result: RingResult) -> str:
    sip = f" (SIP {result.sip_status})" if result.sip_status else ""
    return f"{phone.extension} {phone.name}: {result.outcome.value}{sip}"


RING = StepType(
    name="ring",
    purpose="Rings a desk phone and lets caller and callee talk. A department's phone is its own, else its head's.",
    step=Ring,
    fields=(
        Field("ring", Telephone(), "whose phone", attribute="phone"),
        Field("for", Duration(timedelta(minutes=5)), "how long it rings", timedelta(seconds=20), "timeout"),
        Field(
            "hearing",
            OneOf(tuple(way.value for way in WhileRinging), "sound"),
            "what the caller hears meanwhile: `ringback` or `music`",
            WhileRinging.RINGBACK.value,
        ),
        Field("saying", Spoken(), "what is said before it rings", None),
    ),
    outcomes=(
        Outcome(DialOutcome.ANSWERED, "they talked, and the callee has left"),
        Outcome(DialOutcome.BUSY, "the phone is in a call"),
        Outcome(DialOutcome.NO_ANSWER, "it rang until the time was up"),
        Outcome(DialOutcome.DECLINED, "the callee refused the call"),
        Outcome(DialOutcome.UNAVAILABLE, "the phone is not connected"),
        Outcome(DialOutcome.FAILED, "anything else"),
        Outcome(VOICEMAIL, "the callee sent the caller to voicemail, as who has stated a name can be", like="declined"),
    ),
    run=run,
    waits=True,
    example="""\
sales:
  ring: {department: sales}
  for: 20s
  hearing: music
  saying: connecting
  on:
    answered: bye
    busy: reception
    no_answer: reception
    declined: reception
    unavailable: reception
    failed: reception
""",
)
