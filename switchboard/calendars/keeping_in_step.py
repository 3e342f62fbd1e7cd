"""Keeps our appointments and somebody's calendar elsewhere in step, both ways.

    in their calendar                        here
    ---------------------------------------  --------------------------------------------------------------------
    an event that is not ours                blocks, as outside_events.py has it
    ours was moved                           the appointment follows, if the time is free; else ours is put back
    ours was deleted or cancelled            the appointment is cancelled
    ours cannot be read any more             ours is put back
    most of ours are gone at once            nothing is cancelled, all are put back: a calendar was lost, not a day

    here                                     in their calendar
    ---------------------------------------  --------------------------------------------------------------------
    booked, moved                            written, if nobody changed it there meanwhile; else first the above
    cancelled                                deleted

Whatever was read is noted before the server is asked for the next changes: a round that breaks off is repeated, and
each change is made under a name that the calendar gives it, so it is made once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from switchboard.appointment_ports import Appointments
from switchboard.calendars.book import CalendarBook, Copy, Kept, Progress
from switchboard.calendars.outside_events import OutsideEvent, read_event, window
from switchboard.calendars.remote_calendar import CalendarObject, RemoteCalendar
from switchboard.domain.appointment import Appointment, ChangedBy, Slot

REREAD = timedelta(hours=20)  # all of it: series reach further each day
LOST = 3  # of ours gone at once, and none left: that many nobody cancels by hand between two looks
HELD_FOR = timedelta(minutes=1)  # a time while an appointment is moved to it
MOST_TOLD = 3  # problems at once
SEPARATOR = "\n"  # of a calendar's address and its server's token
TO_BE_WRITTEN = -1  # the revision of a copy that is not as ours is

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Here:
    """What a calendar is kept in step with."""

    book: CalendarBook
    appointments: Appointments
    zone: ZoneInfo
    horizon: timedelta  # how far ahead anything can be booked
    text: Callable[[Appointment], bytes]  # as it is written there
    now: Callable[[], datetime]


class InStep:
    """One resource's calendar."""

    def __init__(self, resource: str, remote: RemoteCalendar, here: Here) -> None:
        self._resource, self._remote, self._here = resource, remote, here
        self._told: list[str] = []

    async def once(self) -> str:
        """Read what changed, then write what did; what is wrong, "" if nothing is. Raises CalendarUnreachable and
        RecordsUnreachable; all that was not done is done next time."""
        book, now = self._here.book, self._here.now()
        self._told = []
        progress = await book.progress(self._resource)
        address, _, token = progress.token.partition(SEPARATOR)
        if progress.read_at is not None and address != self._remote.address:
            await self._begin_anew()  # another calendar: what was in the former one says nothing about this one
            progress = Progress()
        is_due = progress.read_at is None or not timedelta() <= now - progress.read_at < REREAD
        token = await self._take_up("" if is_due else token)
        if await self._write():  # so that the token is from after what we wrote
            token = await self._take_up(token)
        problem = "; ".join(self._told[:MOST_TOLD])
        if len(self._told) > MOST_TOLD:
            problem += f" (and {len(self._told) - MOST_TOLD} more)"
        token = f"{self._remote.address}{SEPARATOR}{token}"
        await book.note(self._resource, Progress(token, now if is_due else progress.read_at), problem, now)
        return problem

    async def _begin_anew(self) -> None:
        """Know nothing of what is there."""
        book = self._here.book
        copies = await book.copies(self._resource)
        for copy in copies:
            await book.drop_copy(self._resource, copy.appointment)
        known = await book.etags(self._resource)
        if known:
            await book.drop_outside(self._resource, sorted(known))

    # -- what changed there

    async def _take_up(self, token: str) -> str:
        """All that changed there since this token; the next one."""
        book = self._here.book
        known = await book.etags(self._resource)
        changes = await self._remote.changes(token, known)
        gone = set(changes.gone)
        if changes.is_all:
            gone |= known.keys() - {each.href for each in changes.objects}
        copies = {each.href: each for each in await book.copies(self._resource)}
        for each in changes.objects:
            await self._seen(each, copies.get(each.href))
        await self._gone([copies[href] for href in gone if href in copies], len(copies))
        if others := gone - copies.keys():
            await book.drop_outside(self._resource, sorted(others))
        return changes.token

    async def _seen(self, found: CalendarObject, copy: Copy | None) -> None:
        """Take up one object."""
        if copy is not None:
            if found.etag != copy.etag:
                await self._follow(copy, found)
            return
        event = self._read(found)
        appointment = await self._ours(event.uid)
        if appointment is None:
            kept = Kept(found.href, found.etag, event.uid, event.busy, event.problem)
            await self._here.book.keep_outside(self._resource, kept)
            if event.problem:
                self._told.append(f"{found.href}: {event.problem}")
        elif found.href == self._href(appointment):  # written by us, who were stopped before we noted it
            slot = appointment.slot
            copy = Copy(appointment.id, found.href, found.etag, TO_BE_WRITTEN, slot.start, slot.end)
            await self._here.book.keep_copy(self._resource, copy)
        # else somebody's second copy of ours: it blocks nothing more

    async def _follow(self, copy: Copy, found: CalendarObject) -> None:
        """They changed what is ours."""
        book = self._here.book
        appointment = await book.appointment(copy.appointment)
        theirs = replace(copy, etag=found.etag)
        if appointment is None or not self._is_to_be_there(appointment) or appointment.slot.end <= self._here.now():
            await book.keep_copy(self._resource, theirs)  # it is to go, or was
            return
        event = self._read(found)
        if event.is_cancelled:
            await self._cancel(appointment, f"cancelled there ({found.etag})")
            await book.keep_copy(self._resource, theirs)
            return
        slot, span = appointment.slot, event.first
        if span is not None and (span.start, span.end) == (slot.start, slot.end):
            await book.keep_copy(
                self._resource, replace(theirs, revision=appointment.revision, start=slot.start, end=slot.end)
            )
        elif span is not None and (span.start, span.end) == (copy.start, copy.end):
            await book.keep_copy(self._resource, theirs)  # something else of it; we moved it meanwhile
        else:
            why = "it cannot be read there" if span is None else "that time is taken, or past"
            moved = await self._move(appointment, Slot(span.start, span.end, slot.resources), found) if span else None
            if moved is None:
                await self._tell(appointment, why, found)
                await book.keep_copy(self._resource, replace(theirs, revision=TO_BE_WRITTEN))
                return
            log.info("appointment_follows_calendar", resource=self._resource, appointment=str(moved.id))
            new = replace(theirs, revision=moved.revision, start=moved.slot.start, end=moved.slot.end)
            await book.keep_copy(self._resource, new)

    async def _move(self, appointment: Appointment, slot: Slot, found: CalendarObject) -> Appointment | None:
        now = self._here.now()
        if slot.start < now or slot.end <= slot.start:
            return None
        by = self._by("moved there", appointment.id, found.etag)
        held = await self._here.appointments.hold(
            appointment.event_type, slot, appointment.booker, now + HELD_FOR, by, moves=appointment.id
        )
        if held is None:
            return None
        return await self._here.appointments.book(held.id, appointment.booker, replace(by, key=f"{by.key}/book"))

    async def _gone(self, gone: list[Copy], of: int) -> None:
        """Ours that are not there any more."""
        now = self._here.now()
        coming = [copy for copy in gone if copy.end > now]
        is_lost = len(coming) >= LOST and len(gone) == of
        if is_lost:
            self._told.append(
                f"all {len(coming)} appointments were gone from it at once: none is cancelled, all are put back"
            )
            log.error("calendar_lost_appointments", resource=self._resource, appointments=len(coming))
        for copy in gone:
            appointment = await self._here.book.appointment(copy.appointment)
            if not is_lost and appointment is not None and appointment.slot.end > now:
                await self._cancel(appointment, f"deleted there ({copy.etag})")
            await self._here.book.drop_copy(self._resource, copy.appointment)

    async def _cancel(self, appointment: Appointment, why: str) -> None:
        if not self._is_to_be_there(appointment):
            return
        log.info("appointment_cancelled_by_calendar", resource=self._resource, appointment=str(appointment.id))
        by = self._by("cancelled in the calendar", appointment.id, why)
        await self._here.appointments.cancel(appointment.id, by)

    # -- what changed here

    async def _write(self) -> bool:
        """Write what changed here; whether anything was to be written."""
        is_written = False
        copies = {each.appointment: each for each in await self._here.book.copies(self._resource)}
        for appointment in await self._here.book.to_write(self._resource, self._here.now()):
            copy = copies.get(appointment.id)
            if not self._is_to_be_there(appointment):
                if copy is not None:
                    is_written = True
                    await self._delete(copy)
            elif copy is None or copy.revision != appointment.revision:
                is_written = True
                await self._put(appointment, copy)
        return is_written

    async def _put(self, appointment: Appointment, copy: Copy | None) -> None:
        """Write it where nobody changed it; else take that up, and write what it has led to the next time."""
        book, href = self._here.book, copy.href if copy else self._href(appointment)
        text = self._here.text(appointment)
        etag = await self._remote.put(href, text, copy.etag if copy else None)
        if etag is None:
            found = await self._remote.get(href)
            if found is None and copy is not None:  # deleted there since we looked
                await self._gone([copy], 0)
                return
            if found is not None and copy is not None:
                await self._follow(copy, found)
            elif found is not None:
                await self._seen(found, None)
            appointment = await book.appointment(appointment.id) or appointment
            copy = next(
                (each for each in await book.copies(self._resource) if each.appointment == appointment.id), None
            )
            if copy is None or not self._is_to_be_there(appointment) or copy.revision == appointment.revision:
                return
            text = self._here.text(appointment)
            etag = await self._remote.put(href, text, copy.etag)
            if etag is None:
                return  # changed once more: the next look has it
        slot = appointment.slot
        await book.keep_copy(
            self._resource, Copy(appointment.id, href, etag, appointment.revision, slot.start, slot.end)
        )

    async def _delete(self, copy: Copy) -> None:
        """What is cancelled goes, whatever they made of it."""
        if not await self._remote.delete(copy.href, copy.etag):
            found = await self._remote.get(copy.href)
            if found is not None and not await self._remote.delete(found.href, found.etag):
                return  # the next time
        await self._here.book.drop_copy(self._resource, copy.appointment)

    # --

    def _is_to_be_there(self, appointment: Appointment) -> bool:
        """It stands, and is this resource's."""
        return appointment.state.is_promised and self._resource in appointment.slot.resources

    def _read(self, found: CalendarObject) -> OutsideEvent:
        begin, end = window(self._here.now(), self._here.horizon)
        return read_event(found.text, begin, end, self._here.zone)

    async def _ours(self, uid: str) -> Appointment | None:
        try:
            return await self._here.book.appointment(UUID(uid))
        except ValueError:
            return None

    def _href(self, appointment: Appointment) -> str:
        return self._remote.href(f"{appointment.id}.ics")

    def _by(self, why: str, appointment: UUID, what: str) -> ChangedBy:
        return ChangedBy(f"calendar of {self._resource}", why, key=f"calendar/{self._resource}/{appointment}/{what}")

    async def _tell(self, appointment: Appointment, why: str, found: CalendarObject) -> None:
        self._told.append(f"appointment {appointment.reference} was moved there and is put back: {why}")
        log.error("calendar_change_refused", resource=self._resource, appointment=str(appointment.id), why=why)
        key = f"calendar/{self._resource}/{appointment.id}/{found.etag}"
        await self._here.book.refused(self._resource, appointment, why, key)
