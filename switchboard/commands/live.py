"""Which version `up` serves: the live one, whatever stands in the folders that the settings name.

The first start finds none and makes one of these folders. Where the live version can't be read, the last one before it
serves that can, as the controller chooses too (flows.versions.load_live).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import structlog

from switchboard.commands import publication_note as note
from switchboard.commands.acting import account_name
from switchboard.commands.preparation import Chosen, Place, Tell, speak_missing
from switchboard.commands.publication_note import drop_unfinished, record_live
from switchboard.domain.publication import PublicationKind, new_publication
from switchboard.errors import ConfigurationError, RecordsUnreachable, SetupError
from switchboard.flows.content import content_version
from switchboard.flows.load import load_configuration
from switchboard.flows.version_copy import copied
from switchboard.flows.versions import (
    live_version,
    load_live,
    load_version,
    publishing,
    set_live,
    version_folders,
)
from switchboard.postgres.versions import PostgresVersions

log = structlog.get_logger(__name__)


def choose_live(place: Place) -> Chosen:
    """What is to be served, kept on disk; a first version is made of the settings' folders, and not live yet.

    Raises ConfigurationError with all problems where there is no version yet and the folders are wrong.
    """
    settings, versions = place.settings, place.folders.versions
    with publishing(versions):
        configuration, problem = load_live(versions)
        if configuration is None and not problem:
            with copied(versions, settings.ivr, settings.prompts) as copy:
                version = copy.load().version
                copy.keep()
            _, prompts = version_folders(versions, version)
            return Chosen(load_version(versions, version), prompts, is_first=True)
        notices = []
        if problem:
            notices.append(_alarm(problem, configuration.version if configuration else None, settings.ivr))
        elif dropped := drop_unfinished(versions, live_version(versions)):
            notices.append(dropped)
    if configuration is None:
        draft = load_configuration(settings.ivr, settings.prompts)
        return Chosen(draft, settings.prompts, notices=(*notices,))
    _, prompts = version_folders(versions, configuration.version)
    notices += _difference(place, configuration.version)
    return Chosen(configuration, prompts, notices=(*notices,))


def make_live(place: Place, chosen: Chosen) -> None:
    """Once everything is prepared: the first version is live from now on."""
    versions = place.folders.versions
    if not chosen.is_first:
        return
    with publishing(versions):
        if live_version(versions) is None:
            publication = new_publication(
                chosen.configuration.version,
                None,
                who=account_name(),
                why="the first start",
                kind=PublicationKind.FIRST,
                at=datetime.now(UTC),
            )
            note.begin(versions, publication)
            set_live(versions, publication.version)


async def note_live(place: Place, url: str) -> None:
    """See that Postgres has what is live, and why. Where it can't be now, a later start or publication does it."""
    versions = place.folders.versions
    try:
        with publishing(versions):
            async with PostgresVersions(url) as store:
                await record_live(versions, store)
    except (RecordsUnreachable, SetupError, ConfigurationError) as error:
        log.warning("the live version is not noted in Postgres yet", problem=str(error))


def chosen_to_prepare(place: Place) -> Chosen:
    """What `up` would serve now; nothing is kept or made live."""
    configuration, _ = load_live(place.folders.versions)
    if configuration is None:
        return Chosen(load_configuration(place.settings.ivr, place.settings.prompts), place.settings.prompts)
    return Chosen(configuration, version_folders(place.folders.versions, configuration.version)[1])


def speak_draft(place: Place, served: str, tell: Tell) -> None:
    """The prompts of the settings' folders, too, where they hold another version. Raises ConfigurationError."""
    settings = place.settings
    if content_version(settings.ivr, settings.prompts) != served:
        draft = load_configuration(settings.ivr, settings.prompts)
        speak_missing(draft, place.folders, settings.prompts, tell)


def _alarm(problem: str, serves: str | None, ivr: Path) -> str:
    instead = f"version {serves}, live before it, serves instead" if serves else f"{shown(ivr)} serves as it is"
    log.error("the live version cannot be served", problem=problem, instead=instead)
    return f"THE LIVE VERSION CANNOT BE SERVED: {problem}\n{instead}. `switchboard versions` lists what there is."


def _difference(place: Place, live: str) -> list[str]:
    """What to say where the settings' folders do not hold the live version."""
    settings = place.settings
    name = shown(settings.ivr)
    if content_version(settings.ivr, settings.prompts) == live:
        return []
    try:
        load_configuration(settings.ivr, settings.prompts)
    except ConfigurationError as error:
        count = len(error.problems)
        log.warning("the folder has problems; the live version serves", folder=name, problems=count, live=live)
        return [
            f"{name} HAS {count} PROBLEM{'S' if count != 1 else ''}, which `switchboard check` tells. Callers do not "
            f"notice: the live version {live} serves."
        ]
    return [
        f"{name} differs from the live version {live}, which serves: `switchboard diff live {name}` shows how, "
        "`switchboard publish` makes it live."
    ]


def shown(folder: Path) -> str:
    """A folder as one would type it from here, with a slash behind."""
    here = Path.cwd()
    return f"{folder.relative_to(here) if folder.is_relative_to(here) else folder}/"
