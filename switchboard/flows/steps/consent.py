"""`consent`: may this call be recorded?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.consent import AGREE, REFUSE, Consent
from switchboard.domain.organisation import Organisation
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Duration, Spoken
from switchboard.flows.schema import RECEPTION_STEP, Field, Outcome, StepType
from switchboard.services.ask_consent import HUMAN, ask_consent
from switchboard.services.office import Speech


@dataclass(frozen=True, slots=True)
class AskConsent:
    """The words, and how long a key is waited for."""

    question: Speech
    timeout: timedelta

    def taken_keys(self, organisation: Organisation) -> Iterable[str]:
        """Which keys mean something: what they lead to, silence may as well."""
        return {HUMAN, *(key for key in (AGREE, REFUSE) if organisation.consent.answered(key) is not None)}


async def run(step: AskConsent, conversation: Conversation) -> Left:
    """Ask, unless it was answered before in this call."""
    if (known := conversation.consent) is not None:
        return Left(known.value, "answered before in this call")
    question = step.question[conversation.recorder.language]
    rules = conversation.office.organisation.consent
    consent, key = await ask_consent(conversation.call, question, rules, conversation.recorder, timeout=step.timeout)
    conversation.note_consent(consent)
    told = f"pressed {key}" if key else "silence"  # as replaying reads it
    return Left("reception" if key == HUMAN else consent.value, told)


CONSENT = StepType(
    name="consent",
    purpose="Asks the caller whether the call may be recorded: 1 agrees, 2 refuses, silence refuses unless "
    "organisation.yaml says otherwise (`consent:`). With `consent: {by: tell}` the caller is told, and 2 refuses. It "
    "is asked once in a call: another step of this type says nothing and leaves by what was answered. Put it before "
    "the first person; `call_recording:` in organisation.yaml says which conversations are recorded. Keys pressed "
    "before the question is heard are no answer to it.",
    step=AskConsent,
    fields=(
        Field("consent", Spoken(), "what is asked or told, with its keys", attribute="question"),
        Field("timeout", Duration(timedelta(seconds=30)), "how long a key is waited for", timedelta(seconds=4)),
    ),
    outcomes=(
        Outcome(Consent.AGREED, "the caller agrees"),
        Outcome(Consent.REFUSED, "the caller refuses: nothing of this call is recorded"),
        Outcome("reception", "0 was pressed: who was asked has not agreed", default=RECEPTION_STEP),
    ),
    run=run,
    waits=True,
    example="""\
may_we_record:
  consent: recording_consent
  on: {agreed: menu, refused: menu}
""",
)
