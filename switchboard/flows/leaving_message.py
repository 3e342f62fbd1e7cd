"""What `voicemail` and `message` have in common: the caller is greeted by the mailbox's state and leaves a message."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from switchboard.domain.forwarding import Situation
from switchboard.domain.mailbox_menu import GreetingKind
from switchboard.domain.message import Limits, MessageKind, MessageOutcome, deadline_of
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Count, Duration
from switchboard.flows.message_kinds import Mailbox, ManagersMailbox
from switchboard.flows.schema import RECEPTION_STEP, Field, Outcome
from switchboard.ports import Sound
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
    whose: Mailbox | ManagersMailbox,
    limits: Limits,
    *,
    within_hours: int,
    greeting: Speech | None,
    asked: frozenset[str] = frozenset(),
) -> Left:
    """Greet, ask, record, save; how that came out."""
    mailbox, why = whose_mailbox(conversation, whose)
    now, deadline = conversation.recorder.now(), None  # no way through a flow depends on it: nobody explores by it
    if mailbox.department:
        hours = conversation.office.hours.get(conversation.office.organisation.hours_of_department(mailbox.department))
        deadline = deadline_of(now, timedelta(hours=within_hours), hours)
    zone = ZoneInfo(conversation.office.organisation.timezone)
    situation = _situation(conversation, mailbox)
    request = MessageRequest(
        kind,
        mailbox.person,
        mailbox.department,
        [greeting] if greeting is not None else mailbox.greeting(situation, now, zone),
        mailbox.words,
        limits,
        asked,
        deadline,
        in_hand=conversation.message_in_hand,
        own_greeting=None if greeting is not None else _own_greeting(conversation, mailbox, situation),
        begun=conversation.message_begun,
        reviews=conversation.message_reviews,
        pressed_of=conversation.pressed_of,
    )
    taken = await take_message(conversation.call, request, conversation.office, conversation.recorder)
    conversation.message_over()
    conversation.call.forget_keys()
    return Left(taken.outcome.value, f"{why}: {taken.told}" if why else taken.told)


def whose_mailbox(conversation: Conversation, whose: Mailbox | ManagersMailbox) -> tuple[Mailbox, str]:
    """The mailbox, and why it is this one where the caller decides it."""
    if isinstance(whose, Mailbox):
        return whose, ""
    callee, why = conversation.clients_callee()
    return whose.boxes[callee], why


def _situation(conversation: Conversation, mailbox: Mailbox) -> Situation | None:
    """Of the person whom the message is for; None of a department."""
    if not mailbox.person:
        return None
    organisation = conversation.office.organisation
    zone = ZoneInfo(organisation.timezone)
    return conversation.office.presence.situation_of(organisation.people[mailbox.person], zone)


def _own_greeting(conversation: Conversation, mailbox: Mailbox, situation: Situation | None) -> Sound | None:
    """What the person has recorded for this state, at their phone."""
    mailboxes = conversation.office.mailboxes
    if mailboxes is None or situation is None:
        return None
    kind = GreetingKind.UNAVAILABLE
    if situation.is_busy:
        kind = GreetingKind.BUSY
    elif not situation.is_there and situation.until is not None:
        kind = GreetingKind.ABSENT
    return mailboxes.greeting_of(mailbox.person, kind)
