"""`mailbox`: somebody hears their messages from outside, by extension and PIN."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.pin import Admission
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Count, Duration, Spoken
from switchboard.flows.schema import RECEPTION_STEP, Field, Outcome, StepType
from switchboard.services.office import Speech

HUMAN = "0"
SOME_NUMBER, SOME_PIN = "101", "837195"  # that stand for all, where flows are checked


@dataclass(frozen=True, slots=True)
class OpenMailbox:
    """What is asked."""

    whose: Speech
    pin: Speech
    wrong: Speech
    timeout: timedelta
    attempts: int


async def run(step: OpenMailbox, conversation: Conversation) -> Left:
    """Ask for extension and PIN until they fit, and play the messages. Whoever is refused does not learn why."""
    before: tuple[Speech, ...] = ()
    for _ in range(step.attempts):
        extension = await _asked(conversation, (*before, step.whose), step.timeout, (SOME_NUMBER, HUMAN))
        if extension == HUMAN:
            return Left("reception", f"pressed {extension}")
        pin = await _asked(conversation, (step.pin,), step.timeout, (SOME_PIN,))
        admission = await conversation.admitted_to_mailbox(extension, pin)
        if admission is None:
            return Left("unavailable", "mailboxes cannot be had")
        if admission is Admission.ADMITTED:
            heard = await conversation.hear_mailbox(extension)
            conversation.call.forget_keys()
            return Left("done", "messages heard") if heard else Left("unavailable", "mailboxes cannot be had any more")
        conversation.spend()
        before = (step.wrong,)
    return Left("refused", f"no right PIN in {step.attempts} attempts")


async def _asked(
    conversation: Conversation, said: Iterable[Speech], timeout: timedelta, worth_trying: tuple[str, ...]
) -> str:
    conversation.call.forget_keys()
    await conversation.say(*said)
    return await conversation.keys(timeout, timeout, at_once="", worth_trying=lambda: worth_trying)


MAILBOX = StepType(
    name="mailbox",
    purpose="People hear their messages from outside, with the keys of `*97` (guide, Hearing messages): by extension "
    "and PIN, each ended with the hash key. Who has no PIN is not let in. Five wrong ones within 15 minutes lock the "
    "mailbox for a day, or until its owner dials `*97`; who tries many mailboxes is shut out, and owners are told. All "
    "of these hear the same. Messages are heard in the language of whose mailbox it is.",
    step=OpenMailbox,
    fields=(
        Field("mailbox", Spoken(), "what is asked first: the extension", attribute="whose"),
        Field("pin", Spoken(), "what is asked then: the PIN"),
        Field("wrong", Spoken(), "what is said where the two don't fit"),
        Field("timeout", Duration(timedelta(seconds=30)), "how long each key is waited for", timedelta(seconds=5)),
        Field("attempts", Count(1, 5), "how often it is asked", 3),
    ),
    outcomes=(
        Outcome("done", "the messages were heard, and left"),
        Outcome("refused", "extension and PIN did not fit, or the mailbox is locked"),
        Outcome("unavailable", "messages cannot be had now", default=RECEPTION_STEP),
        Outcome("reception", "0 was dialled instead of an extension", default=RECEPTION_STEP),
    ),
    run=run,
    waits=True,
    example="""\
staff:
  mailbox: hear_whose
  pin: hear_pin
  wrong: hear_wrong
  on: {done: bye, refused: bye}
""",
)
