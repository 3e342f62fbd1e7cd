"""A version as somebody names it on the command line: a folder, `live`, or the beginning of a kept version's id."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from switchboard.flows.configuration import Configuration

LIVE = "live"


def configuration_named(name: str, prompts: Path | None = None) -> Configuration:
    """The configuration of that name; for a folder as draft.py says.

    Raises ConfigurationError where its YAML is wrong, typer.BadParameter where there is no such folder or version.
    """
    from switchboard.commands.draft import load_draft
    from switchboard.flows.versions import kept_versions, live_version, load_version
    from switchboard.machine.account import folders_of
    from switchboard.settings import load

    if Path(name).is_dir():
        return load_draft(Path(name), prompts)
    versions = folders_of(load()).versions
    if name == LIVE:
        live = live_version(versions)
        if live is None:
            raise typer.BadParameter("nothing is live yet: name a folder")
        return load_version(versions, live)
    matching = [version for version in kept_versions(versions) if version.startswith(name)] if name else []
    if len(matching) == 1:
        return load_version(versions, matching[0])
    several = f"; several versions begin so: {', '.join(matching)}" if matching else ""
    raise typer.BadParameter(f"{name!r} is neither a folder, nor `live`, nor the id of a kept version{several}")
