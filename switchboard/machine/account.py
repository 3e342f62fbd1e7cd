"""Which account Asterisk and Postgres run as, and where what they must reach lies.

Postgres refuses to run as root, and Asterisk has no need to. Started by an ordinary user, everything runs as that
user. Started by root, the two are dropped to an account that exists already; none is ever added. Python stays root:
the interpreter itself may live where only root can enter.
"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from switchboard.errors import SettingsError, SetupError
from switchboard.folders import Folders
from switchboard.settings import Settings

DEFAULT_ACCOUNTS = ("switchboard", "asterisk", "nobody")
SHARED = Path("/var/lib/switchboard")

# A socket's path fits 107 bytes; the longest we make below the state folder is `/asterisk/run/asterisk.ctl`.
LONGEST_STATE_PATH = 107 - len("/asterisk/run/asterisk.ctl")


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine. Only its own group counts: supplementary groups are dropped."""

    name: str
    uid: int
    gid: int


def service_account(settings: Settings) -> Account | None:
    """The account to drop to; None for an ordinary user, who keeps their own.

    Raises SettingsError if the setting names an account that doesn't exist, or root.
    """
    if os.geteuid() != 0:
        return None
    for name in (settings.account,) if settings.account else DEFAULT_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            raise SettingsError("account", f"{name} is root, as which Postgres refuses to run")
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    if settings.account:
        raise SettingsError("account", f"this machine has no account {settings.account!r}")
    raise SettingsError("account", f"none of {', '.join(DEFAULT_ACCOUNTS)} exists here; name an existing account")


def can_enter(account: Account, folder: Path) -> bool:
    """Whether the account may enter the folder, by the mode bits of it and of every folder above.

    Parts that don't exist yet don't count: whoever makes them opens them.
    """
    resolved = folder.resolve()
    return all(_may_pass(account, part) for part in (resolved, *resolved.parents))


def _may_pass(account: Account, folder: Path) -> bool:
    try:
        status = folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    if not stat.S_ISDIR(status.st_mode):
        return True  # no folder at all: whoever makes one there fails, and says so
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def folders_of(settings: Settings, account: Account | None = None) -> Folders:
    """Where everything of these settings lies. Makes nothing; the same answer in every process.

    Whatever the account could not reach moves to /var/lib/switchboard. A choice made once is kept (the link `served`
    in the state folder says it), lest a changed mode somewhere above make the database seem empty.
    """
    account = account or service_account(settings)
    state, cache = settings.state, settings.cache_folder
    if account is None:
        return Folders(state=state, served=state, cache=cache)
    shared = SHARED / settings.name
    if (state / "served").is_symlink():
        served = (state / "served").readlink()
    elif can_enter(account, state):
        served = state
    else:
        served = shared
    if served != state and (state / "postgres" / "data").exists():
        raise SetupError(f"state: {account.name} can no longer enter {state}, where the database lies; open it again")
    return Folders(state=state, served=served, cache=cache if can_enter(account, cache) else shared / "cache")


def make_folders(folders: Folders, account: Account | None = None) -> None:
    """Make the folders that every part needs, each for those only who need it.

    What the account only reads belongs to root, so that it cannot lead root astray by links of its own.
    Raises SetupError, naming the setting, if one cannot be made or written.
    """
    if (length := len(os.fsencode(folders.served))) > LONGEST_STATE_PATH:
        raise SetupError(
            f"state: the path of {folders.served} is {length} bytes long, too long for the sockets in it "
            f"(at most {LONGEST_STATE_PATH}); set a shorter one"
        )
    passing = 0o711 if account else 0o700
    private = [folders.ledger, folders.logs, folders.run, folders.recordings]
    reading = [folders.asterisk, folders.asterisk_config, folders.postgres]
    writing = [
        *(folders.asterisk / name for name in ("log", "log/cel-custom", "run", "db", "keys")),
        folders.asterisk_spool,
        folders.messages,
        folders.kept_messages,
        folders.call_audio,
        folders.postgres / "run",
    ]
    try:
        _make(folders.state, passing if folders.served == folders.state else 0o700)
        if folders.served != folders.state:
            _make(SHARED, 0o711)
            _make(folders.served, 0o711)
            if not (folders.state / "served").is_symlink():
                (folders.state / "served").symlink_to(folders.served)
        for folder in private:
            _make(folder, 0o700)
        for folder in reading:
            _make(folder, 0o750 if account else 0o700, group=account)
        for folder in writing:
            _make(folder, 0o700, owner=account)
    except OSError as error:
        raise SetupError(f"state: cannot make {error.filename}: {error.strerror}") from error
    try:
        for folder in (folders.cache, folders.prompts, folders.programs):
            _make(folder, 0o755)
    except OSError as error:
        raise SetupError(f"cache: cannot make {error.filename}: {error.strerror}") from error
    for setting, folder in (("state", folders.run), ("cache", folders.programs), ("cache", folders.prompts)):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise SetupError(f"{setting}: {folder} cannot be written by {_own_name()}")


def _make(folder: Path, mode: int, *, owner: Account | None = None, group: Account | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.geteuid() and os.geteuid() != 0:
        return  # somebody else's folder that was opened to us: whether we may write is asked below
    if owner is not None:
        os.chown(folder, owner.uid, owner.gid)
    elif group is not None:
        os.chown(folder, 0, group.gid)
    if stat.S_IMODE(status.st_mode) != mode:
        folder.chmod(mode)


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"
