"""What somebody sets of their mailbox by phone: greetings in their own voice, the PIN, the order of messages."""

from __future__ import annotations

from datetime import timedelta

from switchboard.domain.call_record import EventKind
from switchboard.domain.mailbox_menu import GreetingKind
from switchboard.domain.pin import Admission, weakness
from switchboard.domain.voice_recording import RecordingEnd
from switchboard.errors import AsteriskError
from switchboard.services.mailbox_visit import BACK, NOT_POSSIBLE, MailboxVisit

GREETING_LASTS, GREETING_ENDS = timedelta(minutes=1), timedelta(seconds=3)
KINDS = {"1": GreetingKind.UNAVAILABLE, "2": GreetingKind.BUSY, "3": GreetingKind.ABSENT}
MOST_CHOICES = 20  # in one visit to the options
MOST_PINS = 3  # that are tried out as a new one


async def offer_options(visit: MailboxVisit) -> None:
    """Until `*`, or nothing, is pressed."""
    for _ in range(MOST_CHOICES):
        match await visit.ask("hear_options"):
            case "1":
                await _greetings(visit)
            case "2":
                await _change_pin(visit)
            case "3":
                await _change_order(visit)
            case None | "*" | "#":
                return
            case _:
                await visit.say(NOT_POSSIBLE)


async def _greetings(visit: MailboxVisit) -> None:
    if not visit.mailbox.person:
        await visit.say(NOT_POSSIBLE)  # a place has no voice
        return
    key = await visit.ask("hear_which_greeting")
    if key not in KINDS:
        return
    for _ in range(MOST_CHOICES):
        match await visit.ask("hear_greeting"):
            case "1":
                await _hear_greeting(visit, KINDS[key])
            case "2":
                await _record_greeting(visit, KINDS[key])
            case "3":
                await visit.mailboxes.drop_greeting(visit.mailbox.person, KINDS[key], visit.by)
                await visit.say("hear_greeting_dropped")
            case None | "*" | "#":
                return
            case _:
                await visit.say(NOT_POSSIBLE)


async def _hear_greeting(visit: MailboxVisit, kind: GreetingKind) -> None:
    greeting = (await visit.mailboxes.greetings(visit.mailbox.person)).get(kind)
    if greeting is None:
        await visit.say("hear_no_greeting")
    else:
        await visit.call.play_recordings([greeting.recording], lasts=greeting.lasts)


async def _record_greeting(visit: MailboxVisit, kind: GreetingKind) -> None:
    """Only one that was ended by whoever spoke it counts: of a hangup nobody knows what was meant."""
    try:
        name, recorded = await visit.record("hear_record_greeting", GREETING_LASTS, GREETING_ENDS)
    except AsteriskError as error:
        visit.recorder.note(EventKind.FAULT, error=str(error), done="kept the greeting as it was")
        await visit.say(NOT_POSSIBLE)
        return
    if not recorded.has_voice or recorded.ended_by is RecordingEnd.HANGUP:
        await visit.mailboxes.discard([name])
        await visit.say("hear_no_greeting")
        return
    await visit.mailboxes.set_greeting(visit.mailbox.person, kind, name, visit.by)
    await visit.say("hear_greeting_saved")


async def _change_order(visit: MailboxVisit) -> None:
    extension = visit.mailbox.extension
    newest_first = not (await visit.mailboxes.settings_of(extension)).newest_first
    await visit.mailboxes.set_order(extension, newest_first=newest_first, by=visit.by)
    await visit.say("hear_newest_first" if newest_first else "hear_oldest_first")


async def _change_pin(visit: MailboxVisit) -> None:
    """The old one is asked for, so that nobody who passes by a desk opens the mailbox to the world."""
    mailboxes, extension = visit.mailboxes, visit.mailbox.extension
    if (await mailboxes.settings_of(extension)).has_pin:
        old = await visit.digits("hear_old_pin")
        if not old or await mailboxes.admit(extension, old, visit.by) is not Admission.ADMITTED:
            await visit.say("hear_wrong")
            return
    for _ in range(MOST_PINS):
        pin = await visit.digits("hear_new_pin")
        if not pin or BACK in pin:
            return
        if weakness(pin, extension, visit.office.organisation.numbers) is not None:
            await visit.say("hear_weak_pin")
        elif await visit.digits("hear_pin_again") != pin:
            await visit.say("hear_wrong")
        else:
            await mailboxes.set_pin(extension, pin, visit.by)
            await visit.say("hear_pin_saved")
            return
