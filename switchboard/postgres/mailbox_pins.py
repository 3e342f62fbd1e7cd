"""Who may hear a mailbox from outside: PINs, how often wrong ones were given, and when that shuts the door.

A try is noted as wrong, and counted, before the PIN is looked at: however many come at once, no more than allowed are
looked at, and whatever is killed meanwhile, it was counted. All of it is in Postgres, so it survives restarts.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import structlog

from switchboard.domain.pin import (
    LOCKED_FOR,
    WITHIN,
    WRONG_OF_ALL,
    WRONG_OF_CALLER,
    Admission,
    Tries,
    admission_before,
)
from switchboard.ports import Clock, Hearer
from switchboard.postgres.pooled import Fetch, PooledQueries
from switchboard.postgres.slow_hash import hashed, is_right

log = structlog.get_logger(__name__)

_EXTENSION = re.compile(r"[0-9]{1,10}")
_NO_MAILBOX = "none"  # what was dialled is no number a mailbox could have
_LONGEST_CALLER = 100
LONGEST_WHO = 200
Fetching = Callable[..., Awaitable[list[Any]]]


@dataclass(frozen=True, slots=True)
class _Try:
    """One that is counted already."""

    id: int
    kept: str | None  # the PIN's hash
    tries: Tries  # this one included
    extensions: frozenset[str]  # at which wrong ones were given lately


class MailboxPins:
    """What ports.Mailboxes says of PINs. `person_at` has the person whose phone an extension is, "" for nobody's."""

    def __init__(self, records: PooledQueries, clock: Clock, person_at: Callable[[str], str]) -> None:
        self._records, self._clock, self._person_at = records, clock, person_at

    async def admit(self, extension: str, pin: str, by: Hearer) -> Admission:
        """See ports.Mailboxes."""
        extension = extension if _EXTENSION.fullmatch(extension) else _NO_MAILBOX
        begun = await self._begin(extension, by)
        if isinstance(begun, Admission):
            await is_right(pin, None)
            log.warning("mailbox_refused", extension=extension, why=begun.value)
            return begun
        if await is_right(pin, begun.kept):
            await self._records.fetch("was_right", begun.id)
            await self._note(self._records.fetch, extension, "opened", by)
            return Admission.ADMITTED
        await self._was_wrong(extension, begun, by)
        return Admission.WRONG

    async def set_pin(self, extension: str, pin: str, by: Hearer) -> None:
        """See ports.Mailboxes. It also opens a mailbox that was locked."""
        kept = await hashed(pin) if pin else None
        now = self._clock.now()
        async with self._records.transaction() as fetch:
            await fetch("set_pin", extension, kept, now)
            await fetch("forgive", extension, now)
            await fetch("unlock", extension, now)
            await self._note(fetch, extension, "pin_set" if pin else "pin_removed", by)

    async def unlock(self, extension: str, by: Hearer) -> bool:
        """Open it again for access from outside; was it locked?"""
        now = self._clock.now()
        async with self._records.transaction() as fetch:
            await fetch("forgive", extension, now)
            was_locked = bool(await fetch("unlock", extension, now))
            if was_locked:
                await self._note(fetch, extension, "unlocked", by)
        return was_locked

    async def _begin(self, extension: str, by: Hearer) -> Admission | _Try:
        now, caller = self._clock.now(), by.whence[:_LONGEST_CALLER]
        async with self._records.transaction() as fetch:
            await fetch("one_at_a_time")
            (counted,) = await fetch("tries", extension, caller, now - WITHIN)
            found = await fetch("pin", extension)
            before = Tries(counted["of_mailbox"], counted["of_caller"], counted["of_all"])
            locked_until = found[0]["locked_until"] if found else None
            if by.at_desk:  # what is tried outside, by whomever, must not keep the owner out
                before, locked_until = Tries(counted["of_caller"], 0, 0), None
            if (refused := admission_before(before, locked_until, now)) is not None:
                await self._note(fetch, extension, "refused", by, why=refused.value)
                return refused
            (noted,) = await fetch("begin_try", extension, now, caller, by.call_id)
        with_this = Tries(before.of_mailbox + 1, before.of_caller + 1, before.of_all + 1)
        extensions = frozenset((*(counted["extensions"] or ()), extension)) - {_NO_MAILBOX}
        return _Try(noted["id"], found[0]["pin_hash"] if found else None, with_this, extensions)

    async def _was_wrong(self, extension: str, wrong: _Try, by: Hearer) -> None:
        """Lock what is to be locked, and tell whose mailbox it is."""
        now = self._clock.now()
        async with self._records.transaction() as fetch:
            await self._note(fetch, extension, "refused", by, why=Admission.WRONG.value)
            if by.at_desk:
                return
            if wrong.tries.locks and extension != _NO_MAILBOX:
                await fetch("lock", extension, now + LOCKED_FOR)
                await self._note(fetch, extension, "locked", by)
                await self._tell(fetch, [extension], "mailbox_locked")
                log.warning("mailbox_locked", extension=extension)
            if wrong.tries.of_all == WRONG_OF_ALL or wrong.tries.of_caller == WRONG_OF_CALLER:
                for each in sorted(wrong.extensions):
                    await self._note(fetch, each, "guessed", by)
                await self._tell(fetch, wrong.extensions, "mailboxes_guessed_at")
                log.warning("mailboxes_guessed_at", extensions=sorted(wrong.extensions))

    async def _tell(self, fetch: Fetch, extensions: Iterable[str], what: str) -> None:
        now = self._clock.now()
        # Once for what belongs together, however many calls find it out.
        slot = int(now.timestamp() // (WITHIN / timedelta(seconds=1)))
        for extension in sorted(extensions):
            person = self._person_at(extension) or None
            await fetch("tell_owner", extension, person, what, now, f"mailbox:{extension}:{what}:{slot}")

    async def _note(self, fetch: Fetching, extension: str, what: str, by: Hearer, **more: str) -> None:
        await fetch("note_mailbox", extension, self._clock.now(), by.who[:LONGEST_WHO], what, detail_of(by, **more))


def detail_of(by: Hearer, **more: object) -> str:
    """From where it was done, and what else is to be told, as JSON."""
    call = {"call": str(by.call_id)} if by.call_id is not None else {}
    return orjson.dumps({"from": by.whence, **call, **more}).decode()
