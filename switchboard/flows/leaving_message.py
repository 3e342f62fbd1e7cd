"""What `voicemail` and `message` have in common: the caller is greeted by the mailbox's state and leaves a message."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from switchboard.domain.message import Limits, MessageKind, MessageOutcome, deadline_of
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Count, Duration
from switchboard.flows.message_kinds import Mailbox
from switchboard.flows.schema import RECEPTION_STEP, Field, Outcome
from switchboard.services.office import Speech
from switchboard.services.take_message import MessageRequest, take_message

OUTCOMES = (
    Outcome(MessageOutcome.SAVED, "the message is saved"),
    Outcome(MessageOutcome.NOTHING, "nothing was said, or too little, when asked twice"),
    Outcome(MessageOutcome.UNAVAILABLE, "no message can be taken: the disk is full or fails", default=RECEPTION_STEP),
    Outcome(
        MessageOutcome.RECEPTION,
        "0 was pressed; what was said until then is saved all the same",
        default=RECEPTION_STEP,
    ),
)
DEFAULT = Limits()
LENGTHS = (
    Field("longest", Duration(timedelta(minutes=10)), "how long a message can be", DEFAULT.longest),
    Field("shortest", Duration(timedelta(seconds=10)), "what is shorter is asked for again", DEFAULT.shortest),
    Field("silence", Duration(timedelta(seconds=20)), "without a word for so long, the message ends", DEFAULT.silence),
)
WITHIN = Field(
    "within_hours",
    Count(1, 168),
    "hours until a department's head is told that nobody took it",
    4,
)


async def leave_message(
    conversation: Conversation,
    kind: MessageKind,
    mailbox: Mailbox,
    limits: Limits,
    *,
    within_hours: int,
    greeting: Speech | None,
    asked: frozenset[str] = frozenset(),
) -> Left:
    """Greet, ask, record, save; how that came out."""
    deadline = None
    if mailbox.department:
        hours = conversation.office.hours.get(conversation.office.organisation.hours_of_department(mailbox.department))
        deadline = deadline_of(conversation.now(), timedelta(hours=within_hours), hours)
    request = MessageRequest(
        kind,
        mailbox.person,
        mailbox.department,
        [greeting] if greeting is not None else _greeting(conversation, mailbox),
        mailbox.words,
        limits,
        asked,
        deadline,
        in_hand=conversation.message_in_hand,
        begun=conversation.message_begun,
    )
    taken = await take_message(conversation.call, request, conversation.office, conversation.recorder)
    conversation.message_over()
    conversation.call.forget_keys()
    return Left(taken.outcome.value, taken.told)


def _greeting(conversation: Conversation, mailbox: Mailbox) -> list[Speech]:
    organisation, zone = conversation.office.organisation, ZoneInfo(conversation.office.organisation.timezone)
    situation = None
    if mailbox.person:
        situation = conversation.office.presence.situation_of(organisation.people[mailbox.person], zone)
    return mailbox.greeting(situation, conversation.now(), zone)
