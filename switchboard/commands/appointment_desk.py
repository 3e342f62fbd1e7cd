"""What the commands of `switchboard appointments` stand on: the calendars, and how they are named and shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from switchboard.domain.appointment import Appointment, Slot
    from switchboard.domain.appointment_history import Event, Wanted
    from switchboard.domain.organisation import Organisation
    from switchboard.postgres.appointment_list import AppointmentList
    from switchboard.postgres.appointments import PostgresAppointments
    from switchboard.services.book_for_client import Desk

T = TypeVar("T")
EVER = timedelta(days=3660)
DAY = "a day such as `2026-12-24`"
TIME = "a time such as `2026-12-24 15:00`"


class _SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Opened:
    """The calendars while a command is carried out."""

    organisation: Organisation
    zone: ZoneInfo
    now: datetime
    appointments: PostgresAppointments
    listing: AppointmentList
    desk: Desk

    async def named(self, which: str) -> Appointment:
        """By reference or id; of several with one reference the one to come, else the last. Raises BadParameter."""
        found: Appointment | None = None
        if len(which) == 6 and which.isascii() and which.isdigit():
            found = await self.appointments.by_reference(which, self.now)
            if found is None:
                every = await self.listing.listed(ever(self.now, reference=which), 1000)
                found = every[-1] if every else None
        elif (identifier := _uuid(which)) is not None:
            found = await self.listing.get(identifier)
        if found is None:
            raise typer.BadParameter(f"no appointment has the reference or id {which!r}", param_hint="REF")
        return found


def with_calendars(do: Callable[[Opened], Awaitable[T]]) -> T:
    """What `do` comes to. Raises RecordsUnreachable, SettingsError, ConfigurationError."""
    import asyncio

    from switchboard.commands.calls import database_url
    from switchboard.commands.people_named import configuration_served
    from switchboard.domain.free_slots import SlotSearch
    from switchboard.postgres.appointment_list import AppointmentList
    from switchboard.postgres.appointments import PostgresAppointments
    from switchboard.postgres.presence import PostgresPresence
    from switchboard.services.book_for_client import Desk

    configuration = configuration_served()
    organisation, zone, clock = (
        configuration.organisation,
        ZoneInfo(configuration.organisation.timezone),
        _SystemClock(),
    )

    async def carry_out() -> T:
        dsn = database_url()
        store = PostgresAppointments(dsn, clock, lambda: organisation.appointments, lambda: zone)
        try:
            async with PostgresPresence(dsn) as table:
                noted = await table.absences()
            search = SlotSearch.of(organisation, configuration.hours, noted)
            desk = Desk(store, search, clock)
            listing = AppointmentList(store.queries)
            return await do(Opened(organisation, zone, clock.now(), store, listing, desk))
        finally:
            await store.close()

    return asyncio.run(carry_out())


def ever(now: datetime, **which: Any) -> Wanted:
    """All there are and were."""
    from switchboard.domain.appointment_history import Wanted

    return Wanted(now - EVER, now + EVER, with_cancelled=True, **which)


def event_type_named(organisation: Organisation, text: str) -> str:
    """Raises typer.BadParameter."""
    return _known(text, list(organisation.appointments.event_types), "event type", "EVENT_TYPE")


def resource_named(organisation: Organisation, text: str) -> str:
    """By id, or "". Raises typer.BadParameter."""
    return _known(text, list(organisation.appointments.resources), "resource", "--with") if text else ""


def number_named(organisation: Organisation, text: str) -> str:
    """In E.164, or "". Raises typer.BadParameter."""
    from switchboard.domain.phone_numbers import e164

    number = e164(text, organisation.country) if text else ""
    if text and not number:
        raise typer.BadParameter(f"{text!r} is no telephone number", param_hint="--number")
    return number


def instant(text: str, zone: ZoneInfo, hint: str) -> datetime:
    """`2026-12-24 15:00` or a day's first instant, on the organisation's clocks. Raises typer.BadParameter."""
    from switchboard.domain.absence import first_instant

    try:
        return first_instant(text, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} — expected {TIME}, or {DAY}", param_hint=hint) from None


def day_of(text: str, zone: ZoneInfo, hint: str) -> tuple[datetime, datetime]:
    """A day's first instant, and the first after it. Raises typer.BadParameter."""
    from switchboard.domain.absence import end_instant, first_instant

    try:
        if len(text.strip()) > len("2026-12-24"):
            raise ValueError(text)
        return first_instant(text, zone).astimezone(UTC), end_instant(text, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} — expected {DAY}", param_hint=hint) from None


def as_json(appointment: Appointment, history: Sequence[Event] | None = None) -> dict[str, object]:
    """For programs."""
    booker = appointment.booker
    told: dict[str, object] = {
        "id": str(appointment.id),
        "reference": appointment.reference,
        "event_type": appointment.event_type,
        "starts": appointment.slot.start,
        "ends": appointment.slot.end,
        "resources": list(appointment.slot.resources),
        "state": appointment.state.value,
        "number": booker.number,
        "name": booker.name,
        "language": str(booker.language or ""),
        "email": booker.email,
        "note": booker.note,
        "revision": appointment.revision,
    }
    if history is not None:
        told["history"] = [
            {
                "at": each.at,
                "what": each.what,
                "who": each.who,
                "why": each.why,
                "call_id": str(each.call_id) if each.call_id else None,
                "starts": each.slot.start,
                "ends": each.slot.end,
                "resources": list(each.slot.resources),
            }
            for each in history
        ]
    return told


def line(appointment: Appointment, zone: ZoneInfo) -> str:
    """One appointment, to be printed."""
    from switchboard.commands.calls import printable

    booker = appointment.booker
    who = f"{booker.number or 'withheld'} {booker.name}".rstrip()
    at, event_type = when(appointment.slot, zone), appointment.event_type
    return printable(f"{appointment.reference}  {at}  {event_type}  {appointment.state.value:9}  {who}")


def when(slot: Slot, zone: ZoneInfo) -> str:
    """A time and with whom, on the organisation's clocks."""
    begins, ends = slot.start.astimezone(zone), slot.end.astimezone(zone)
    return f"{begins:%a %d %b %Y %H:%M}-{ends:%H:%M}  {', '.join(slot.resources)}"


def _known(text: str, known: Sequence[str], what: str, hint: str) -> str:
    if text in known:
        return text
    told = ", ".join(known) or "none: write ivr/appointments.yaml"
    raise typer.BadParameter(f"there is no {what} {text!r}: there are {told}", param_hint=hint)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
