"""`switchboard schema`: the YAML files as JSON Schema, for editors that complete and check while you type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from switchboard.flows.json_types import Names


def register(app: typer.Typer) -> None:
    app.command("schema")(schema)


def schema(
    what: Annotated[
        str,
        typer.Argument(metavar="[WHAT]", help="organisation, people, hours, facts, flow, piece or texts; else all."),
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="Write into this folder, a file each.")
    ] = None,
    ivr: Annotated[
        Path | None, typer.Option("--for", metavar="FOLDER", help="Know this configuration folder's names, too.")
    ] = None,
    prompts: Annotated[Path | None, typer.Option(help="The prompts' folder of `--for`; default: beside it.")] = None,
) -> None:
    """Print the YAML files as JSON Schema (draft-07), for editors that complete and check while you type.

    With `-o` it is written into a folder, and what to tell the editor is printed. Exit status 0, or 2 if there is no
    such file.
    """
    import sys

    from switchboard.flows.json_schema_files import FILES
    from switchboard.flows.json_types import Names

    if what and what not in FILES:
        print(f"switchboard: no schema of {what!r}; there are {', '.join(FILES)}", file=sys.stderr)
        raise typer.Exit(2)
    names = _names(ivr, prompts) if ivr else Names()
    schemas = {name: file.make(names) for name, file in FILES.items() if name == (what or name)}
    if output is None:
        print(_written(schemas[what] if what else schemas), end="")
        return
    output.mkdir(parents=True, exist_ok=True)
    for name, made in schemas.items():
        (output / f"{name}.json").write_text(_written(made), "utf-8")
    print('"yaml.schemas": {')
    for name in schemas:
        print(f'  "{output / name}.json": "{FILES[name].files}",')
    print("}")


def _names(ivr: Path, prompts: Path | None) -> Names:
    from switchboard.commands.draft import draft_folders
    from switchboard.flows.folder_names import names_of

    return names_of(*draft_folders(ivr, prompts))


def _written(schema: object) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
