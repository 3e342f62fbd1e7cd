"""Messages as people hear them by phone: in Postgres, and in files while they are played."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import structlog

from switchboard.domain.identity import uuid7
from switchboard.domain.mailbox_menu import GreetingKind, InBox, Mailbox, MailboxSettings
from switchboard.domain.message import MessageState
from switchboard.domain.pin import Admission
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Clock, Hearer, RecordingRef, Sound
from switchboard.postgres.mailbox_pins import LONGEST_WHO, Fetching, MailboxPins, detail_of
from switchboard.postgres.message_sound import length_of, playable, put
from switchboard.postgres.pooled import PooledQueries
from switchboard.postgres.rows import plain_uuid

HEARD = "heard"  # below the folder of recordings: messages while somebody hears them
GREETINGS = "greetings"  # there, too: people's own

log = structlog.get_logger(__name__)


class PostgresMailboxes:
    """Implements ports.Mailboxes. `recordings` is where `Call.record` writes and Asterisk plays from."""

    def __init__(self, dsn: str, recordings: Path, clock: Clock, person_at: Callable[[str], str]) -> None:
        """`person_at` has the person whose phone an extension is, "" for nobody's."""
        self._records = PooledQueries(dsn, "mailboxes", "mailboxes cannot be read or changed")
        self._recordings, self._clock = recordings, clock
        self.pins = MailboxPins(self._records, clock, person_at)
        self._greetings = _lengths(recordings / GREETINGS)  # seconds, by name; callers hear them without Postgres, too

    async def close(self) -> None:
        """Let the connections go."""
        await self._records.close()

    async def settings_of(self, extension: str) -> MailboxSettings:
        """See ports.Mailboxes."""
        rows = await self._records.fetch("settings", extension, self._clock.now())
        return MailboxSettings(**rows[0]) if rows else MailboxSettings()

    async def messages(self, mailbox: Mailbox) -> Sequence[InBox]:
        """See ports.Mailboxes."""
        rows = await self._records.fetch(
            "messages", mailbox.person or None, list(mailbox.departments), mailbox.is_reception
        )
        return [_in_box(dict(row)) for row in rows]

    async def sound(self, message: UUID, part: str) -> Sound | None:
        """See ports.Mailboxes."""
        rows = await self._records.fetch("sound", message, part)
        if not rows:
            return None
        name = uuid5(message, f"heard {part}")
        try:
            content = await asyncio.to_thread(playable, rows[0]["content"])
            await asyncio.to_thread(put, content, self._recordings / HEARD / f"{name}.wav")
        except (OSError, ValueError) as error:
            log.error("message_not_playable", message=str(message), part=part, error=str(error))
            return None
        return Sound(RecordingRef(name, HEARD), timedelta(seconds=rows[0]["seconds"]))

    async def heard(self, message: UUID, state: MessageState, by: Hearer) -> None:
        """See ports.Mailboxes."""
        await self._mark(message, state, "heard", by)

    async def set_state(self, message: UUID, state: MessageState, by: Hearer) -> None:
        """See ports.Mailboxes."""
        await self._mark(message, state, "done" if state is MessageState.DONE else "reopened", by)

    async def called_back(self, message: UUID, state: MessageState, by: Hearer) -> None:
        """See ports.Mailboxes."""
        await self._mark(message, state, "called_back", by)

    async def take(self, message: UUID, person: str, by: Hearer) -> bool:
        """See ports.Mailboxes."""
        return bool(await self._records.fetch("take", message, person, *self._noted(by, person=person)))

    async def forward(self, message: UUID, person: str, introduction: UUID | None, by: Hearer) -> None:
        """See ports.Mailboxes."""
        now = self._clock.now()
        content, seconds = await self._recorded(introduction) if introduction is not None else (None, None)
        noted = self._noted(by, to=person, introduced=content is not None)
        await self._records.fetch("forward", message, uuid7(now), person, content, seconds, *noted)
        if introduction is not None:
            await self.discard([introduction])

    async def set_order(self, extension: str, *, newest_first: bool, by: Hearer) -> None:
        """See ports.Mailboxes."""
        async with self._records.transaction() as fetch:
            await fetch("set_order", extension, newest_first)
            await self._note(fetch, extension, "order_set", by, newest_first=newest_first)

    async def greetings(self, person: str) -> Mapping[GreetingKind, Sound]:
        """See ports.Mailboxes."""
        rows = await self._records.fetch("greetings", person)
        for row in rows:
            await self._put_greeting(dict(row))
        return {kind: sound for kind in GreetingKind if (sound := self.greeting_of(person, kind)) is not None}

    async def set_greeting(self, person: str, kind: GreetingKind, recording: UUID, by: Hearer) -> None:
        """See ports.Mailboxes."""
        content, seconds = await self._recorded(recording)
        async with self._records.transaction() as fetch:
            await fetch("set_greeting", person, kind.value, content, seconds, self._clock.now())
            await self._note(fetch, by.extension, "greeting_recorded", by, person=person, kind=kind.value)
        await self._put_greeting({"person": person, "kind": kind.value, "content": content, "seconds": seconds})
        await self.discard([recording])

    async def drop_greeting(self, person: str, kind: GreetingKind, by: Hearer) -> None:
        """See ports.Mailboxes."""
        async with self._records.transaction() as fetch:
            await fetch("drop_greeting", person, kind.value)
            await self._note(fetch, by.extension, "greeting_dropped", by, person=person, kind=kind.value)
        self._greetings.pop(greeting_name(person, kind), None)
        await asyncio.to_thread(_remove, [self._greeting_file(greeting_name(person, kind))])

    def greeting_of(self, person: str, kind: GreetingKind) -> Sound | None:
        """A person's own, for callers; None where there is none. Never waits."""
        name = greeting_name(person, kind)
        seconds = self._greetings.get(name)
        return None if seconds is None else Sound(RecordingRef(name, GREETINGS), timedelta(seconds=seconds))

    async def settle(self) -> None:
        """Bring the files in line with Postgres: greetings of all, messages of nobody. Raises RecordsUnreachable."""
        await asyncio.to_thread(_remove, list((self._recordings / HEARD).glob("*.wav")))
        rows = [dict(row) for row in await self._records.fetch("greetings", None)]
        for row in rows:
            await self._put_greeting(row)
        for name in self._greetings.keys() - {greeting_name(row["person"], GreetingKind(row["kind"])) for row in rows}:
            del self._greetings[name]
            await asyncio.to_thread(_remove, [self._greeting_file(name)])

    async def _put_greeting(self, row: Mapping[str, Any]) -> None:
        name = greeting_name(row["person"], GreetingKind(row["kind"]))
        try:
            await asyncio.to_thread(put, row["content"], self._greeting_file(name))
        except OSError as error:
            log.error("greeting_not_written", person=row["person"], kind=row["kind"], error=str(error))
            return
        self._greetings[name] = row["seconds"]

    def _greeting_file(self, name: UUID) -> Path:
        return self._recordings / GREETINGS / f"{name}.wav"

    async def opened(self, extension: str, by: Hearer) -> bool:
        """See ports.Mailboxes."""
        was_locked = await self.pins.unlock(extension, by)
        await self._note(self._records.fetch, extension, "opened", by)
        return was_locked

    async def admit(self, extension: str, pin: str, by: Hearer) -> Admission:
        """See ports.Mailboxes."""
        return await self.pins.admit(extension, pin, by)

    async def set_pin(self, extension: str, pin: str, by: Hearer) -> None:
        """See ports.Mailboxes."""
        await self.pins.set_pin(extension, pin, by)

    async def known(self) -> Sequence[Mapping[str, Any]]:
        """Every mailbox of which something is set: extension, has_pin, pin_set_at, is_locked, locked_until."""
        return [dict(row) for row in await self._records.fetch("all_mailboxes", self._clock.now())]

    async def events(self, extension: str, limit: int = 100) -> Sequence[Mapping[str, Any]]:
        """What happened to a mailbox, the latest first: at, who, what, detail (JSON)."""
        return [dict(row) for row in await self._records.fetch("events", extension, limit)]

    async def discard(self, recordings: Collection[UUID]) -> None:
        """See ports.Mailboxes."""
        await asyncio.to_thread(_remove, [self._recordings / f"{name}.wav" for name in recordings])

    async def release(self, sounds: Collection[Sound]) -> None:
        """See ports.Mailboxes. Greetings stay, as callers hear them, too."""
        files = [each.recording.file for each in sounds if each.recording.folder == HEARD]
        await asyncio.to_thread(_remove, [self._recordings / f"{file}.wav" for file in files])

    async def _mark(self, message: UUID, state: MessageState, what: str, by: Hearer) -> None:
        await self._records.fetch("mark", message, state.value, what, *self._noted(by))

    async def _recorded(self, name: UUID) -> tuple[bytes, float]:
        """What was recorded, and its seconds. Raises RecordsUnreachable where it cannot be read: it is not kept."""
        try:
            content = await asyncio.to_thread((self._recordings / f"{name}.wav").read_bytes)
            return content, length_of(content)
        except (OSError, ValueError) as error:
            raise RecordsUnreachable(f"recording {name} cannot be read: {error}") from error

    def _noted(self, by: Hearer, **more: object) -> tuple[object, ...]:
        return self._clock.now(), by.who[:LONGEST_WHO], detail_of(by, **more)

    async def _note(self, fetch: Fetching, extension: str, what: str, by: Hearer, **more: object) -> None:
        now, who, detail = self._noted(by, **more)
        await fetch("note_mailbox", extension, now, who, what, detail)


def greeting_name(person: str, kind: GreetingKind) -> UUID:
    """Under which name a greeting lies among the greetings."""
    return uuid5(_GREETING, f"{person} {kind.value}")


_GREETING = UUID("7c0a3f2e-6d1b-4a57-9f0e-2f6f5d1f9f11")


def _greeting(row: Mapping[str, Any]) -> Sound:
    name = greeting_name(row["person"], GreetingKind(row["kind"]))
    return Sound(RecordingRef(name, GREETINGS), timedelta(seconds=row["seconds"]))


def _extension_of(by: Hearer) -> str:
    """The mailbox that was heard; see Hearer."""
    return by.extension


def _in_box(row: Mapping[str, Any]) -> InBox:
    return InBox(
        plain_uuid(row["id"]),
        row["recorded_at"],
        timedelta(seconds=row["seconds"]),
        row["caller_number"],
        row["person"],
        row["department"],
        row["owner"],
        MessageState(row["state"]),
        row["urgent"],
        frozenset(row["parts"]),
    )


def _lengths(folder: Path) -> dict[UUID, float]:
    """Of every sound in a folder."""
    found = {}
    for file in folder.glob("*.wav"):
        with contextlib.suppress(OSError, ValueError):
            found[UUID(file.stem)] = length_of(file.read_bytes())
    return found


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
