"""`message`: the caller leaves a message with a form, as on paper: who called, about what, when to call back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.message import Limits, MessageKind
from switchboard.domain.organisation import Organisation
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Spoken
from switchboard.flows.leaving_message import LENGTHS, OUTCOMES, WITHIN, leave_message
from switchboard.flows.message_kinds import AskedParts, Mailbox, MailboxOf, ManagersMailbox, asked_of_client
from switchboard.flows.schema import Field, StepType
from switchboard.services.office import Speech
from switchboard.services.take_message import END


@dataclass(frozen=True, slots=True)
class Message:
    """Whom it is for, and what is asked."""

    mailbox: Mailbox | ManagersMailbox
    asking: frozenset[str]
    greeting: Speech | None
    longest: timedelta
    shortest: timedelta
    silence: timedelta
    within_hours: int

    def client_subjects(self) -> Iterable[str]:
        """What is asked of a client."""
        return asked_of_client(self.mailbox)

    def taken_keys(self, organisation: Organisation) -> Collection[str]:
        """What ends speaking: callers are told it first."""
        return END


async def run(step: Message, conversation: Conversation) -> Left:
    """Ask the form's questions, record, let the caller hear it, save it."""
    limits = Limits(step.longest, step.shortest, step.silence)
    return await leave_message(
        conversation,
        MessageKind.MESSAGE,
        step.mailbox,
        limits,
        within_hours=step.within_hours,
        greeting=step.greeting,
        asked=step.asking,
    )


MESSAGE = StepType(
    name="message",
    purpose="Takes a message as `voicemail` does, and asks first what a paper form would: who calls and what it is "
    "about, each recorded by itself; and after the message when to call back, by a key.",
    step=Message,
    fields=(
        Field("message", MailboxOf(), "whom the message is for", attribute="mailbox"),
        Field("asking", AskedParts(), "what is asked: some of `who`, `about`, `call_back`"),
        Field("greeting", Spoken(), "what is said first, instead of what the state of the person tells", None),
        *LENGTHS,
        WITHIN,
    ),
    outcomes=OUTCOMES,
    run=run,
    waits=True,
    example="""\
note:
  message: {department: sales}
  asking: [who, call_back]
  within_hours: 2
  on: {saved: bye, nothing: bye}
""",
)
