"""`switchboard clients`: the client list, shown, imported, exported, changed one by one."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from switchboard.domain.client_csv import Known
    from switchboard.domain.clients import Client
    from switchboard.domain.organisation import Organisation
    from switchboard.postgres.clients import PostgresClients

T = TypeVar("T")
clients_app = typer.Typer(help="The client list: who calls, by number.", no_args_is_help=False)
_WHO = typer.Argument(metavar="NUMBER", help="A number of the client's in any form, or the client's code.")


def register(app: typer.Typer) -> None:
    app.add_typer(clients_app, name="clients")


@clients_app.callback(invoke_without_command=True)
def list_clients(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
) -> None:
    """List the clients, by code."""
    if context.invoked_subcommand is not None:
        return
    clients = _asked(lambda store: store.all())
    if as_json:
        _print_json([_told(client) for client in clients[:limit]])
    else:
        _print_table(clients, limit)


@clients_app.command("show")
def show(
    who: Annotated[str, _WHO], as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Show one client."""
    client = _found(who)
    if as_json:
        _print_json(_told(client))
        return
    from switchboard.commands.calls import printable

    for key, value in _told(client).items():
        told = ", ".join(value) if isinstance(value, list) else "yes" if value is True else str(value)
        if value not in (None, "", False):
            print(f"{key:9} {printable(told)}")


@clients_app.command("import")
def import_clients(
    file: Annotated[Path, typer.Argument(help="CSV; ivr/README.md, `Clients`, tells its columns.")],
    replace: Annotated[bool, typer.Option(help="Forget the clients that the file does not name.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would change, and change nothing.")] = False,
    encoding: Annotated[str, typer.Option(help="Of a file that is no Unicode: `windows-1257`.")] = "",
) -> None:
    """Add and change clients from a file: all of it, or nothing and every mistake with its line and column."""
    from switchboard.domain.client_csv import read_clients
    from switchboard.errors import SetupError
    from switchboard.postgres.clients import Imported

    try:
        content = file.read_bytes()
    except OSError as error:
        raise SetupError(f"{file}: cannot be read: {error.strerror}") from error
    found = read_clients(content, _known(), encoding)
    _refuse(f"{file}:{mistake}" for mistake in found.mistakes)
    if not found.clients and replace:
        _refuse([f"{file}:1:1: no client in it, and --replace would forget all — expected at least one"])
    came = _asked(lambda store: store.take(found.clients, replace=replace, is_trial=dry_run))
    if not isinstance(came, Imported):
        places = {each.number: ":".join(map(str, found.lines[each.number])) for each in came}
        _refuse(
            f"{file}:{places[each.number]}: {each.number} is {each.name}'s ({each.code}) — expected a number of no "
            "other client; or that client in the file, too"
            for each in came
        )
    else:
        would = "would be " if dry_run else ""
        told = f"{came.added} {would}added, {came.changed} {would}changed, {came.unchanged} are as they were"
        print(told + (f", {came.removed} {would}forgotten" if replace else ""))


@clients_app.command("export")
def export(
    excel: Annotated[bool, typer.Option(help="Semicolons, as Excel opens it where a comma divides decimals.")] = False,
) -> None:
    """Write the list as CSV to standard output; `import` takes it back."""
    from switchboard.domain.client_csv import write_clients

    text = write_clients(_asked(lambda store: store.all()), delimiter=";" if excel else ",")
    sys.stdout.buffer.write(text.encode("utf-8-sig" if excel else "utf-8"))


@clients_app.command("set")
def set_client(
    who: Annotated[str, _WHO],
    name: Annotated[str | None, typer.Option(help="As told to whoever answers.")] = None,
    class_: Annotated[str | None, typer.Option("--class", help="One of organisation.yaml.")] = None,
    numbers: Annotated[str | None, typer.Option("--numbers", help="All numbers, divided by `|`.")] = None,
    manager: Annotated[str | None, typer.Option(help="A person's id; `''`: nobody.")] = None,
    language: Annotated[str | None, typer.Option(help="`et`; `''`: that of the number dialled.")] = None,
    vip: Annotated[bool | None, typer.Option(help="A client to be careful of.")] = None,
    note: Annotated[str | None, typer.Option(help="For whoever answers.")] = None,
    standing: Annotated[str | None, typer.Option(help="`ok`, `overdue`, `over_limit`.")] = None,
    owed: Annotated[str | None, typer.Option(help="An amount such as 1250.00.")] = None,
    since: Annotated[str | None, typer.Option(help="A date such as 2026-03-01.")] = None,
) -> None:
    """Change a client, or add one: NUMBER is then its first number, and --name and --class are needed."""
    from switchboard.domain.client_csv import COLUMNS, read_clients, write_clients
    from switchboard.postgres.clients import Imported

    known = _known()
    before = _asked(lambda store: store.find(_key(who, known)))
    said = {
        "name": name, "class": class_, "number": numbers, "manager": manager, "language": language, "note": note,
        "vip": None if vip is None else "yes" if vip else "no", "standing": standing, "owed": owed, "since": since,
    }  # fmt: skip
    cells = _cells(write_clients([before])) if before else {"number": who}
    if standing == "ok":
        cells |= {"owed": "", "since": ""}
    cells |= {column: value for column, value in said.items() if value is not None}
    found = read_clients(_line([*COLUMNS], cells), known)
    columns = dict(enumerate(COLUMNS, 1))
    _refuse(f"--{columns[each.column]}: {each.text} — expected {each.expected}" for each in found.mistakes)
    came = _asked(lambda store: store.take(found.clients))
    if not isinstance(came, Imported):
        _refuse(f"--numbers: {each.number} is {each.name}'s ({each.code}) — expected another" for each in came)
    else:
        told = "added" if came.added else "changed" if came.changed else "is so already"
        print(f"{found.clients[0].code} {found.clients[0].name}: {told}")


@clients_app.command("remove")
def remove(who: Annotated[str, _WHO]) -> None:
    """Forget a client. Records of calls stay as they are."""
    client = _found(who)
    _asked(lambda store: store.remove(client.code))
    print(f"{client.code} {client.name}: forgotten")


def organisation_served() -> Organisation:
    """That of the live version, else of the settings' folder."""
    from switchboard.machine.account import folders_of
    from switchboard.serving import configuration_to_serve
    from switchboard.settings import load

    settings = load()
    configuration, _, _ = configuration_to_serve(settings, folders_of(settings))
    return configuration.organisation


def _known() -> Known:
    from switchboard.domain.client_csv import Known

    organisation = organisation_served()
    return Known(organisation.country, [*organisation.client_classes], [*organisation.people], organisation.languages)


def _key(who: str, known: Known) -> str:
    from switchboard.domain.phone_numbers import e164

    return e164(who, known.country) or who.strip()


def _found(who: str) -> Client:
    client = _asked(lambda store: store.find(_key(who, _known())))
    if client is None:
        raise typer.BadParameter(f"no client has the number or code {who!r}", param_hint="NUMBER")
    return client


def _asked(question: Callable[[PostgresClients], Awaitable[T]]) -> T:
    import asyncio

    from switchboard.commands.calls import database_url
    from switchboard.postgres.clients import PostgresClients

    async def ask() -> T:
        async with PostgresClients(database_url()) as store:
            return await question(store)

    return asyncio.run(ask())


def _cells(text: str) -> dict[str, str]:
    import csv
    import io

    return next(csv.DictReader(io.StringIO(text)))


def _line(columns: Sequence[str], cells: dict[str, str]) -> bytes:
    import csv
    import io

    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerow([cells.get(column, "") for column in columns])
    return written.getvalue().encode()


def _refuse(lines: Iterable[str]) -> None:
    """Say what is wrong and end, if anything is."""
    told = list(lines)
    for line in told:
        print(line, file=sys.stderr)
    if told:
        print(f"Nothing was changed: {len(told)} mistake{'s' if len(told) > 1 else ''}.", file=sys.stderr)
        raise typer.Exit(1)


def _told(client: Client) -> dict[str, Any]:
    return {
        "code": client.code,
        "name": client.name,
        "numbers": [*client.numbers],
        "class": client.client_class,
        "manager": client.manager or None,
        "language": client.language,
        "vip": client.vip,
        "note": client.note or None,
        "standing": client.standing.value,
        "owed": None if client.owed is None else str(client.owed),
        "since": None if client.since is None else client.since.isoformat(),
    }


def _print_json(value: object) -> None:
    import orjson

    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _print_table(clients: Sequence[Client], limit: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from switchboard.commands.calls import printable

    console = Console(highlight=False)
    if not clients:
        console.print("No clients. `switchboard clients import FILE.csv` takes a list.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("code", "name", "numbers", "class", "manager", "language", "standing", "note"):
        table.add_column(heading, no_wrap=heading in ("code", "class"))
    for client in clients[:limit]:
        standing = client.standing.value.replace("_", " ") + (f" {client.owed}" if client.owed is not None else "")
        cells = (
            client.code,
            client.name + (" (VIP)" if client.vip else ""),
            ", ".join(client.numbers),
            client.client_class,
            client.manager,
            client.language or "",
            standing,
            client.note,
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console.print(table)
    if len(clients) > limit:
        console.print(f"… and {len(clients) - limit} more (--limit)")
