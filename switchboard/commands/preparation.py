"""What must be there before anything starts: folders, secrets, programs, prompts, Asterisk's configuration."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from switchboard.asterisk.rendering import render_all
from switchboard.flows.configuration import Configuration
from switchboard.folders import Folders
from switchboard.machine.account import Account, folders_of, make_folders, service_account
from switchboard.machine.asterisk_install import (
    AsteriskProgram,
    asterisk_program,
    fetch_test_programs,
    refuse_old_asterisk,
)
from switchboard.machine.secrets import Secrets, make_secrets
from switchboard.settings import Settings
from switchboard.speech.render import Progress, render_missing, survey
from switchboard.speech.rendered import State

Tell = Callable[[str, float], None]
"""Told what is being done and which share of it is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a switchboard lives: its settings, folders, and the account of its servers."""

    settings: Settings
    folders: Folders
    account: Account | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The configuration that is going to be served, and the folder of its prompts."""

    configuration: Configuration
    prompts: Path
    is_first: bool = False  # nothing was live before
    notices: tuple[str, ...] = ()  # what whoever starts it must know


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that the processes need."""

    place: Place
    chosen: Chosen
    secrets: Secrets
    asterisk: AsteriskProgram

    @property
    def configuration(self) -> Configuration:
        """What is going to be served."""
        return self.chosen.configuration


def make_place(settings: Settings) -> Place:
    """Choose the account, make the folders. Raises SettingsError or SetupError."""
    account = service_account(settings)
    folders = folders_of(settings, account)
    make_folders(folders, account)
    return Place(settings, folders, account)


def prepare(place: Place, choose: Callable[[], Chosen], tell: Tell) -> Prepared:
    """Bring and render whatever is missing or stale of what is chosen.

    Raises what `choose` does, and SettingsError or SetupError if the machine is wrong.
    """
    settings, folders, account = place.settings, place.folders, place.account
    refuse_old_asterisk(settings, account)
    chosen = choose()
    configuration = chosen.configuration
    secrets = make_secrets(folders.secrets, configuration.organisation.phones)
    with ThreadPoolExecutor(max_workers=1) as beside:
        # The network's time and the processors' are spent at once.
        fetched = beside.submit(asterisk_program, settings, folders, tell, account)
        speak_stale(configuration, folders, chosen.prompts, tell)
        asterisk = fetched.result()
    render_all(configuration, settings, folders, secrets, asterisk, reader=account)
    return Prepared(place, chosen, secrets, asterisk)


def prepare_tests(place: Place, tell: Tell) -> None:
    """Bring what only tests need. Raises as `prepare`."""
    fetch_test_programs(place.settings, place.folders, tell, place.account)


def speak_missing(configuration: Configuration, folders: Folders, prompts: Path, tell: Tell) -> None:
    """Render the prompts that are not there at all. Raises SetupError if somebody can't be spoken to."""
    texts = configuration.organisation.prompts
    surveyed = survey(configuration.utterances, folders, prompts, texts=texts)
    missing = [prompt.utterance for prompt in surveyed if prompt.state is State.MISSING]
    if missing:
        render_missing(missing, folders, prompts, _telling(tell), texts=texts)


def speak_stale(configuration: Configuration, folders: Folders, prompts: Path, tell: Tell) -> None:
    """Render the prompts that are not there, and those that are spoken otherwise now. Raises as `speak_missing`."""
    texts = configuration.organisation.prompts
    render_missing(configuration.utterances, folders, prompts, _telling(tell), texts=texts)


def _telling(tell: Tell) -> Progress:
    def spoken(done: int, total: int, _: str) -> None:
        tell(f"speaking {total} prompts", done / total)

    return spoken
