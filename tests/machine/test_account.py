"""The account of the servers, and where what they must reach lies."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from switchboard.commands.preparation import make_place
from switchboard.errors import SettingsError, SetupError
from switchboard.machine import account as account_module
from switchboard.machine.account import Account, can_enter, folders_of, make_folders, service_account
from switchboard.settings import Settings
from tests.machine.conftest import OrdinaryPython, as_root

STRANGER = Account("stranger", uid=60_001, gid=60_002)


@pytest.mark.parametrize(
    ("mode", "owned", "grouped", "enters"),
    [
        (0o701, False, False, True),
        (0o770, False, False, False),
        (0o700, True, False, True),
        (0o077, True, False, False),  # an owner has the owner's bits only
        (0o710, False, True, True),
        (0o701, False, True, False),  # a group has the group's bits only
    ],
)
@as_root
def test_who_can_enter(folder: Path, mode: int, owned: bool, grouped: bool, enters: bool) -> None:
    inner = folder / "outer" / "inner"
    inner.mkdir(parents=True)
    os.chown(inner.parent, STRANGER.uid if owned else 0, STRANGER.gid if grouped else 0)
    inner.parent.chmod(mode)
    assert can_enter(STRANGER, inner) is enters
    assert can_enter(STRANGER, inner / "not" / "there") is enters


def test_an_ordinary_user_keeps_everything_in_the_state_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    folders = folders_of(Settings(state=folder / "state"))
    assert folders.state == folders.served == folder / "state"
    assert folders.cache == folder / "state" / "cache"


@pytest.mark.parametrize("name", ["nosuchaccount", "root"])
@as_root
def test_an_account_that_will_not_do_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=f"account: .*{name}"):
        service_account(Settings(state=folder, account=name))


@as_root
def test_the_first_account_that_exists_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = pwd.getpwnam("daemon")
    monkeypatch.setattr(account_module, "DEFAULT_ACCOUNTS", ("nosuchaccount", "daemon", "nobody"))
    assert service_account(Settings(state=folder)) == Account("daemon", daemon.pw_uid, daemon.pw_gid)


@as_root
class TestAFolderThatOnlyRootCanEnter:
    @pytest.fixture
    def settings(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
        (folder / "clone").mkdir(mode=0o700)
        monkeypatch.setattr(account_module, "SHARED", folder / "shared")
        return Settings(state=folder / "clone" / "state")

    def test_what_the_servers_reach_lies_elsewhere_and_is_linked(self, settings: Settings, folder: Path) -> None:
        place = make_place(settings)
        assert place.account is not None
        served = folder / "shared" / settings.name
        assert place.folders.served == served
        assert place.folders.cache == served / "cache"
        assert (settings.state / "served").readlink() == served
        assert can_enter(place.account, place.folders.messages)
        assert not can_enter(place.account, place.folders.ledger)

    def test_the_choice_outlasts_a_change_of_modes(self, settings: Settings) -> None:
        first = make_place(settings).folders
        settings.state.parent.chmod(0o755)
        assert folders_of(settings).served == first.served

    def test_a_database_that_went_out_of_reach_is_told_of(self, settings: Settings) -> None:
        settings.state.parent.chmod(0o755)
        (make_place(settings).folders.postgres / "data").mkdir()
        settings.state.parent.chmod(0o700)
        with pytest.raises(SetupError, match=r"can no longer enter .*, where the database lies"):
            folders_of(settings)


def test_no_other_account_can_read_what_is_private(folder: Path) -> None:
    folders = make_place(Settings(state=folder / "state")).folders
    for private in (folders.ledger, folders.logs, folders.run, folders.messages, folders.cel.parent):
        assert private.stat().st_mode & 0o077 == 0, private


@as_root
def test_the_servers_cannot_write_what_they_only_read(folder: Path) -> None:
    place = make_place(Settings(state=folder / "state"))
    assert place.account is not None
    for reading in (place.folders.asterisk_config, place.folders.asterisk, place.folders.postgres):
        status = reading.stat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (0, place.account.gid, 0o750), reading
    assert place.folders.messages.stat().st_uid == place.account.uid


def test_a_state_folder_too_deep_for_sockets_is_refused(folder: Path) -> None:
    settings = Settings(state=folder / ("deep" * 20))
    with pytest.raises(SetupError, match=r"state: the path of .* is \d+ bytes long, too long for the sockets in it"):
        make_folders(folders_of(settings))


def test_a_folder_that_cannot_be_made_is_told_of(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(SetupError, match=r"state: cannot make .*file"):
        make_place(Settings(state=folder / "file"))
    with pytest.raises(SetupError, match=r"cache: cannot make .*file"):
        make_place(Settings(state=folder / "state", cache=folder / "file"))


ORDINARY = """
import asyncio, os, sys
from pathlib import Path
from switchboard.commands.preparation import make_place
from switchboard.machine.postgres_server import PostgresServer
from switchboard.machine.secrets import make_secrets
from switchboard.settings import Settings
from tests.postgres_fixture import free_port

async def main():
    place = make_place(Settings(state=Path(sys.argv[1])))
    assert place.account is None and os.geteuid() != 0
    password = make_secrets(place.folders.secrets).postgres
    async with PostgresServer(place.folders, port=free_port(), password=password) as server:
        print(server.data)

asyncio.run(main())
"""


def test_an_ordinary_user_runs_postgres(folder: Path, ordinary_python: OrdinaryPython) -> None:
    folder.chmod(0o777)
    state = folder / "state"
    ran = ordinary_python("-c", ORDINARY, str(state))
    assert (ran.returncode, ran.stdout) == (0, f"{state}/postgres/data\n"), ran.stderr
    assert state.stat().st_mode & 0o777 == 0o700


def test_an_unwritable_folder_is_told_of(folder: Path, ordinary_python: OrdinaryPython) -> None:
    state = folder / "closed" / "state"
    state.parent.mkdir(mode=0o555)
    ran = ordinary_python("-m", "switchboard", "up", SWITCHBOARD_STATE=str(state))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"switchboard: state: cannot make {state}: Permission denied\n"
