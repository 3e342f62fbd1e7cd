"""Mailboxes in memory: of scripted calls, whose sounds are only their lengths."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID, uuid5

from switchboard.domain.mailbox_menu import GreetingKind, InBox, Mailbox, MailboxSettings
from switchboard.domain.message import MessageState
from switchboard.domain.pin import Admission, Tries
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Hearer, RecordingRef, Sound


@dataclass
class InMemoryMailboxes:
    """Implements ports.Mailboxes. `log` has what is noted of messages and mailboxes; `is_down` as Postgres can be."""

    inside: dict[UUID, InBox] = field(default_factory=dict)
    settings: dict[str, MailboxSettings] = field(default_factory=dict)  # by extension
    pins: dict[str, str] = field(default_factory=dict)
    own: dict[tuple[str, GreetingKind], Sound] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)  # who, what
    discarded: list[UUID] = field(default_factory=list)
    is_down: bool = False

    def put(self, messages: Iterable[InBox]) -> None:
        """Let these lie there."""
        self.inside |= {each.id: each for each in messages}

    async def settings_of(self, extension: str) -> MailboxSettings:
        """See ports.Mailboxes."""
        self._check()
        return replace(
            self.settings.get(extension, MailboxSettings()),
            has_pin=bool(self.pins.get(extension)),
            is_locked=self._locks(self.wrong.get(extension, 0)),
        )

    async def messages(self, mailbox: Mailbox) -> Sequence[InBox]:
        """See ports.Mailboxes."""
        self._check()
        return [each for each in self.inside.values() if each.state is not MessageState.DONE and _is_in(each, mailbox)]

    async def sound(self, message: UUID, part: str) -> Sound | None:
        """See ports.Mailboxes."""
        self._check()
        found = self.inside.get(message)
        if found is None or part not in found.parts:
            return None
        return Sound(RecordingRef(uuid5(message, part)), found.length)

    async def heard(self, message: UUID, state: MessageState, by: Hearer) -> None:
        """See ports.Mailboxes."""
        self._mark(message, state, "heard", by)

    async def set_state(self, message: UUID, state: MessageState, by: Hearer) -> None:
        """See ports.Mailboxes."""
        self._mark(message, state, "done" if state is MessageState.DONE else "reopened", by)

    async def called_back(self, message: UUID, state: MessageState, by: Hearer) -> None:
        """See ports.Mailboxes."""
        self._mark(message, state, "called_back", by)

    async def take(self, message: UUID, person: str, by: Hearer) -> bool:
        """See ports.Mailboxes."""
        self._check()
        if self.inside[message].owner or self.inside[message].state is MessageState.DONE:
            return False
        self.inside[message] = replace(self.inside[message], owner=person)
        self._mark(message, MessageState.IN_HAND, "taken", by)
        return True

    async def forward(self, message: UUID, person: str, introduction: UUID | None, by: Hearer) -> None:
        """See ports.Mailboxes."""
        self._check()
        parts = self.inside[message].parts | ({"introduction"} if introduction else frozenset())
        copy = uuid5(message, f"{person} {len(self.inside)}")
        self.inside[copy] = replace(
            self.inside[message], id=copy, person=person, department="", owner="", state=MessageState.NEW, parts=parts
        )
        self.log.append((by.who, "forwarded"))

    async def set_order(self, extension: str, *, newest_first: bool, by: Hearer) -> None:
        """See ports.Mailboxes."""
        self.settings[extension] = replace(await self.settings_of(extension), newest_first=newest_first)
        self.log.append((by.who, "order_set"))

    async def greetings(self, person: str) -> Mapping[GreetingKind, Sound]:
        """See ports.Mailboxes."""
        self._check()
        return {kind: sound for (whose, kind), sound in self.own.items() if whose == person}

    def greeting_of(self, person: str, kind: GreetingKind) -> Sound | None:
        """See ports.Mailboxes."""
        return self.own.get((person, kind))

    async def set_greeting(self, person: str, kind: GreetingKind, recording: UUID, by: Hearer) -> None:
        """See ports.Mailboxes."""
        self._check()
        self.own[person, kind] = Sound(RecordingRef(recording), timedelta(seconds=5))
        self.log.append((by.who, "greeting_recorded"))

    async def drop_greeting(self, person: str, kind: GreetingKind, by: Hearer) -> None:
        """See ports.Mailboxes."""
        self._check()
        self.own.pop((person, kind), None)
        self.log.append((by.who, "greeting_dropped"))

    async def opened(self, extension: str, by: Hearer) -> bool:
        """See ports.Mailboxes."""
        self._check()
        self.log.append((by.who, "opened"))
        return self._locks(self.wrong.pop(extension, 0))

    async def admit(self, extension: str, pin: str, by: Hearer) -> Admission:
        """See ports.Mailboxes."""
        self._check()
        where = by.whence if by.at_desk else extension
        if self._locks(self.wrong.get(where, 0)):
            return Admission.LOCKED
        if pin and self.pins.get(extension) == pin:
            self.wrong.pop(where, None)
            self.log.append((by.who, "opened"))
            return Admission.ADMITTED
        self.wrong[where] = self.wrong.get(where, 0) + 1
        self.log.append((by.who, "refused"))
        return Admission.WRONG

    async def set_pin(self, extension: str, pin: str, by: Hearer) -> None:
        """See ports.Mailboxes."""
        self._check()
        self.pins[extension] = pin
        self.log.append((by.who, "pin_set"))

    async def discard(self, recordings: Collection[UUID]) -> None:
        """See ports.Mailboxes."""
        self.discarded += recordings

    async def release(self, sounds: Collection[Sound]) -> None:
        """See ports.Mailboxes."""

    def _mark(self, message: UUID, state: MessageState, what: str, by: Hearer) -> None:
        self._check()
        self.inside[message] = replace(self.inside[message], state=state)
        self.log.append((by.who, what))

    def _locks(self, wrong: int) -> bool:
        return Tries(wrong, 0, 0).locks

    def _check(self) -> None:
        if self.is_down:
            raise RecordsUnreachable("mailboxes cannot be read or changed")


def _is_in(message: InBox, mailbox: Mailbox) -> bool:
    if message.owner:
        return message.owner == mailbox.person
    if message.person:
        return message.person == mailbox.person
    return message.department in mailbox.departments if message.department else mailbox.is_reception
