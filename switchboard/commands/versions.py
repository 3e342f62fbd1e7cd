"""`switchboard versions`: what has been live, since when, by whom and why; and the files of each version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from switchboard.domain.publication import Publication
    from switchboard.flows.content import Manifest
    from switchboard.folders import Folders
    from switchboard.postgres.versions import PostgresVersions

T = TypeVar("T")
versions_app = typer.Typer(help="Versions of the configuration: what was live when.", no_args_is_help=False)


def register(app: typer.Typer) -> None:
    app.add_typer(versions_app, name="versions")


@versions_app.callback(invoke_without_command=True)
def list_versions(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
) -> None:
    """List what became live, newest first: when, by whom, why. The version that is live is marked."""
    if context.invoked_subcommand is not None:
        return
    import asyncio

    from switchboard.commands import publication_note as note
    from switchboard.flows.versions import live_version

    folders = _folders()
    live = live_version(folders.versions)
    rows = list(asyncio.run(_publications(limit)))
    begun = note.begun(folders.versions)
    if begun is not None and begun.version == live and begun.id not in {row.id for row in rows}:
        rows.insert(0, begun)  # Postgres was away when it became live
    if as_json:
        _print_json(rows, live)
    else:
        _print_table(rows, live)


@versions_app.command("show")
def show(
    version: Annotated[str, typer.Argument(help="As much of its name as is unique, or `live`.")],
    file: Annotated[str | None, typer.Argument(help="Print this file of it.")] = None,
) -> None:
    """List a version's files, or print one of them as it was."""
    import asyncio
    import sys

    content = asyncio.run(_content(_folders(), version, file))
    if isinstance(content, bytes):
        sys.stdout.buffer.write(content)
        return
    for name, digest in content.items():
        print(f"{digest.size:>10}  {name}")


def _folders() -> Folders:
    from switchboard.machine.account import folders_of
    from switchboard.settings import load

    return folders_of(load())


def _store() -> PostgresVersions:
    from switchboard.machine.account import folders_of
    from switchboard.machine.running import database_url
    from switchboard.postgres.versions import PostgresVersions
    from switchboard.settings import load

    settings = load()
    return PostgresVersions(database_url(settings, folders_of(settings)))


async def _publications(limit: int) -> Sequence[Publication]:
    async with _store() as store:
        return await store.publications(limit)


async def _content(folders: Folders, wanted: str, file: str | None) -> Manifest | bytes:
    """The version's files, or the content of one: from the disk where it is kept there, else from Postgres."""
    from switchboard.flows.content import digest_of, files_of
    from switchboard.flows.versions import kept_versions, live_version, version_folders

    kept = kept_versions(folders.versions)
    if wanted == "live":
        wanted = live_version(folders.versions) or wanted
    names = [version for version in kept if version.startswith(wanted)]
    if len(names) == 1:
        paths = files_of(*version_folders(folders.versions, names[0]))
        if file is None:
            return {name: digest_of(path) for name, path in paths.items()}
        return _one(paths, file).read_bytes()
    async with _store() as store:
        names = sorted({*names, *(await store.beginning(wanted) if wanted.isalnum() else ())})
        manifest = await store.manifest(names[0]) if len(names) == 1 else None
        if manifest is None:
            several = "several versions begin" if names else "no version begins"
            raise typer.BadParameter(f"{several} with {wanted!r}", param_hint="VERSION")
        return manifest if file is None else await store.file(_one(manifest, file))


def _one(files: Mapping[str, T], name: str) -> T:
    """The file of this name."""
    if name not in files:
        import difflib

        near = difflib.get_close_matches(name, files, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise typer.BadParameter(f"the version has no {name!r}{hint}", param_hint="FILE")
    return files[name]


def _print_json(rows: Sequence[Publication], live: str | None) -> None:
    import orjson

    newest = _newest_of(rows, live)
    values = [
        {
            "version": row.version,
            "live": row is newest,
            "at": row.at,
            "who": row.who,
            "why": row.why,
            "kind": row.kind,
            "was": row.was,
        }
        for row in rows
    ]
    print(orjson.dumps(values, option=orjson.OPT_INDENT_2).decode())


def _print_table(rows: Sequence[Publication], live: str | None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from switchboard.commands.calls import printable

    console = Console(highlight=False)
    newest = _newest_of(rows, live)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "version", "live since", "how", "who", "why"):
        table.add_column(heading, no_wrap=heading in ("version", "live since"))
    for row in rows:
        mark = "live" if row is newest else ""
        cells = (mark, row.version, f"{row.at.astimezone():%Y-%m-%d %H:%M:%S}", row.kind, row.who, row.why)
        table.add_row(*(Text(printable(cell), "bold" if mark else "") for cell in cells))
    console.print(table if rows else "Nothing has been live yet.")
    if live is not None and newest is None:
        console.print(f"live: {live}")


def _newest_of(rows: Sequence[Publication], live: str | None) -> Publication | None:
    return next((row for row in rows if row.version == live), None)
