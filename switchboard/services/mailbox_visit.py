"""What every part of a visit to a mailbox does: say, ask, and take keys, in the language of whose mailbox it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

from switchboard.domain.language import Language
from switchboard.domain.mailbox_menu import Mailbox
from switchboard.domain.pin import Admission
from switchboard.domain.voice_recording import Recorded
from switchboard.ports import Call, Hearer, Mailboxes, Utterance
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

ANSWERS_WITHIN = timedelta(seconds=5)
BETWEEN_KEYS = timedelta(seconds=4)  # of those that belong together
MOST_DIGITS = 20
ASKED = 3  # times without an answer: then whoever it was has gone
END, BACK = "#", "*"
NUMBERS = (*range(21), 30, 40, 50)  # that there are words for; others are said by two of them
NOT_POSSIBLE = "hear_not_possible"
Dial = Callable[[str], Awaitable[None]]  # ports.DeskCall.dial_on


@dataclass(slots=True)
class MailboxVisit:
    """Somebody in a mailbox."""

    call: Call
    office: Office
    recorder: CallRecorder
    mailboxes: Mailboxes
    mailbox: Mailbox
    by: Hearer
    dial: Dial | None  # at the mailbox's own phone; None: from outside
    recordings: int = 0  # made in it so far

    @property
    def language(self) -> Language:
        """Whose mailbox it is, hears it in their language; a place's phone in the organisation's first."""
        return language_of(self.mailbox, self.office)

    @property
    def asks_at_desk(self) -> bool:
        """Whether the PIN is asked for at the mailbox's own phone, too."""
        person = self.office.organisation.people.get(self.mailbox.person)
        return person is not None and person.pin_at_desk

    async def asked_for_pin(self) -> bool:
        """Ask for the PIN, ASKED times; False if the right one was not given."""
        for said in (("hear_pin",), *[("hear_wrong", "hear_pin")] * (ASKED - 1)):
            pin = await self.digits(*said)
            if not pin:
                return False
            if await self.mailboxes.admit(self.mailbox.extension, pin, self.by) is Admission.ADMITTED:
                return True
        await self.say("hear_wrong")
        return False

    async def say(self, *said: str | int, barge_in: bool = True) -> None:
        """Prompts by their ids, and numbers. A prompt that has no text is not said."""
        utterances = [utterance for each in said for utterance in self._utterances(each)]
        if utterances:
            await self.call.play(utterances, barge_in=barge_in)

    async def ask(self, *said: str | int) -> str | None:
        """Say it and wait for a key, ASKED times; None if there is none."""
        for _ in range(ASKED):
            await self.say(*said)
            if (key := await self.call.key(ANSWERS_WITHIN)) is not None:
                return key
        return None

    async def digits(self, *said: str | int) -> str:
        """Say it and take the keys up to `#`, or until none comes any more; "" for none."""
        pressed = ""
        await self.say(*said)
        while len(pressed) < MOST_DIGITS:
            key = await self.call.key(BETWEEN_KEYS if pressed else ANSWERS_WITHIN)
            if key is None or key == END:
                break
            pressed += key
        return pressed

    async def record(self, prompt: str, longest: timedelta, silence: timedelta) -> tuple[UUID, Recorded]:
        """Say it, and record what is said then, until `#` or silence."""
        self.call.forget_keys()
        await self.say(prompt, barge_in=False)
        self.recordings += 1
        name = uuid5(self.call.id, f"in mailbox {self.mailbox.extension}: {self.recordings}")
        return name, await self.call.record(name, longest=longest, silence=silence, stop_keys=END)

    def _utterances(self, said: str | int) -> Iterator[Utterance]:
        language = self.language
        if isinstance(said, str):
            yield from self.office.prompts.get(said, {}).get(language, ())
        else:
            yield from (Utterance(str(number), language) for number in number_words(said))


def language_of(mailbox: Mailbox | None, office: Office) -> Language:
    """In which a mailbox is heard."""
    person = office.organisation.people.get(mailbox.person) if mailbox is not None else None
    return (person.language if person is not None else None) or office.organisation.default_language


def number_words(number: int) -> tuple[int, ...]:
    """The words that say a number: 35 as 30 and 5; above 59 digit by digit."""
    if number in NUMBERS:
        return (number,)
    if number < 60:
        return number // 10 * 10, number % 10
    return tuple(int(digit) for digit in str(number))
