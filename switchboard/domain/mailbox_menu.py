"""A mailbox as somebody hears it by phone: which messages are in it, and what each key does.

Where one stands is a value, and a key makes another one of it: `press` is the whole menu (table in
tests/unit/test_mailbox_menu.py).

    key   at a message                        after the last one
    ----  ----------------------------------  ----------------------
    1     again                               from the first
    2     keep, and on to the next
    3     delete, and on; of a deleted one: undo
    4     the one before                      the last one
    5     call back whoever left it
    6     the next one
    8     forward to a colleague
    9     take in hand a department's message
    0     options: greetings, PIN, order      the same
    *     the keys once more                  the same
    #     leave                               the same

While a message plays, * goes back and # ahead in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from switchboard.domain.message import MessageState, Part
from switchboard.domain.organisation import Organisation

BACK, AHEAD = "*", "#"  # while a message plays
SKIP = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Whose messages are heard at a desk phone."""

    extension: str
    person: str = ""  # a Person's id; empty: a place's phone
    departments: tuple[str, ...] = ()  # whose messages are there for everybody in them, until somebody takes them
    is_reception: bool = False  # messages for nobody in particular


class GreetingKind(StrEnum):
    """When callers hear it, before they leave a message."""

    UNAVAILABLE = "unavailable"
    BUSY = "busy"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """What is set of a mailbox."""

    has_pin: bool = False  # without one it is heard at its own phone only
    newest_first: bool = False
    is_locked: bool = False  # for access from outside


def mailbox_of(organisation: Organisation, extension: str) -> Mailbox | None:
    """The mailbox of a desk phone; None if there is no such phone."""
    phone = organisation.phones.get(extension)
    if phone is None:
        return None
    person = organisation.person_at(extension)
    departments = (
        organisation.departments_of_phone(phone)
        if person is None
        else tuple(each for each in organisation.departments if person in organisation.members_of(each))
    )
    is_reception = phone.extension == organisation.reception.extension
    return Mailbox(extension, person.id if person else "", departments, is_reception)


@dataclass(frozen=True, slots=True)
class InBox:
    """A message as it lies in a mailbox."""

    id: UUID
    recorded_at: datetime
    length: timedelta
    caller_number: str  # "" where withheld
    person: str = ""
    department: str = ""
    owner: str = ""  # the person who sees to it
    state: MessageState = MessageState.NEW
    is_urgent: bool = False
    parts: frozenset[str] = frozenset({Part.BODY})  # what was said; `introduction` by whoever forwarded it

    @property
    def is_new(self) -> bool:
        """Nobody has heard it."""
        return self.state is MessageState.NEW

    @property
    def can_be_taken(self) -> bool:
        """It is for no person, and nobody sees to it."""
        return not self.person and not self.owner


def in_order(messages: Iterable[InBox], *, newest_first: bool) -> tuple[InBox, ...]:
    """As they are heard: new ones before the others, urgent ones first."""
    by_time = sorted(messages, key=lambda each: (each.recorded_at, each.id), reverse=newest_first)
    return tuple(sorted(by_time, key=lambda each: (not each.is_new, each.is_new and not each.is_urgent)))


def counts(messages: Iterable[InBox]) -> tuple[int, int]:
    """How many are new, and how many are not: what the phone's light is told."""
    are_new = [each.is_new for each in messages]
    return sum(are_new), len(are_new) - sum(are_new)


class Deed(StrEnum):
    """What a key asks for."""

    PLAY = "play"  # the message one stands at now, or that there is none any more
    KEEP = "keep"
    DELETE = "delete"
    RESTORE = "restore"
    CALL_BACK = "call_back"
    FORWARD = "forward"
    TAKE = "take"
    OPTIONS = "options"
    KEYS = "keys"  # say them once more
    LEAVE = "leave"
    NOT_POSSIBLE = "not_possible"  # here


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands in a mailbox: at a message, or after the last one."""

    messages: Sequence[InBox]
    at: int = 0
    deleted: frozenset[UUID] = frozenset()  # since it was opened: they can be taken back until it is left

    @property
    def message(self) -> InBox | None:
        """The one heard here; None after the last one."""
        return self.messages[self.at] if self.at < len(self.messages) else None

    @property
    def is_deleted(self) -> bool:
        """Whether the message here was deleted since the mailbox was opened."""
        return self.message is not None and self.message.id in self.deleted

    def changed(self, message: InBox) -> Place:
        """With the message here as it is by now."""
        return replace(self, messages=(*self.messages[: self.at], message, *self.messages[self.at + 1 :]))

    def press(self, key: str) -> tuple[Place, Deed]:
        """Where a key leads, and what is to be done; what it is done to is the message of the place before."""
        return _EVERYWHERE[key](self) if key in _EVERYWHERE else self._press_here(key)

    def _press_here(self, key: str) -> tuple[Place, Deed]:
        message = self.message
        if message is None:
            return (replace(self, at=0), Deed.PLAY) if key == "1" and self.messages else (self, Deed.NOT_POSSIBLE)
        onward = replace(self, at=self.at + 1)
        match key:
            case "1":
                return self, Deed.PLAY
            case "2" if not self.is_deleted:
                return onward, Deed.KEEP
            case "3" if self.is_deleted:
                return replace(self, deleted=self.deleted - {message.id}), Deed.RESTORE
            case "3":
                return replace(onward, deleted=self.deleted | {message.id}), Deed.DELETE
            case "5" if not self.is_deleted:
                return self, Deed.CALL_BACK
            case "6":
                return onward, Deed.PLAY
            case "8" if not self.is_deleted:
                return self, Deed.FORWARD
            case "9" if message.can_be_taken and not self.is_deleted:
                return self, Deed.TAKE
        return self, Deed.NOT_POSSIBLE


_EVERYWHERE: dict[str, Callable[[Place], tuple[Place, Deed]]] = {
    "4": lambda place: (replace(place, at=max(0, place.at - 1)), Deed.PLAY),
    "0": lambda place: (place, Deed.OPTIONS),
    "*": lambda place: (place, Deed.KEYS),
    "#": lambda place: (place, Deed.LEAVE),
}
