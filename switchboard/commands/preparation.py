"""What must be there before anything starts: folders, secrets, programs, prompts, Asterisk's configuration."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from switchboard.asterisk.rendering import render_all
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
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
from switchboard.speech.render import render_missing

Tell = Callable[[str, float], None]
"""Told what is being done and which share of it is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a switchboard lives: its settings, folders, and the account of its servers."""

    settings: Settings
    folders: Folders
    account: Account | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that the processes need."""

    place: Place
    configuration: Configuration
    secrets: Secrets
    asterisk: AsteriskProgram


def make_place(settings: Settings) -> Place:
    """Choose the account, make the folders. Raises SettingsError or SetupError."""
    account = service_account(settings)
    folders = folders_of(settings, account)
    make_folders(folders, account)
    return Place(settings, folders, account)


def prepare(place: Place, tell: Tell) -> Prepared:
    """Bring and render whatever is missing or stale.

    Raises ConfigurationError if the organisation's YAML is wrong, SettingsError or SetupError if the machine is.
    """
    settings, folders, account = place.settings, place.folders, place.account
    refuse_old_asterisk(settings, account)
    configuration = load_configuration(settings.ivr, settings.prompts)
    secrets = make_secrets(folders.secrets, configuration.organisation.phones)
    with ThreadPoolExecutor(max_workers=1) as beside:
        # The network's time and the processors' are spent at once.
        fetched = beside.submit(asterisk_program, settings, folders, tell, account)
        _render_prompts(configuration, folders, settings.prompts, tell)
        asterisk = fetched.result()
    render_all(configuration, settings, folders, secrets, asterisk, reader=account)
    return Prepared(place, configuration, secrets, asterisk)


def prepare_tests(place: Place, tell: Tell) -> None:
    """Bring what only tests need. Raises as `prepare`."""
    fetch_test_programs(place.settings, place.folders, tell, place.account)


def _render_prompts(configuration: Configuration, folders: Folders, prompts: Path, tell: Tell) -> None:
    def spoken(done: int, total: int, _: str) -> None:
        tell(f"speaking {total} prompts", done / total)

    render_missing(configuration.utterances, folders, prompts, spoken, texts=configuration.organisation.prompts)
