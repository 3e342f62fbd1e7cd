"""A caller leaves a message: greeted, asked, recorded, let hear it; and told that it is saved when it is.

    the way in, point by point                              what is there if we die after it
    ------------------------------------------------------  ----------------------------------------------------
    MESSAGE_BEGUN is on disk in the ledger                  somebody was about to say something
    Asterisk records, each take under a name of its own     the recording, its header perhaps not written
    the sound is kept: made whole, fsynced, moved           the sound
    MESSAGE is on disk in the ledger                        the message: its row follows by itself
    Postgres has the row, or does not answer soon           the message with its row
    the caller hears "saved"                                all of it, and a promise

Whoever finds a MESSAGE_BEGUN of a call that is over, and neither a MESSAGE nor a MESSAGE_DROPPED, does what is left to
do (file_message.py). Hangup at any moment keeps what was said.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from switchboard.domain.call_record import EventKind
from switchboard.domain.language import Language
from switchboard.domain.message import (
    CALL_BACK_KEYS,
    MOST_TAKES,
    Limits,
    MessageKind,
    MessageOutcome,
    Part,
    part_of,
    recordings_of,
    rest_of,
    take_of,
)
from switchboard.domain.voice_recording import Recorded, RecordingEnd
from switchboard.errors import AsteriskError, CallerHungUp, CallTakenAway, MessageNotKept
from switchboard.ports import Call, RecordingRef, Sound, Utterance
from switchboard.services.file_message import file_message
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

Said = Mapping[Language, tuple[Utterance, ...]]

HUMAN, END = "0", "#"
CALL_BACK = "call_back"  # among what is asked
HEAR, AGAIN, SAVE, URGENT = "1", "2", "3", "4"  # in the review
REVIEWS = 5  # after so many, what is there is saved
OTHER = "other"  # instead of a key that means nothing
ANSWERS_WITHIN = timedelta(seconds=5)
PART_LASTS, PART_ENDS = timedelta(seconds=20), timedelta(seconds=3)


async def pressed_of(call: Call, timeout: timedelta, keys: Collection[str]) -> str | None:
    """The next key if it is one of these, else OTHER; None if there was none before the timeout."""
    key = await call.key(timeout)
    return key if key is None or key in keys else OTHER


@dataclass(frozen=True, slots=True)
class MessageWords:
    """What callers are told while they leave a message."""

    leave: Said  # to speak after the tone
    too_short: Said
    time_left: Said
    review: Said
    saved: Said
    no_room: Said
    who: Said
    about: Said
    call_back: Said


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """What is asked for."""

    kind: MessageKind
    person: str  # whom it is for, a person's id; "" where it is for a department
    department: str  # a department's id, or ""
    greeting: Sequence[Said]
    words: MessageWords
    limits: Limits
    asked: frozenset[str] = frozenset()  # beside the message: of Part, and CALL_BACK
    deadline: datetime | None = None  # by when a department's message needs an owner
    in_hand: UUID | None = None  # begun under an earlier controller: what was said then is saved
    own_greeting: Sound | None = None  # in the person's own voice, instead of `greeting`
    begun: Callable[[UUID], None] = lambda message_id: None  # told which message it is before anything is said
    reviews: int = REVIEWS
    pressed_of: Callable[[Call, timedelta, Collection[str]], Awaitable[str | None]] = pressed_of


@dataclass(frozen=True, slots=True)
class Taken:
    """How it ended."""

    outcome: MessageOutcome
    told: str  # for the record


async def take_message(call: Call, request: MessageRequest, office: Office, recorder: CallRecorder) -> Taken:
    """Ask for a message and see that it is kept."""
    if not office.messages.has_room():
        recorder.note(EventKind.FAULT, error="no room for messages", done="told the caller, took none")
        await call.play(request.words.no_room[recorder.language])
        return Taken(MessageOutcome.UNAVAILABLE, "there is no room for messages")
    taking = _Taking(call, request, office, recorder)
    try:
        return await taking.take()
    except CallTakenAway:
        raise  # the caller is with the safety net; what was said is filed after the call
    except CallerHungUp:
        await taking.save_after_hangup()
        raise
    except (AsteriskError, MessageNotKept) as error:
        recorder.note(EventKind.FAULT, error=str(error), done="told the caller that no message can be taken")
        await call.play(request.words.no_room[recorder.language])
        return Taken(MessageOutcome.UNAVAILABLE, str(error))


class _Taking:
    """One caller's message."""

    def __init__(self, call: Call, request: MessageRequest, office: Office, recorder: CallRecorder) -> None:
        self._call = call
        self._request = request
        self._office = office
        self._recorder = recorder
        self._id = request.in_hand or self._new_id()
        self._begun: dict[str, Any] | None = None
        self._is_filed = False
        self._is_urgent = False
        self._call_back = ""

    def _new_id(self) -> UUID:
        after = f" after {self._request.in_hand}" if self._request.in_hand else ""
        return uuid5(self._call.id, f"message {self._recorder.now().isoformat()}{after}")

    async def take(self) -> Taken:
        """The whole of it."""
        call, words = self._call, self._request.words
        if self._request.in_hand is not None:
            await self._begin()
            longest, ends = self._request.limits.longest, END + HUMAN
            key = await call.finish_recording(recordings_of(self._id), longest=longest, stop_keys=ends)
            if key == HUMAN:
                return await self._to_reception("0 for reception while speaking")
            if await self.save():
                return await self._saved()
            # What is said from now on is another message: of this one it is noted for good that it was none.
            self._id, self._begun, self._is_filed = self._new_id(), None, False
        call.forget_keys()
        await self._greet()
        for part, question in ((Part.WHO, words.who), (Part.ABOUT, words.about)):
            if part.value in self._request.asked and await self._ask(part, question) == HUMAN:
                return await self._to_reception(f"0 for reception when asked: {part}")
        recorded, names = await self._record_body(0, words.leave)
        if recorded.key == HUMAN:
            return await self._to_reception("0 for reception while speaking")
        if not self._request.limits.is_message(recorded) and recorded.ended_by is not RecordingEnd.HANGUP:
            recorded, names = await self._record_body(1, words.too_short)
            if recorded.key == HUMAN:
                return await self._to_reception("0 for reception while speaking")
            if not self._request.limits.is_message(recorded) and recorded.ended_by is not RecordingEnd.HANGUP:
                return await self._nothing()
        if recorded.ended_by is not RecordingEnd.HANGUP:
            if CALL_BACK in self._request.asked and await self._ask_call_back() == HUMAN:
                return await self._to_reception("0 for reception when asked: call back")
            if await self._review(recorded, names) == HUMAN:
                return await self._to_reception("0 for reception after the message")
        return await self._saved()

    async def _greet(self) -> None:
        own = self._request.own_greeting
        if own is None:
            await self._say(*self._request.greeting)
        else:
            await self._call.play_recordings([own.recording], lasts=own.lasts)

    async def save(self) -> bool:
        """Make it a message, if anything was said; True once nothing can take it away any more."""
        if self._begun is None or self._is_filed:
            return self._is_filed
        office, recorder = self._office, self._recorder
        said = {"urgent": self._is_urgent, "call_back": self._call_back}
        message = await file_message(self._id, self._begun, office.messages, recorder.now(), **said)
        self._is_filed = True
        if message is None:
            recorder.note(EventKind.MESSAGE_DROPPED, message_id=str(self._id), why="nothing was said")
            return False
        recorder.note(EventKind.MESSAGE, **message)
        await office.ledger.durable()
        await office.messages.settled()
        return True

    async def save_after_hangup(self) -> None:
        """The same when nobody is there any more to be told that it failed."""
        try:
            await self.save()
        except MessageNotKept as error:
            self._recorder.note(EventKind.FAULT, error=str(error), done="the recording stays, and is filed later")

    async def _saved(self) -> Taken:
        if not await self.save():
            return Taken(MessageOutcome.NOTHING, "nothing was said")
        await self._say(self._request.words.saved, barge_in=False)
        return Taken(MessageOutcome.SAVED, "urgent message saved" if self._is_urgent else "message saved")

    async def _nothing(self) -> Taken:
        await self.save()
        return Taken(MessageOutcome.NOTHING, "nothing was said, twice")

    async def _to_reception(self, told: str) -> Taken:
        """What was said is kept all the same."""
        kept = await self.save()
        return Taken(MessageOutcome.RECEPTION, f"{told}; what was said is saved" if kept else told)

    async def _ask(self, part: Part, question: Said) -> str:
        """Ask for a part of the form; the key that ended the answer."""
        await self._begin()
        await self._say(question)
        recorded = await self._record(part_of(self._id, part), PART_LASTS, PART_ENDS)
        return recorded.key

    async def _ask_call_back(self) -> str | None:
        self._call.forget_keys()
        await self._say(self._request.words.call_back)
        key = await self._request.pressed_of(self._call, ANSWERS_WITHIN, (*CALL_BACK_KEYS, HUMAN))
        if key in CALL_BACK_KEYS:
            self._call_back = CALL_BACK_KEYS[key].value
        return key

    async def _record_body(self, take: int, question: Said) -> tuple[Recorded, list[UUID]]:
        """One take of the message itself, in two pieces where it comes near the longest."""
        await self._begin()
        limits, name = self._request.limits, take_of(self._id, take)
        await self._say(question)
        recorded = await self._record(name, limits.until_warned, limits.silence)
        if recorded.ended_by is not RecordingEnd.LENGTH or limits.until_warned == limits.longest:
            return recorded, [name]
        await self._say(self._request.words.time_left, barge_in=False)
        more = await self._record(rest_of(name), limits.warned, limits.silence)
        whole = Recorded(recorded.duration + more.duration, max(recorded.level, more.level), more.ended_by, more.key)
        return whole, [name, rest_of(name)]

    async def _record(self, name: UUID, longest: timedelta, silence: timedelta) -> Recorded:
        return await self._call.record(name, longest=longest, silence=silence, stop_keys=END + HUMAN)

    async def _review(self, recorded: Recorded, names: list[UUID]) -> str | None:
        """Let the caller hear it, say it anew, mark it urgent. Saving is what happens if nothing else does."""
        call, take = self._call, 1
        for _ in range(self._request.reviews):
            call.forget_keys()
            await self._say(self._request.words.review)
            key = await self._request.pressed_of(call, ANSWERS_WITHIN, (HEAR, AGAIN, SAVE, URGENT, END, HUMAN))
            if key == HEAR:
                call.forget_keys()
                await call.play_recordings([RecordingRef(name) for name in names], lasts=recorded.duration)
            elif key == AGAIN and take < MOST_TAKES - 1:
                take += 1
                anew, new_names = await self._record_body(take, self._request.words.leave)
                if self._request.limits.is_message(anew):
                    recorded, names = anew, new_names
                elif anew.ended_by is not RecordingEnd.HANGUP:
                    await self._office.messages.discard(new_names)  # what was said before stays the message
                if anew.key == HUMAN or anew.ended_by is RecordingEnd.HANGUP:
                    return anew.key
            elif key == URGENT:
                self._is_urgent = True
                return key
            elif key in (SAVE, END, HUMAN, None):
                return key
        return None

    async def _begin(self) -> None:
        """From here on, what is said is not lost."""
        if self._begun is not None:
            return
        request, recorder = self._request, self._recorder
        self._begun = {
            "message_id": str(self._id),
            "message_kind": request.kind.value,
            "person": request.person or None,
            "department": request.department or None,
            "asked": sorted(request.asked),
            "language": recorder.language,
            "deadline": request.deadline.isoformat() if request.deadline else None,
        }
        request.begun(self._id)  # first: whoever takes the call over finds what is announced
        recorder.note(EventKind.MESSAGE_BEGUN, **self._begun)
        await self._office.ledger.durable()

    async def _say(self, *speeches: Said, barge_in: bool = True) -> None:
        language = self._recorder.language
        utterances = [utterance for speech in speeches for utterance in speech.get(language, ())]
        if utterances:
            await self._call.play(utterances, barge_in=barge_in)
