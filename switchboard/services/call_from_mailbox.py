"""Somebody who hears a message at their desk phone calls back who left it.

The phone dials as if they had done so: by its own rules for calls outside, within what it may call a day, and the call
goes on whatever becomes of us. From outside nobody is called back: no call that came in by a line ever leaves by one.
"""

from __future__ import annotations

from switchboard.domain.desk_dialling import dialled_at_desk
from switchboard.domain.hours import HoursKind
from switchboard.domain.mailbox_menu import InBox
from switchboard.domain.message import MessageState
from switchboard.domain.outbound import Verdict
from switchboard.services.mailbox_visit import NOT_POSSIBLE, MailboxVisit

WHY = "outside_{}"  # prompts, by Verdict: why a number is not dialled
WITHHELD = "hear_withheld"


async def call_back(visit: MailboxVisit, message: InBox) -> None:
    """Dial; returns only where that may not be, which was said. Who calls back is in the message's history first."""
    if visit.dial is None:
        await visit.say(NOT_POSSIBLE)
        return
    if not message.caller_number:
        await visit.say(WITHHELD, NOT_POSSIBLE)
        return
    organisation = visit.office.organisation
    digits = dialled_at_desk(
        message.caller_number, visit.mailbox.extension, organisation, lambda table: _is_open(visit, table)
    )
    if isinstance(digits, Verdict):
        prompt = WHY.format(digits.value)
        await visit.say(prompt if prompt in visit.office.prompts else NOT_POSSIBLE)
        return
    state = MessageState.HEARD if message.is_new else message.state
    await visit.mailboxes.called_back(message.id, state, visit.by)
    await visit.dial(digits)


def _is_open(visit: MailboxVisit, table: str) -> bool:
    found = visit.office.hours.get(table)
    return found is not None and found.state_at(visit.recorder.now()).kind is HoursKind.OPEN
