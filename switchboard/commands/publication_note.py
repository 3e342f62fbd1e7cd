"""The newest publication, noted beside the versions on disk: it outlives a kill, and can be told without Postgres.

`publication.begun` is written before anything else changes, and becomes `publication.noted` when Postgres has it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import structlog

from switchboard.domain.publication import Publication, PublicationKind, new_publication
from switchboard.errors import SetupError
from switchboard.flows.version_copy import sync_folder
from switchboard.flows.versions import live_version, version_folders, write_whole
from switchboard.postgres.versions import PostgresVersions

BEGUN, NOTED = "publication.begun", "publication.noted"

log = structlog.get_logger(__name__)


def begin(versions: Path, publication: Publication) -> None:
    """Note what is going to be done. Raises SetupError."""
    values = {
        "id": str(publication.id),
        "at": publication.at.isoformat(),
        "version": publication.version,
        "was": publication.was,
        "who": publication.who,
        "why": publication.why,
        "kind": publication.kind.value,
    }
    write_whole(versions / BEGUN, json.dumps(values, indent=1) + "\n")


def begun(versions: Path) -> Publication | None:
    """The publication that was begun, and is not in Postgres yet."""
    return _read(versions / BEGUN)


def finish(versions: Path) -> None:
    """What was begun is in Postgres now. Raises SetupError."""
    try:
        (versions / BEGUN).replace(versions / NOTED)
        sync_folder(versions)
    except OSError as error:
        raise SetupError(f"cannot write {versions / NOTED}: {error.strerror}") from error


def drop(versions: Path) -> None:
    """What was begun did not happen."""
    (versions / BEGUN).unlink(missing_ok=True)


def newest(versions: Path, live: str | None) -> Publication | None:
    """How the live version became so; None if that is noted in Postgres alone."""
    for publication in (_read(versions / BEGUN), _read(versions / NOTED)):
        if publication is not None and publication.version == live:
            return publication
    return None


async def record_live(versions: Path, store: PostgresVersions) -> None:
    """See that Postgres has the live version, and how it became so. Call it while `publishing`.

    Raises ConfigurationError if it can't be told what is live, or if that is damaged; RecordsUnreachable.
    """
    live = live_version(versions)
    if live is None:
        return
    publication = begun(versions)
    if publication is None or publication.version != live:
        if await store.last_publication(live) is not None:
            return
        publication = newest(versions, live) or new_publication(
            live,
            None,
            who="switchboard",
            why="it was live, and nobody had noted why",
            kind=PublicationKind.FOUND,
            at=datetime.now(UTC),
        )
        begin(versions, publication)
    await store.keep(live, *version_folders(versions, live))
    await store.note(publication)
    finish(versions)


def drop_unfinished(versions: Path, live: str | None) -> str:
    """Drop the note of what was begun and never became live; what to say of it. Call it while `publishing`."""
    unfinished = begun(versions)
    if unfinished is None or unfinished.version == live:
        return ""
    drop(versions)
    return (
        f"A {unfinished.kind} of version {unfinished.version} by {unfinished.who} "
        f"({unfinished.at.astimezone():%Y-%m-%d %H:%M}) was broken off: it did not happen."
    )


def _read(path: Path) -> Publication | None:
    try:
        values = json.loads(path.read_text("utf-8"))
        return Publication(
            id=UUID(values["id"]),
            at=datetime.fromisoformat(values["at"]),
            version=str(values["version"]),
            was=None if values["was"] is None else str(values["was"]),
            who=str(values["who"]),
            why=str(values["why"]),
            kind=PublicationKind(values["kind"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning("publication_note_unreadable", file=str(path), error=str(error))
        return None
