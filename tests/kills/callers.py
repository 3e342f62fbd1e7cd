"""Callers who leave messages, one after the other: each from a number of its own, each with a voice of its own."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from tests.hearing import tone
from tests.kills.ear import NAMES, VOICES, Ear
from tests.kills.house import FORM, MAILBOX, KilledSwitchboard
from tests.phone_call import PhoneCall
from tests.phones import Phones

LOOK = 0.025  # seconds between two moments of listening
TONE_FOLLOWS = 0.55  # seconds after the safety net's question: its tone is Asterisk's own
LONGEST_CALL = 45.0  # seconds
NOTHING_FOR = 15.0  # seconds without a word of either side: the call is dead
UNANSWERED = 8.0  # seconds after which a caller gives up who is not answered
SPEAKS = (1.4, 5.0)  # seconds
LONG_ENOUGH = 1.3  # seconds of speech from which it surely is a message (one second: domain/message.py)


class Wish(Enum):
    """What a caller wants. Keys are pressed in reviews, one in each."""

    SAVE = "3"
    URGENT = "4"
    HEAR_AND_SAVE = "13"
    AGAIN_AND_SAVE = "23"
    LEAVE_IT = ""  # says nothing more, and it is saved
    HANG_UP_SPEAKING = "hangs up while speaking"
    HANG_UP_IN_REVIEW = "hangs up in the review"


WISHES = (Wish.SAVE, Wish.SAVE, Wish.SAVE, Wish.URGENT, Wish.HEAR_AND_SAVE, Wish.AGAIN_AND_SAVE, *Wish)


@dataclass
class Told:
    """What one caller said and heard: what is kept must agree with it."""

    number: str
    voices: tuple[int, int]  # Hz: of the first take, of the next
    wish: Wish
    dialled: str
    is_answered: bool = False
    promised_at: float | None = None  # seconds into the call, when "saved" began
    spoken: dict[int, float] = field(default_factory=dict)  # seconds, of the last time, by voice
    settled: int | None = None  # the voice of the last take that was reviewed
    had_safety_net: bool = False
    was_cut: bool = False  # Asterisk died meanwhile
    gave_up: bool = False  # nothing was heard for too long
    dead_air: float = 0.0  # seconds, the longest while neither side said anything
    heard: str = ""

    @property
    def must_be_kept(self) -> bool:
        """Whether a message must come of it, promised or not: all but what Asterisk had not written when it died."""
        return not self.was_cut and max(self.spoken.values(), default=0.0) >= LONG_ENOUGH


class Callers:
    """All of them, on one switchboard."""

    def __init__(
        self,
        switchboard: KilledSwitchboard,
        phones: Phones,
        chance: random.Random,
        wishes: Sequence[Wish] = WISHES,
    ) -> None:
        """Each wants one of `wishes`."""
        self.told: list[Told] = []
        self.active: list[Told] = []
        self.happened: Callable[[str], None] = lambda prompt: None  # told of each prompt as a caller begins to hear it
        self.is_there = asyncio.Event()  # Asterisk
        self.is_there.set()
        self.stopping = False
        self.speaking = self.most_speaking = 0  # at once
        self._switchboard, self._phones, self._chance, self._wishes = switchboard, phones, chance, wishes

    async def go_on(self) -> None:
        """One call after the other, until `stopping`."""
        while not self.stopping:
            await self.is_there.wait()
            await self.call(self._chance.choice(self._wishes), self._chance.choice((MAILBOX, MAILBOX, FORM)))

    async def call(self, wish: Wish, number: str = MAILBOX, speaks: float | None = None) -> Told:
        """One call, from its beginning to its end."""
        place = len(self.told)
        voices = (VOICES[place % len(VOICES)], VOICES[(place + 7) % len(VOICES)])
        told = Told(str(37255000000 + place), voices, wish, number)
        self.told.append(told)
        phone = await self._phones.outside(told.number, self._switchboard.sip_address)
        call = await phone.dial(number)
        try:
            await call.established(UNANSWERED)
        except (AssertionError, TimeoutError):
            await _hang_up(call)
            return told
        told.is_answered = True
        self.active.append(told)
        try:
            await _Caller(self, call, told, speaks or self._chance.uniform(*SPEAKS)).stay()
        finally:
            self.active.remove(told)
        return told


class _Caller:
    """One caller on the line."""

    def __init__(self, callers: Callers, call: PhoneCall, told: Told, speaks: float) -> None:
        self._callers, self._call, self._told, self._speaks = callers, call, told, speaks
        self._ear = Ear(call)
        self._keys = list(told.wish.value) if told.wish.value.isdigit() else []
        self._prompt = ""  # heard in the last moment
        self._voice = told.voices[0]
        self._speaks_at: float | None = None
        self._speaking_since: float | None = None

    async def stay(self) -> None:
        """Listen, speak and press keys until the call is over."""
        call, told, ear = self._call, self._told, self._ear
        lively_at = 0.0
        while not call.is_ended and ear.now < LONGEST_CALL:
            for hertz in ear.listen():
                await self._hear(hertz)
                lively_at = ear.now if hertz else lively_at
            if self._speaking_since is not None:
                lively_at = ear.now
            told.dead_air = max(told.dead_air, ear.now - lively_at)
            await self._speak()
            if ear.now - lively_at > NOTHING_FOR:
                told.gave_up = True
                break
            if not self._callers.is_there.is_set():
                told.was_cut = True
                break
            await asyncio.sleep(LOOK)
        self._stop_speaking()
        for hertz in ear.listen():
            await self._hear(hertz)
        told.heard = ear.told()
        await _hang_up(call)

    async def _hear(self, hertz: int) -> None:
        before, self._prompt = self._prompt, NAMES.get(hertz, "")
        if self._prompt == before:
            return
        told = self._told
        if before == "beep":
            self._speaks_at = self._ear.now
        elif before == "safety_leave_message":
            self._speaks_at, told.had_safety_net = self._ear.now + TONE_FOLLOWS, True
        if not self._prompt:
            return
        self._callers.happened(self._prompt)
        if self._prompt != "beep":
            self._stop_speaking()  # interrupted
        if self._prompt == "message_saved" and told.promised_at is None:
            told.promised_at = self._ear.now
        if self._prompt == "message_review":
            await self._review()

    async def _speak(self) -> None:
        if self._speaking_since is not None and self._ear.now - self._speaking_since >= self._speaks:
            self._stop_speaking()
            if self._told.wish is Wish.HANG_UP_SPEAKING:
                await _hang_up(self._call)
            else:
                await self._call.press("#")
        elif self._speaks_at is not None and self._ear.now >= self._speaks_at:
            self._speaks_at, self._speaking_since = None, self._ear.now
            self._call.say(tone(self._voice, LONGEST_CALL))
            self._callers.speaking += 1
            self._callers.most_speaking = max(self._callers.most_speaking, self._callers.speaking)

    async def _review(self) -> None:
        told = self._told
        told.settled = self._voice
        if told.wish is Wish.HANG_UP_IN_REVIEW:
            await _hang_up(self._call)
        elif self._keys:
            key = self._keys.pop(0)
            if key == "2":
                self._voice = told.voices[1]
            await self._call.press(key)

    def _stop_speaking(self) -> None:
        if self._speaking_since is not None:
            self._told.spoken[self._voice] = self._ear.now - self._speaking_since
            self._speaking_since = None
            self._call.be_quiet()
            self._callers.speaking -= 1


async def _hang_up(call: PhoneCall) -> None:
    """Nothing if it is over; the other side may be gone."""
    if not call.is_ended:
        with contextlib.suppress(TimeoutError):
            await call.hang_up()
