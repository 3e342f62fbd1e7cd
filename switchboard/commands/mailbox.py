"""`switchboard mailbox`: PINs and locks of mailboxes, and what happened to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from switchboard.domain.organisation import Organisation
    from switchboard.ports import Hearer
    from switchboard.postgres.mailboxes import PostgresMailboxes

T = TypeVar("T")
mailbox_app = typer.Typer(help="Mailboxes: PINs, locks, who opened them.", no_args_is_help=False)
_EXTENSION = typer.Argument(metavar="EXTENSION", help="The desk phone whose mailbox it is.")
_AS = typer.Option("--as", help="Who you are; default: this account's name.")


def register(app: typer.Typer) -> None:
    app.add_typer(mailbox_app, name="mailbox")


@mailbox_app.callback(invoke_without_command=True)
def list_mailboxes(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """List mailboxes that can be heard from outside, or are locked."""
    if context.invoked_subcommand is not None:
        return
    from switchboard.commands.calls import printable

    organisation, rows = _with_mailboxes(lambda mailboxes: mailboxes.known())
    if as_json:
        import orjson

        print(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    for row in rows:
        print(printable(f"{row['extension']:6}  {_owner(organisation, row['extension']):24}  {_told(row)}"))
    if not rows:
        print("Nobody has set a PIN: every mailbox is heard at its own phone only.")


@mailbox_app.command("pin")
def pin(
    extension: Annotated[str, _EXTENSION],
    remove: Annotated[bool, typer.Option("--remove", help="No PIN: heard at its own phone only.")] = False,
    who: Annotated[str | None, _AS] = None,
) -> None:
    """Choose a mailbox's PIN, asked for twice or read from standard input. It opens one that was locked."""
    from switchboard.commands.people_named import organisation_served

    _check(organisation_served(), extension)
    chosen = "" if remove else _asked(extension)
    by = _by(who, extension)
    _with_mailboxes(lambda mailboxes: mailboxes.set_pin(extension, chosen, by))
    print(f"{extension}: {'no PIN any more' if remove else 'PIN set'}")


@mailbox_app.command("unlock")
def unlock(extension: Annotated[str, _EXTENSION], who: Annotated[str | None, _AS] = None) -> None:
    """Open a mailbox that wrong PINs have locked."""
    by = _by(who, extension)
    organisation, was_locked = _with_mailboxes(lambda mailboxes: mailboxes.pins.unlock(extension, by))
    _check(organisation, extension)
    print(f"{extension}: {'open again' if was_locked else 'was not locked'}")


@mailbox_app.command("log")
def log(
    extension: Annotated[str, _EXTENSION],
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many lines.")] = 50,
) -> None:
    """Who opened a mailbox or was refused, from where, and what was changed: the latest first."""
    from zoneinfo import ZoneInfo

    import orjson

    from switchboard.commands.calls import printable

    organisation, events = _with_mailboxes(lambda mailboxes: mailboxes.events(extension, limit))
    zone = ZoneInfo(organisation.timezone)
    for event in events:
        detail = orjson.loads(event["detail"])
        whence, why = detail.get("from", ""), detail.get("why", "")
        at = event["at"].astimezone(zone)
        print(printable(f"{at:%Y-%m-%d %H:%M:%S}  {event['what']:18}  {event['who']}, {whence}  {why}".rstrip()))


def _asked(extension: str) -> str:
    """The PIN as it was typed, twice, or as it came by a pipe. Raises typer.BadParameter for one that is no good."""
    import sys

    from switchboard.commands.people_named import organisation_served
    from switchboard.domain.pin import LONGEST, SHORTEST, weakness

    if sys.stdin.isatty():
        chosen = typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    else:
        chosen = sys.stdin.readline().strip()
    why = weakness(chosen, extension, organisation_served().numbers)
    if why is not None:
        text = f"too easily guessed ({why.value}): choose {SHORTEST} to {LONGEST} other digits"
        raise typer.BadParameter(text, param_hint="PIN")
    return str(chosen)


def _check(organisation: Organisation, extension: str) -> None:
    if extension not in organisation.phones:
        known = ", ".join(organisation.phones)
        raise typer.BadParameter(f"no desk phone is {extension!r}: give one of {known}", param_hint="EXTENSION")


def _by(who: str | None, extension: str) -> Hearer:
    from switchboard.commands.acting import who_acts
    from switchboard.ports import Hearer

    return Hearer(who_acts(who), "the command line", extension)


def _owner(organisation: Organisation, extension: str) -> str:
    person = organisation.person_at(extension)
    return person.name if person else "a place's phone"


def _told(row: Mapping[str, Any]) -> str:
    has_pin = "PIN set" if row["has_pin"] else "no PIN"
    return f"{has_pin}, locked until {row['locked_until']:%Y-%m-%d %H:%M} UTC" if row["is_locked"] else has_pin


def _with_mailboxes(
    do: Callable[[PostgresMailboxes], Awaitable[T]],
) -> tuple[Organisation, T]:
    """What comes of it, and the organisation. Raises RecordsUnreachable."""
    import asyncio
    from datetime import UTC, datetime

    from switchboard.commands.calls import database_url
    from switchboard.commands.people_named import organisation_served
    from switchboard.machine.account import folders_of
    from switchboard.postgres.mailboxes import PostgresMailboxes
    from switchboard.settings import load

    class Now:
        def now(self) -> datetime:
            """The instant, in UTC."""
            return datetime.now(UTC)

    organisation = organisation_served()

    def person_at(extension: str) -> str:
        person = organisation.person_at(extension)
        return person.id if person else ""

    async def done() -> T:
        mailboxes = PostgresMailboxes(database_url(), folders_of(load()).messages, Now(), person_at)
        try:
            return await do(mailboxes)
        finally:
            await mailboxes.close()

    return organisation, asyncio.run(done())
