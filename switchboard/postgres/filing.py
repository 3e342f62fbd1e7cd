"""The worker that sees to messages: what nobody filed becomes a message, audio goes to Postgres, nobody's message stays
nobody's, lights are lit.

It looks at once when messages change (NOTIFY), and every minute. Everything it does may happen twice without harm; with
Postgres away it waits.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import structlog

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.hours import HoursTable
from switchboard.domain.identity import CallId, new_event_id
from switchboard.domain.message import Part, deadline_of
from switchboard.domain.organisation import Organisation
from switchboard.errors import MessageNotKept
from switchboard.ports import Clock, MessageLights
from switchboard.postgres.kept_messages import KeptMessages
from switchboard.postgres.queries import queries
from switchboard.postgres.recording import read_sound
from switchboard.postgres.spool import SpooledLedger
from switchboard.postgres.telephone_sound import stored
from switchboard.services.file_message import file_message

INTERVAL = 60.0  # seconds between looks
GATHER = 0.5  # seconds after a change, in which others may follow
DEADLINE = 10.0  # seconds for connecting and for each request
RETRY = 5.0  # seconds between attempts while Postgres does not answer
GIVEN_UP = timedelta(seconds=30)  # since it was begun, and its call is over: nobody files it any more
AT_A_TIME = 20  # messages whose audio is stored before others are looked at
LEFTOVER = 3600.0  # seconds after which what was being written is nobody's
OWNER_WITHIN = timedelta(hours=4)  # for messages of the safety net

log = structlog.get_logger(__name__)


class Filing:
    """The task that files. `in_progress` says whether a call is in the controller's hands; `organisation` and `hours`
    are those of now."""

    def __init__(
        self,
        dsn: str,
        messages: KeptMessages,
        ledger: SpooledLedger,
        clock: Clock,
        *,
        in_progress: Callable[[CallId], bool],
        organisation: Callable[[], Organisation],
        hours: Callable[[], Mapping[str, HoursTable]],
        lights: MessageLights | None = None,
        keep_originals: bool = True,
    ) -> None:
        """`keep_originals`: recordings stay on disk, as they were made, though Postgres has what was said."""
        self._dsn = dsn
        self._messages = messages
        self._ledger = ledger
        self._clock = clock
        self._in_progress = in_progress
        self._organisation = organisation
        self._hours = hours
        self._lights = lights
        self._keep_originals = keep_originals
        self._sql = queries("filing")
        self._changed = asyncio.Event()
        self._lit: dict[str, tuple[int, int]] = {}
        self._missing: set[UUID] = set()  # without audio on disk: told once
        self.problem: str | None = None

    async def run(self) -> None:
        """File until cancelled."""
        while True:
            try:
                await self._file_while_connected()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if self.problem is None:
                    log.warning("filing_waits_for_postgres", error=str(error) or type(error).__name__)
                self.problem = str(error) or type(error).__name__
            await asyncio.sleep(RETRY)

    async def _file_while_connected(self) -> None:
        connection = await asyncpg.connect(
            self._dsn,
            timeout=DEADLINE,
            command_timeout=DEADLINE,
            server_settings={"application_name": "switchboard filing"},
        )
        try:
            await connection.add_listener("messages", lambda *_: self._changed.set())
            while True:
                self._changed.clear()
                await self.file(connection)
                self.problem = None
                with suppress(TimeoutError):
                    async with asyncio.timeout(INTERVAL):
                        await self._changed.wait()
                await asyncio.sleep(GATHER)
        finally:
            connection.terminate()

    async def file(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """See to everything that there is to see to now."""
        await self.file_orphans(connection)
        await self._store_audio(connection)
        await self._address(connection)
        await self._escalate(connection)
        await self._light(connection)

    async def file_orphans(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """What was said in calls that nobody saw to their end becomes a message."""
        for row in await connection.fetch(self._sql["orphans"], self._clock.now() - GIVEN_UP):
            call_id = CallId(row["call_id"])
            begun = orjson.loads(row["data"])
            try:
                message_id = UUID(str(begun.get("message_id")))
            except ValueError:
                continue  # no event of ours
            if self._in_progress(call_id):
                continue
            try:
                message = await file_message(message_id, begun, self._messages, row["at"])
            except MessageNotKept as error:
                log.error("message_not_filed", message=str(message_id), error=str(error))
                continue
            at = self._clock.now()
            dropped = {"message_id": str(message_id), "why": "nothing was said"}
            kind = EventKind.MESSAGE if message is not None else EventKind.MESSAGE_DROPPED
            log.warning("message_filed_afterwards", call=str(call_id), message=str(message_id), was=kind.value)
            self._ledger.append(CallEvent(call_id, new_event_id(at), at, kind, message or dropped))
            await self._ledger.durable()

    async def _store_audio(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        while rows := [
            row
            for row in await connection.fetch(self._sql["not_filed"], AT_A_TIME + len(self._missing))
            if row["id"] not in self._missing
        ]:
            for row in rows:
                await self._store(connection, row["id"], _parts(row["parts"]))
        await asyncio.to_thread(self._remove_leftovers)
        if not self._keep_originals:
            await self._remove_originals(connection)

    async def _store(
        self, connection: asyncpg.Connection[asyncpg.Record], message_id: UUID, parts: Mapping[str, UUID]
    ) -> None:
        found: list[tuple[str, bytes, float]] = []
        for part, name in {Part.BODY.value: message_id, **parts}.items():
            sound = await asyncio.to_thread(read_sound, self._messages.path_of(name))
            if sound is None:
                log.error("message_without_audio", message=str(message_id), part=part)
            else:
                content = await asyncio.to_thread(stored, sound, has_original=self._keep_originals)
                found.append((part, content, sound.seconds))
        if not any(part == Part.BODY for part, _, _ in found):
            self._missing.add(message_id)
            return
        async with connection.transaction():
            for part, content, seconds in found:
                sha256 = hashlib.sha256(content).hexdigest()
                await connection.execute(self._sql["store_audio"], message_id, part, content, sha256, seconds)
            await connection.execute(self._sql["filed"], message_id)

    async def _remove_originals(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Whatever Postgres has. Of those whose removal was broken off the body is there to tell: it goes last."""
        names = await asyncio.to_thread(self._messages.on_disk)
        for row in await connection.fetch(self._sql["filed_of"], names) if names else ():
            for name in (*_parts(row["parts"]).values(), row["id"]):
                await asyncio.to_thread(self._messages.remove, name)

    def _remove_leftovers(self) -> None:
        folder = self._messages.folder
        for path in folder.glob(".*.part"):
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - LEFTOVER:
                    path.unlink()

    async def _address(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """The safety net knows numbers only: its messages are for whom it rang."""
        organisation = self._organisation()
        for row in await connection.fetch(self._sql["without_addressee"]):
            number = organisation.numbers.get(row["number"])
            phone = number.safety_net.ring if number else organisation.reception
            person = organisation.person_at(phone.extension)
            departments = organisation.departments_of_phone(phone)
            if person is None and not departments:
                departments = tuple(organisation.departments)[:1]
            department = departments[0] if departments and person is None else None
            deadline = None
            if department is not None:
                hours = self._hours().get(organisation.hours_of_department(department))
                deadline = deadline_of(row["recorded_at"], OWNER_WITHIN, hours)
            name = person.id if person else None
            await connection.execute(self._sql["address"], row["id"], name, department, deadline)

    async def _escalate(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Nobody answers for it: the head does."""
        heads = {each.id: each.head for each in self._organisation().departments.values()}
        for row in await connection.fetch(self._sql["escalate"], self._clock.now(), orjson.dumps(heads).decode()):
            log.warning("message_escalated", message=str(row["id"]), to=heads.get(row["department"], "nobody"))

    async def _light(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        if self._lights is None:
            return
        organisation = self._organisation()
        waiting = dict.fromkeys(organisation.phones, (0, 0))
        for row in await connection.fetch(self._sql["waiting"]):
            person = organisation.people.get(row["person"] or "")
            phone = person.phone if person else None
            if phone is None and row["department"] in organisation.departments:
                phone = organisation.phone_of_department(row["department"])
            if phone is not None and phone.extension in waiting:
                fresh, saved = waiting[phone.extension]
                waiting[phone.extension] = (fresh + row["fresh"], saved + row["saved"])
        for extension, (fresh, saved) in waiting.items():
            if self._lit.get(extension) != (fresh, saved):
                self._lights.light(extension, fresh, saved)
                self._lit[extension] = (fresh, saved)


def _parts(told: str) -> dict[str, UUID]:
    """The names of a message's other parts, as message_rows.py has written them."""
    parts: list[dict[str, Any]] = orjson.loads(told)
    return {str(each["part"]): UUID(str(each["message_id"])) for each in parts}
