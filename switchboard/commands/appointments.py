"""`switchboard appointments`: what is booked, when something is free, and every change told with who and why."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from switchboard.commands import appointment_desk
from switchboard.commands.appointment_desk import EVER, Opened, as_json, day_of, line, when, with_calendars
from switchboard.commands.appointment_feed import feed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from switchboard.domain.appointment import Appointment, ChangedBy, Slot
    from switchboard.domain.appointment_history import Event
    from switchboard.services.book_for_client import NotFree

appointments_app = typer.Typer(help="Appointments, and when something is free.", no_args_is_help=False)
_WHICH = typer.Argument(metavar="REF", help="Its reference of six digits, or its id.")
_WHY = typer.Option("--why", help="The reason, for the record.")
_AS = typer.Option("--as", help="Who you are; default: this account's name.")
_TIME = typer.Argument(metavar="TIME", help="When it begins: `2026-12-24 15:00` on the organisation's clocks.")
_WITH = typer.Option("--with", help="Only with this person or room: a resource's id.")
_JSON = typer.Option("--json", help="For programs.")
MOST = 10_000
LONGEST = 300  # characters of what is noted of a client


appointments_app.command("feed")(feed)


def register(app: typer.Typer) -> None:
    app.add_typer(appointments_app, name="appointments")


@appointments_app.callback(invoke_without_command=True)
def list_appointments(
    context: typer.Context,
    day: Annotated[str, typer.Option(help="Only of a day, past ones too: `2026-12-24`.")] = "",
    resource: Annotated[str, _WITH] = "",
    number: Annotated[str, typer.Option(help="Only of whoever has this telephone number.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Past and cancelled ones, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most so many.")] = 50,
    as_json_: Annotated[bool, _JSON] = False,
) -> None:
    """List appointments that are not over, the next first."""
    if context.invoked_subcommand is not None:
        return
    found, zone = with_calendars(lambda opened: _listed(opened, day, resource, number, everything, limit))
    if as_json_:
        _print_json([as_json(each) for each in found])
        return
    for each in found:
        print(line(each, zone))
    if not found:
        print("No appointments.")


@appointments_app.command("show")
def show(which: Annotated[str, _WHICH], as_json_: Annotated[bool, _JSON] = False) -> None:
    """Show one appointment, and who did what to it."""
    from switchboard.commands.calls import printable

    async def ask(opened: Opened) -> tuple[Appointment, Sequence[Event], ZoneInfo]:
        found = await opened.named(which)
        return found, await opened.listing.history(found.id), opened.zone

    found, history, zone = with_calendars(ask)
    if as_json_:
        _print_json(as_json(found, history))
        return
    print(line(found, zone))
    for key in ("name", "number", "email", "language", "note", "id", "revision"):
        if value := as_json(found)[key]:
            print(f"{key:9} {printable(value)}")
    for each in history:
        told = f"{each.who}: {each.what}, {when(each.slot, zone)}  {each.why}"
        print(f"  {each.at.astimezone(zone):%Y-%m-%d %H:%M}  {printable(told)}".rstrip())


@appointments_app.command("slots")
def slots(
    event_type: Annotated[str, typer.Argument(help="What is to be booked: an event type's id.")],
    since: Annotated[str, typer.Option("--from", help="From when on: `2026-12-24`, or with a time.")] = "",
    resource: Annotated[str, _WITH] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    as_json_: Annotated[bool, _JSON] = False,
) -> None:
    """List when something is free, the earliest first."""

    async def ask(opened: Opened) -> tuple[Sequence[Slot], ZoneInfo]:
        wanted = appointment_desk.event_type_named(opened.organisation, event_type)
        after = appointment_desk.instant(since, opened.zone, "--from") if since else opened.now
        whom = appointment_desk.resource_named(opened.organisation, resource)
        return await opened.desk.slots(wanted, after, None, whom, limit), opened.zone

    found, zone = with_calendars(ask)
    if as_json_:
        _print_json([{"starts": each.start, "ends": each.end, "resources": list(each.resources)} for each in found])
        return
    for each in found:
        print(when(each, zone))
    if not found:
        print("Nothing is free.")


@appointments_app.command("book")
def book(
    event_type: Annotated[str, typer.Argument(help="What is booked: an event type's id.")],
    time: Annotated[str, _TIME],
    number: Annotated[str, typer.Option(help="The client's telephone number.")] = "",
    name: Annotated[str, typer.Option(help="The client's name.")] = "",
    email: Annotated[str, typer.Option(help="Where the client is written to.")] = "",
    language: Annotated[str, typer.Option(help="The client's, such as `et`; default: the organisation's.")] = "",
    note: Annotated[str, typer.Option(help="What whoever it is with should know.")] = "",
    resource: Annotated[str, _WITH] = "",
    why: Annotated[str | None, _WHY] = None,
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Book an appointment for a client."""
    from switchboard.domain.appointment import Booker
    from switchboard.domain.language import Language

    by = _by(who, why)
    if not number and not name:
        raise typer.BadParameter("say whom it is for", param_hint="--name or --number")

    async def ask(opened: Opened) -> tuple[Appointment | NotFree, ZoneInfo]:
        organisation = opened.organisation
        if language and Language(language) not in organisation.languages:
            known = ", ".join(organisation.languages)
            raise typer.BadParameter(f"{language!r} — expected one of {known}", param_hint="--language")
        told = (_text(each, option) for each, option in ((name, "--name"), (email, "--email"), (note, "--note")))
        client = Booker(
            appointment_desk.number_named(organisation, number),
            next(told),
            Language(language) if language else None,
            *told,
        )
        wanted = appointment_desk.event_type_named(organisation, event_type)
        start = appointment_desk.instant(time, opened.zone, "TIME")
        whom = appointment_desk.resource_named(organisation, resource)
        return await opened.desk.book(wanted, start, whom, client, by), opened.zone

    _tell("booked", *with_calendars(ask))


@appointments_app.command("move")
def move(
    which: Annotated[str, _WHICH],
    time: Annotated[str, _TIME],
    resource: Annotated[str, _WITH] = "",
    why: Annotated[str | None, _WHY] = None,
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Move an appointment to another time, or to somebody else."""
    by = _by(who, why)

    async def ask(opened: Opened) -> tuple[Appointment | NotFree, ZoneInfo]:
        found = await opened.named(which)
        appointment_desk.event_type_named(opened.organisation, found.event_type)
        start = appointment_desk.instant(time, opened.zone, "TIME")
        whom = appointment_desk.resource_named(opened.organisation, resource)
        if not found.state.is_promised:
            raise typer.BadParameter(f"{which!r} is {found.state.value}", param_hint="REF")
        return await opened.desk.move(found, start, whom, by), opened.zone

    _tell("moved", *with_calendars(ask))


@appointments_app.command("cancel")
def cancel(
    which: Annotated[str, _WHICH], why: Annotated[str | None, _WHY] = None, who: Annotated[str | None, _AS] = None
) -> None:
    """Cancel an appointment. Its time is free at once."""
    by = _by(who, why)

    async def ask(opened: Opened) -> tuple[Appointment, ZoneInfo]:
        found = await opened.named(which)
        if found.state.is_promised and found.slot.end <= opened.now:
            raise typer.BadParameter(f"{which!r} is over", param_hint="REF")
        return await opened.appointments.cancel(found.id, by) or found, opened.zone

    _tell("cancelled", *with_calendars(ask))


@appointments_app.command("export")
def export(
    form: Annotated[str, typer.Argument(metavar="FORM", help="`csv` or `ics` (iCalendar).")],
    since: Annotated[str, typer.Option("--from", help="The first day: `2026-12-24`; default: today.")] = "",
    until: Annotated[str, typer.Option("--until", help="The last day.")] = "",
    resource: Annotated[str, _WITH] = "",
) -> None:
    """Write appointments to standard output: as CSV, or as iCalendar for any calendar to import."""
    from switchboard.commands.appointment_export import as_csv, as_icalendar
    from switchboard.domain.appointment_history import Wanted

    if form not in ("csv", "ics"):
        raise typer.BadParameter(f"{form!r} — expected `csv` or `ics`", param_hint="FORM")

    async def ask(opened: Opened) -> bytes:
        first = day_of(since or f"{opened.now.astimezone(opened.zone):%Y-%m-%d}", opened.zone, "--from")[0]
        last = day_of(until, opened.zone, "--until")[1] if until else opened.now + EVER
        whom = appointment_desk.resource_named(opened.organisation, resource)
        found: list[Appointment] = []
        after = None
        while page := await opened.listing.listed(Wanted(first, last, whom, with_cancelled=form == "csv"), MOST, after):
            found += page
            after = page[-1].slot.start, page[-1].id
        if form == "csv":
            return as_csv(found, opened.zone)
        return as_icalendar(found, opened.organisation, opened.zone, opened.now)

    sys.stdout.buffer.write(with_calendars(ask))
    sys.stdout.flush()


async def _listed(
    opened: Opened, day: str, resource: str, number: str, everything: bool, limit: int
) -> tuple[Sequence[Appointment], ZoneInfo]:
    from switchboard.domain.appointment_history import Wanted

    begin, end = (opened.now - EVER if everything else opened.now), opened.now + EVER
    if day:
        begin, end = day_of(day, opened.zone, "--day")
    whom = appointment_desk.resource_named(opened.organisation, resource)
    of = appointment_desk.number_named(opened.organisation, number)
    return await opened.listing.listed(Wanted(begin, end, whom, of, with_cancelled=everything), limit), opened.zone


def _by(who: str | None, why: str | None) -> ChangedBy:
    from switchboard.commands.acting import reason, who_acts
    from switchboard.domain.appointment import ChangedBy

    return ChangedBy(who_acts(who), reason(why))


def _text(text: str, option: str) -> str:
    """In one line that Postgres can keep. Raises typer.BadParameter."""
    one_line = " ".join(text.split())
    if len(one_line) > LONGEST or not one_line.isprintable() or (option == "--email" and not _is_address(one_line)):
        expected = "an address of mail" if option == "--email" else f"up to {LONGEST} printable characters"
        raise typer.BadParameter(f"expected {expected}", param_hint=option)
    return one_line


def _is_address(text: str) -> bool:
    return not text or re.fullmatch(r"[^\s@<>\"',;:]{1,64}@[^\s@<>\"',;:]{1,250}", text) is not None


def _tell(what: str, found: Appointment | NotFree, zone: ZoneInfo) -> None:
    """What was done; exit status 1 where the time is not to be had."""
    from switchboard.services.book_for_client import NotFree

    if not isinstance(found, NotFree):
        print(f"{what}: {line(found, zone)}")
        return
    print("that time is not free" + ("; these are:" if found.alternatives else ", and no other is"), file=sys.stderr)
    for each in found.alternatives:
        print(f"  {when(each, zone)}", file=sys.stderr)
    raise typer.Exit(1)


def _print_json(value: object) -> None:
    import orjson

    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
