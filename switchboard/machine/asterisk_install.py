"""Which Asterisk is run: the one set, else the machine's own if it is new enough, else a private copy."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from switchboard.errors import SettingsError, SetupError
from switchboard.folders import Folders
from switchboard.machine.account import Account, can_enter
from switchboard.machine.private_programs import PrivateRoot, Progress, architecture, fetch, private_roots, version_of
from switchboard.settings import Settings

# StasisBroadcast came with 22.10; 22.10.1 closed holes around ARI.
OLDEST = (22, 10, 1)
PACKAGES = ("asterisk",)
TEST_PACKAGES = ("sip-tester",)


@dataclass(frozen=True, slots=True)
class AsteriskProgram:
    """An Asterisk that can be run."""

    command: tuple[str, ...]
    """Runs it, to be followed by its options."""
    modules: Path
    """`astmoddir`"""
    data: Path
    """`astdatadir`: sounds, documentation, the description of its REST interface."""
    version: str


def asterisk_program(
    settings: Settings, folders: Folders, progress: Progress, account: Account | None = None
) -> AsteriskProgram:
    """The Asterisk to run, fetched if need be. Raises SettingsError on `asterisk` or `mirror`, or SetupError."""
    if settings.asterisk is not None:
        return _chosen(settings.asterisk, account)
    for root in private_roots(folders, PACKAGES[0]):
        if version_of(root.version) >= OLDEST:
            return _private(root)
    own = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/local/sbin:/usr/sbin")
    if own is not None and (installed := _installed(Path(own))) is not None:
        return installed
    return _private(fetch(PACKAGES, settings, folders, progress, account=account, at_least=OLDEST))


def refuse_old_asterisk(settings: Settings, account: Account | None = None) -> None:
    """Raises SettingsError if an Asterisk is set that won't do: better before the long preparations than after."""
    if settings.asterisk is not None:
        _chosen(settings.asterisk, account)


def fetch_test_programs(
    settings: Settings, folders: Folders, progress: Progress, account: Account | None = None
) -> None:
    """Bring what only tests need: sipp. Raises as `asterisk_program` does."""
    fetch(TEST_PACKAGES, settings, folders, progress, account=account)


def _chosen(path: Path, account: Account | None) -> AsteriskProgram:
    if account is not None and not can_enter(account, path.parent):
        raise SettingsError("asterisk", f"{account.name}, as which it is to run, cannot enter {path.parent}")
    version = _version(path)
    if version is None:
        raise SettingsError("asterisk", f"{path} cannot be run, or says no version of Asterisk")
    if version_of(version) < OLDEST:
        raise SettingsError(
            "asterisk", f"{path} is Asterisk {version}, too old: {'.'.join(map(str, OLDEST))} or newer is needed"
        )
    program = _laid_out(path, version)
    if program is None:
        raise SettingsError("asterisk", f"the modules of {path} are not found beside it")
    return program


def _installed(path: Path) -> AsteriskProgram | None:
    """The machine's own, if it is new enough."""
    version = _version(path)
    if version is None or version_of(version) < OLDEST:
        return None
    return _laid_out(path, version)


def _version(path: Path) -> str | None:
    """What `asterisk -V` says: `Asterisk 22.10.1~dfsg…`."""
    try:
        output = subprocess.run([path, "-V"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = output.split()
    return words[1] if len(words) > 1 and words[0] == "Asterisk" and version_of(words[1]) else None


def _laid_out(path: Path, version: str) -> AsteriskProgram | None:
    """Modules and data as distributions and Asterisk's own `make install` lay them."""
    prefix = path.resolve().parent.parent
    libraries = (prefix / "lib" / architecture().triplet, prefix / "lib", prefix / "lib64")
    modules = next((folder for part in libraries if (folder := part / "asterisk/modules").is_dir()), None)
    data = next((folder for folder in (prefix / "share/asterisk", Path("/var/lib/asterisk")) if folder.is_dir()), None)
    return AsteriskProgram((str(path),), modules, data, version) if modules and data else None


def _private(root: PrivateRoot) -> AsteriskProgram:
    command = root.program("asterisk")
    if command is None:
        raise SetupError(f"cache: {root.path} holds no asterisk; remove that folder and start again")
    return AsteriskProgram(command, root.libraries / "asterisk/modules", root.path / "usr/share/asterisk", root.version)
