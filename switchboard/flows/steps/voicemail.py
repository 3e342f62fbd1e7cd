"""`voicemail`: the caller leaves a message for a person or a department."""

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
from switchboard.flows.message_kinds import Mailbox, MailboxOf, ManagersMailbox, asked_of_client
from switchboard.flows.schema import Field, StepType
from switchboard.services.office import Speech
from switchboard.services.take_message import END


@dataclass(frozen=True, slots=True)
class Voicemail:
    """Whose mailbox, and how long a message can be."""

    mailbox: Mailbox | ManagersMailbox
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


async def run(step: Voicemail, conversation: Conversation) -> Left:
    """Greet by the state of whom it is for, record, let the caller hear it, save it."""
    limits = Limits(step.longest, step.shortest, step.silence)
    return await leave_message(
        conversation,
        MessageKind.VOICEMAIL,
        step.mailbox,
        limits,
        within_hours=step.within_hours,
        greeting=step.greeting,
    )


VOICEMAIL = StepType(
    name="voicemail",
    purpose="Takes a message for a person or a department, or by `manager` for the caller's account manager: for whom "
    "`forward: manager` would put the caller through to. The greeting tells whether the person is busy, absent until "
    "a date or not available (`mailbox_…` of the prompts), unless there is a prompt `greeting_<person>` or "
    "`greeting_<department>`, with a recording in their own voice at best, or `greeting` says otherwise. After the "
    "tone the caller speaks and presses the hash key; then 1 plays it, 2 records it again, 3 saves it, 4 marks it as "
    "urgent. Hanging up at any moment keeps what was said. 0 is reception. The caller hears that it is saved when it "
    "is: on disk, and in Postgres if that answers. A department's message needs somebody who takes it; `within_hours` "
    "count from the next opening on where it is closed.",
    step=Voicemail,
    fields=(
        Field("voicemail", MailboxOf(), "whom the message is for", attribute="mailbox"),
        Field("greeting", Spoken(), "what is said first, instead of what the state of the person tells", None),
        *LENGTHS,
        WITHIN,
    ),
    outcomes=OUTCOMES,
    run=run,
    waits=True,
    example="""\
note:
  voicemail: {person: mari}
  longest: 2m
  on: {saved: bye, nothing: bye}
""",
)
