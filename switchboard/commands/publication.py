"""Making a version live: the order of the steps, and what becomes of it if we are killed between two of them.

1.  Take the lock of this machine (a file) and that of the database. Who comes second is refused. Postgres does not
    answer: refused, before anything has changed.
2.  Settle what a killed one has left (below).
3.  Copy the folder, beside; load the copy, check the copy, speak the prompts that are missing (a text's recording has a
    name of its own, so nobody hears these yet). Anything wrong: refused, and the copy is gone. What was checked is the
    copy: whoever edits the folder meanwhile changes nothing.
4.  Give the copy its name; keep it in Postgres. Killed from here on: a version more is kept. Nobody uses it, and it is
    removed in time.
5.  Write the note of what is begun: which version, who, when, why. From here on a kill leaves the note.
6.  Speak what is spoken otherwise now: recordings that were replaced keep their names. Late, because callers of the old
    version hear these, too.
7.  Have the controller serve it. It loads, tells Asterisk, serves, or refuses and keeps the old one; then the note is
    dropped, what step 6 changed is spoken as before, and that is all.
8.  Make it the live one on disk: what the next start serves. Not before step 7: a version that the controller can't
    serve must not meet the next start either.
9.  The row in Postgres; the note becomes the note of the live version.

Settling, by the next publication or the next start: a note whose version is live was killed after 8: step 9 is made up
for. One that the controller serves was killed after 7: steps 8 and 9 are. Any other did not happen: the controller is
told to serve what is live (it may be changing over at this moment, for somebody who is no more), the note is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from switchboard.commands import publication_note as note
from switchboard.commands.check import examined
from switchboard.commands.preparation import Place, Tell, speak_missing, speak_stale
from switchboard.commands.publication_note import drop_unfinished, record_live
from switchboard.domain.publication import Publication, PublicationKind, new_publication
from switchboard.errors import ConfigurationError, RecordsUnreachable, SetupError
from switchboard.flows.configuration import Configuration
from switchboard.flows.problems import Problem, Severity
from switchboard.flows.version_copy import copied, new_copy
from switchboard.flows.versions import (
    kept_versions,
    live_version,
    load_version,
    prune,
    publishing,
    set_live,
    version_folders,
)
from switchboard.machine.controller_link import Reloaded, ReloadRefused, controller_status, reload_controller
from switchboard.machine.running import database_url, is_alive, read_running
from switchboard.postgres.migrate import migrate
from switchboard.postgres.versions import PostgresVersions

CONTROLLER_STARTS_WITHIN = 15.0  # seconds we wait for a controller that is being started


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants it, and why."""

    who: str
    why: str


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    version: str
    publication: Publication | None = None  # None: it was live already
    reloaded: Reloaded | None = None  # None: no controller runs
    warnings: Sequence[Problem] = ()
    remarks: list[str] = field(default_factory=list)


async def publish(place: Place, ivr: Path, prompts: Path, wish: Wish, tell: Tell) -> Outcome:
    """Make these folders' content the live version.

    Raises ConfigurationError with all problems, RecordsUnreachable, or SetupError; the old version goes on then.
    """
    async with _alone(place) as (store, remarks):
        with copied(place.folders.versions, ivr, prompts) as copy:
            configuration = copy.load()
            findings = copy.as_in_origin(_findings(configuration, version_prompts(copy.folder)))
            if any(each.severity is Severity.ERROR for each in findings):
                raise ConfigurationError(findings)
            speak_missing(configuration, place.folders, version_prompts(copy.folder), tell)
            copy.keep()
        outcome = await _go_live(place, store, configuration, wish, PublicationKind.PUBLISH, tell)
        outcome.warnings, outcome.remarks = findings, remarks + outcome.remarks
        return outcome


async def rollback(place: Place, wanted: str | None, wish: Wish, tell: Tell) -> Outcome:
    """Make a version live again: the one whose name begins so, or the one that the live version replaced.

    What `check` finds in it does not keep it back: it has served before, and whoever goes back is in a hurry. Raises as
    `publish`.
    """
    async with _alone(place) as (store, remarks):
        version = await _resolve(place, store, wanted) if wanted else await _previous(place, store)
        await bring_back(place.folders.versions, store, version)
        configuration = load_version(place.folders.versions, version)
        _, kept_prompts = version_folders(place.folders.versions, version)
        findings = _findings(configuration, kept_prompts)
        speak_missing(configuration, place.folders, kept_prompts, tell)
        outcome = await _go_live(place, store, configuration, wish, PublicationKind.ROLLBACK, tell)
        outcome.warnings, outcome.remarks = findings, remarks + outcome.remarks
        return outcome


def version_prompts(folder: Path) -> Path:
    """The prompts' folder of a copy or a version."""
    return folder / "prompts"


async def bring_back(versions: Path, store: PostgresVersions, version: str) -> None:
    """Have an intact copy on disk, from Postgres where there is none. Raises ConfigurationError if nobody has one."""
    try:
        load_version(versions, version)
        return
    except ConfigurationError as error:
        manifest = await store.manifest(version)
        if manifest is None:
            raise ConfigurationError([f"{error}; the database does not have it either"]) from error
    with new_copy(versions) as copy:
        for name, digest in manifest.items():
            copy.add(name, [await store.file(digest)])
        if copy.version != version:
            raise ConfigurationError([f"version {version} is damaged in the database, too"])
        copy.keep()


def _findings(configuration: Configuration, prompts: Path) -> list[Problem]:
    """What `switchboard check` finds in it."""
    return examined(configuration, prompts, datetime.now(UTC)).problems


@contextlib.asynccontextmanager
async def _alone(place: Place) -> AsyncIterator[tuple[PostgresVersions, list[str]]]:
    """Both locks, and what a killed one left settled; the store, and what is to be said of that."""
    with publishing(place.folders.versions):
        try:
            url = database_url(place.settings, place.folders)
            await migrate(url)
            store = await PostgresVersions(url).__aenter__()
        except RecordsUnreachable as error:
            raise RecordsUnreachable(f"calls go on as they are, but publishing needs the database: {error}") from error
        try:
            await store.lock()
            yield store, await _settle(place, store)
        finally:
            await store.__aexit__(None, None, None)


async def _settle(place: Place, store: PostgresVersions) -> list[str]:
    versions, socket = place.folders.versions, place.folders.controller_socket
    begun, live = note.begun(versions), _live(versions)
    said = ""
    if begun is not None and begun.version != live:
        status = await controller_status(socket)
        if status is not None and status.get("flow_version") == begun.version:
            set_live(versions, begun.version)
        else:
            if status is not None and live is not None:
                with contextlib.suppress(ReloadRefused):
                    await reload_controller(socket, live)
            _speak_as(place, live)
            said = drop_unfinished(versions, live)
    with contextlib.suppress(ConfigurationError):  # a damaged live version is what this publication makes good
        await record_live(versions, store)
    return [said] if said else []


async def _go_live(
    place: Place,
    store: PostgresVersions,
    configuration: Configuration,
    wish: Wish,
    kind: PublicationKind,
    tell: Tell,
) -> Outcome:
    """Steps 4 to 9 for a version that is kept on disk."""
    versions, version = place.folders.versions, configuration.version
    was = _live(versions)
    outcome = Outcome(version)
    status = await controller_status(place.folders.controller_socket)
    if was == version and (status is None or status.get("flow_version") == version):
        return outcome
    kept = version_folders(versions, version)
    await store.keep(version, *kept)
    publication = new_publication(version, was, who=wish.who, why=wish.why, kind=kind, at=datetime.now(UTC))
    note.begin(versions, publication)
    try:
        speak_stale(configuration, place.folders, kept[1], tell)
        outcome.reloaded = await _have_served(place, version)
    except ReloadRefused:
        note.drop(versions)
        _speak_as(place, was)
        raise
    set_live(versions, version)
    await _make_sure(place, version)
    outcome.publication = publication
    try:
        await store.note(publication)
        note.finish(versions)
    except RecordsUnreachable as error:
        outcome.remarks.append(f"It is live, and the record of it follows when Postgres is back ({error}).")
    status = await controller_status(place.folders.controller_socket)
    prune(versions, (status or {}).get("versions_in_use") or ())
    return outcome


async def _have_served(place: Place, version: str) -> Reloaded | None:
    """Have the running controller serve it; one that is being started is waited for, a while."""
    socket = place.folders.controller_socket
    deadline = time.monotonic() + CONTROLLER_STARTS_WITHIN
    while _is_launched(place) and time.monotonic() < deadline and await controller_status(socket) is None:
        await asyncio.sleep(0.1)
    return await reload_controller(socket, version)


def _is_launched(place: Place) -> bool:
    """Whether a launcher runs, which keeps a controller running."""
    running = read_running(place.folders)
    return running is not None and any(each.name == "launcher" and is_alive(each) for each in running.processes)


async def _make_sure(place: Place, version: str) -> None:
    """A controller that started anew between steps 7 and 8 serves what was live before."""
    status = await controller_status(place.folders.controller_socket)
    if status is not None and status.get("flow_version") != version:
        await reload_controller(place.folders.controller_socket, version)


def _speak_as(place: Place, version: str | None) -> None:
    """Recordings that were replaced for a version that is not served: back to those of this one."""
    if version is not None:
        with contextlib.suppress(ConfigurationError, SetupError):
            configuration = load_version(place.folders.versions, version)
            _, prompts = version_folders(place.folders.versions, version)
            speak_stale(configuration, place.folders, prompts, _silently)


def _silently(doing: str, share: float) -> None:
    """Tells nobody."""


def _live(versions: Path) -> str | None:
    """The live version; None, too, where that can't be told: what is published now makes good for it."""
    try:
        return live_version(versions)
    except ConfigurationError:
        return None


async def _previous(place: Place, store: PostgresVersions) -> str:
    live = _live(place.folders.versions)
    if live is not None:
        last = await store.last_publication(live)
        if last is not None and last.was is not None:
            return last.was
    for publication in await store.publications():
        if publication.version != live:
            return publication.version
    raise ConfigurationError(["there is no earlier version to go back to (`switchboard versions`)"])


async def _resolve(place: Place, store: PostgresVersions, wanted: str) -> str:
    """The version whose name begins so."""
    names = set(await store.beginning(wanted)) if wanted.isalnum() else set()
    names |= {version for version in kept_versions(place.folders.versions) if version.startswith(wanted)}
    if len(names) != 1:
        several = "several versions begin" if names else "no version begins"
        raise ConfigurationError([f"{several} with {wanted!r} (`switchboard versions`)"])
    return names.pop()
