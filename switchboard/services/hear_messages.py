"""Somebody hears their messages by phone: `*97` at a desk phone, the step `mailbox` from outside.

The keys are those of domain/mailbox_menu.py. Whatever is confirmed in words is in Postgres by then; where that does not
answer, it is said. Who heard what, when and from where is in the message's history.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from switchboard.domain.call_record import EventKind
from switchboard.domain.mailbox_menu import (
    AHEAD,
    BACK,
    Deed,
    InBox,
    Mailbox,
    Place,
    counts,
    in_order,
    mailbox_of,
)
from switchboard.domain.message import MessageState, Part
from switchboard.domain.pin import Admission
from switchboard.domain.voice_recording import RecordingEnd
from switchboard.errors import AsteriskError, CallerHungUp, RecordsUnreachable
from switchboard.ports import Call, Hearer, Sound
from switchboard.services.call_from_mailbox import call_back
from switchboard.services.mailbox_options import offer_options
from switchboard.services.mailbox_visit import NOT_POSSIBLE, Dial, MailboxVisit
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

INTRODUCTION = "introduction"  # of a forwarded message, among its parts
INTRODUCTION_LASTS, INTRODUCTION_ENDS = timedelta(minutes=1), timedelta(seconds=3)
SKIPPED = timedelta(seconds=1)  # of a message that was heard for less, nothing was heard
UNAVAILABLE = "hear_down"
KEYS, END_KEYS = "hear_keys", "hear_end_keys"


async def hear_messages(
    call: Call, mailbox: Mailbox, by: Hearer, office: Office, recorder: CallRecorder, *, dial: Dial | None = None
) -> bool:
    """Lead somebody through a mailbox until they leave it. False where it could not be had, which they were told.

    `dial` is DeskCall.dial_on at the mailbox's own phone, where nobody is asked for a PIN whose person wants none.
    """
    if office.mailboxes is None:
        return await _unavailable(call, office, recorder, "there are no mailboxes here")
    visit = MailboxVisit(call, office, recorder, office.mailboxes, mailbox, by, dial)
    hearing = _Hearing(visit)
    try:
        await hearing.whole()
    except RecordsUnreachable as error:
        return await _unavailable(call, office, recorder, str(error))
    finally:
        await hearing.left()
    return True


async def admitted(call: Call, extension: str, pin: str, office: Office, recorder: CallRecorder) -> Admission | None:
    """May whoever calls from outside hear a mailbox? None where that cannot be known now."""
    try:
        if office.mailboxes is not None:
            return await office.mailboxes.admit(extension, pin, _outside(call, extension, office))
    except RecordsUnreachable as error:
        recorder.note(EventKind.FAULT, error=str(error), done="let nobody hear a mailbox")
    return None


async def hear_from_outside(call: Call, extension: str, office: Office, recorder: CallRecorder) -> bool:
    """See `hear_messages`; whoever it is has given the PIN."""
    mailbox = mailbox_of(office.organisation, extension)
    if mailbox is None:
        return await _unavailable(call, office, recorder, "a PIN was set for a mailbox that is there no more")
    by = _outside(call, extension, office)
    return await hear_messages(call, mailbox, by, office, recorder)


def _outside(call: Call, extension: str, office: Office) -> Hearer:
    person = office.organisation.person_at(extension)
    who = f"{person.name if person else f'phone {extension}'}, by PIN"
    return Hearer(who, call.caller.number or "a withheld number", extension, call.id)


async def _unavailable(call: Call, office: Office, recorder: CallRecorder, why: str) -> bool:
    recorder.note(EventKind.FAULT, error=why, done="said that messages cannot be heard now")
    if (speech := office.prompts.get(UNAVAILABLE)) is not None:
        await call.play(speech[office.organisation.default_language])
    return False


class _Hearing:
    """One visit."""

    def __init__(self, visit: MailboxVisit) -> None:
        self._visit = visit
        self._boxes = visit.mailboxes
        self._sounds: set[Sound] = set()

    async def whole(self) -> None:
        """From the counts to leaving."""
        visit = self._visit
        settings = await self._boxes.settings_of(visit.mailbox.extension)
        if visit.dial is not None:
            if settings.has_pin and visit.asks_at_desk and not await visit.asked_for_pin():
                return
            if await self._boxes.opened(visit.mailbox.extension, visit.by):
                await visit.say("hear_was_locked", barge_in=False)
        messages = in_order(await self._boxes.messages(visit.mailbox), newest_first=settings.newest_first)
        new, heard = counts(messages)
        await visit.say(*(("hear_new", new, "hear_heard", heard) if messages else ("hear_empty",)))
        place, deed = Place(messages), Deed.PLAY if messages else Deed.KEYS
        while deed is not Deed.LEAVE:
            if deed in (Deed.PLAY, Deed.KEEP, Deed.DELETE):
                place = await self._play(place)
            key = await visit.ask(KEYS if place.message is not None else END_KEYS)
            if key is None:
                return
            before = place
            place, deed = place.press(key)
            place = await self._do(deed, before, place)

    async def left(self) -> None:
        """Take away what nobody hears any more."""
        await self._boxes.release(self._sounds)

    async def _play(self, place: Place) -> Place:
        """Say who, when and what; the place with the message as it is by then."""
        visit, message = self._visit, place.message
        if message is None:
            await visit.say("hear_no_more")
            return place
        who = await self._sound(message, Part.WHO)
        await visit.say(*self._envelope(message, place, has_name=who is not None))
        spoken = [who, await self._sound(message, INTRODUCTION), await self._sound(message, Part.ABOUT)]
        body = await self._sound(message, Part.BODY)
        if body is None:
            await visit.say("hear_unplayable")
            return place
        began = visit.recorder.now()
        try:
            await self._play_sounds([each for each in (*spoken, body) if each is not None])
        except CallerHungUp:
            await self._boxes.heard(message.id, MessageState.DONE if place.is_deleted else message.state, visit.by)
            raise
        if visit.recorder.now() - began < SKIPPED:
            return place
        state = MessageState.HEARD if message.is_new else message.state
        await self._boxes.heard(message.id, MessageState.DONE if place.is_deleted else state, visit.by)
        return place.changed(_with_state(message, state))

    async def _sound(self, message: InBox, part: str) -> Sound | None:
        if part not in message.parts:
            return None
        sound = await self._boxes.sound(message.id, part)
        if sound is not None:
            self._sounds.add(sound)
        return sound

    async def _play_sounds(self, sounds: list[Sound]) -> None:
        lasts = sum((each.lasts for each in sounds), timedelta())
        recordings = [each.recording for each in sounds]
        await self._visit.call.play_recordings(recordings, lasts=lasts, back=BACK, ahead=AHEAD)

    def _envelope(self, message: InBox, place: Place, *, has_name: bool) -> list[str | int]:
        """Whether it was deleted or is urgent, for whom, when, from which number."""
        said: list[str | int] = []
        said += ["hear_deleted"] if place.is_deleted else []
        said += ["hear_urgent"] if message.is_urgent else []
        said += ["hear_for_department"] if not message.person else []
        said += self._when(message.recorded_at)
        digits = [int(digit) for digit in message.caller_number if digit.isdecimal()]
        if digits:
            said += ["hear_from", *digits]
        elif not has_name:
            said += ["hear_withheld"]
        return said

    def _when(self, instant: datetime) -> list[str | int]:
        zone = ZoneInfo(self._visit.office.organisation.timezone)
        at, now = instant.astimezone(zone), self._visit.recorder.now().astimezone(zone)
        days = (now.date() - at.date()).days
        day: list[str | int] = ["hear_date", at.day, at.month]
        if days in (0, 1):
            day = ["hear_today" if days == 0 else "hear_yesterday"]
        minute: list[str | int] = [0, at.minute] if at.minute < 10 else [at.minute]
        return [*day, "hear_time", at.hour, *minute]

    async def _do(self, deed: Deed, before: Place, place: Place) -> Place:
        """Do what a key asks for; the place after that."""
        visit, message = self._visit, before.message
        match deed:
            case Deed.OPTIONS:
                await offer_options(visit)
            case Deed.NOT_POSSIBLE:
                await visit.say(NOT_POSSIBLE)
            case Deed.KEEP:
                await visit.say("hear_kept")
            case Deed.DELETE if message is not None:
                await self._boxes.set_state(message.id, MessageState.DONE, visit.by)
                await visit.say("hear_deleted")
            case Deed.RESTORE if message is not None:
                await self._boxes.set_state(message.id, message.state, visit.by)
                await visit.say("hear_restored")
            case Deed.TAKE if message is not None:
                return await self._take(message, place)
            case Deed.FORWARD if message is not None:
                await self._forward(message)
            case Deed.CALL_BACK if message is not None:
                await call_back(visit, message)
        return place

    async def _take(self, message: InBox, place: Place) -> Place:
        visit = self._visit
        if not visit.mailbox.person:
            await visit.say(NOT_POSSIBLE)  # a place's phone is nobody
            return place
        if not await self._boxes.take(message.id, visit.mailbox.person, visit.by):
            await visit.say("hear_taken_already")
            return place
        await visit.say("hear_taken")
        return place.changed(_with_state(message, MessageState.IN_HAND, owner=visit.mailbox.person))

    async def _forward(self, message: InBox) -> None:
        """To a colleague, by extension, with an introduction if any is said."""
        visit = self._visit
        extension = await visit.digits("hear_to_whom")
        person = visit.office.organisation.person_at(extension)
        if person is None:
            await visit.say(NOT_POSSIBLE)
            return
        introduction = None
        try:
            introduction, recorded = await visit.record("hear_introduce", INTRODUCTION_LASTS, INTRODUCTION_ENDS)
        except AsteriskError as error:
            visit.recorder.note(EventKind.FAULT, error=str(error), done="forwarded without an introduction")
        else:
            if not recorded.has_voice:
                await self._boxes.discard([introduction])
                introduction = None
            if recorded.ended_by is RecordingEnd.HANGUP and introduction is None:
                return  # gone without a word: not meant
        await self._boxes.forward(message.id, person.id, introduction, visit.by)
        await visit.say("hear_forwarded", *(int(digit) for digit in extension))


def _with_state(message: InBox, state: MessageState, owner: str = "") -> InBox:
    return replace(message, state=state, owner=owner or message.owner)
