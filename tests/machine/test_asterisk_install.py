"""Which Asterisk is run, and why one is refused."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from switchboard.commands.preparation import Place
from switchboard.errors import SettingsError, SetupError
from switchboard.machine import asterisk_install, private_programs
from switchboard.machine.asterisk_install import asterisk_program
from switchboard.machine.private_programs import PrivateRoot, fetch, private_program, private_roots, version_of
from switchboard.settings import Settings


def make_asterisk(prefix: Path, version: str) -> Path:
    """A script that says it is an Asterisk, laid out as one."""
    (prefix / "lib/asterisk/modules").mkdir(parents=True)
    (prefix / "share/asterisk").mkdir(parents=True)
    program = prefix / "sbin/asterisk"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho 'Asterisk {version}'\n")
    program.chmod(0o755)
    return program


def make_private(place: Place, version: str) -> PrivateRoot:
    root = PrivateRoot(place.folders.programs / f"asterisk-{version}")
    for part in ("usr/sbin", "usr/share/asterisk"):
        (root.path / part).mkdir(parents=True)
    (root.path / "usr/sbin/asterisk").touch()
    return root


def silent(_: str, __: float) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetching fails the test."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("fetched")

    monkeypatch.setattr(asterisk_install, "fetch", refuse)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("22.10.1~dfsg+~cs6.16.60671434-1", (22, 10, 1)),
        ("22.10.1", (22, 10, 1)),
        ("certified/18.9", ()),
        ("GIT-master", ()),
        ("22.10.1-rc2", (22, 10, 1)),
        ("23.0", (23, 0)),
    ],
)
def test_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert version_of(text) == numbers


@pytest.mark.parametrize("version", ["20.1.0", "22.10.0", "22.9.9"])
def test_an_old_asterisk_is_refused(place: Place, folder: Path, version: str) -> None:
    program = make_asterisk(folder, version)
    settings = Settings(state=place.settings.state, asterisk=program)
    with pytest.raises(SettingsError) as refused:
        asterisk_program(settings, place.folders, silent, place.account)
    assert str(refused.value) == (f"asterisk: {program} is Asterisk {version}, too old: 22.10.1 or newer is needed")


@pytest.mark.parametrize("script", ["exit 1", "echo Asterisk", "echo hello world"])
def test_what_is_no_asterisk_is_refused(place: Place, folder: Path, script: str) -> None:
    program = make_asterisk(folder, "22.10.1")
    program.write_text(f"#!/bin/sh\n{script}\n")
    with pytest.raises(SettingsError, match="cannot be run, or says no version of Asterisk"):
        asterisk_program(Settings(state=place.settings.state, asterisk=program), place.folders, silent)


def test_the_one_that_is_set_is_taken(place: Place, folder: Path, no_network: None) -> None:
    make_private(place, "22.11.0")
    program = make_asterisk(folder, "22.10.1~dfsg")
    found = asterisk_program(Settings(state=place.settings.state, asterisk=program), place.folders, silent)
    assert found.command == (str(program),)
    assert (found.modules, found.data) == (folder / "lib/asterisk/modules", folder / "share/asterisk")
    assert found.version == "22.10.1~dfsg"


def test_the_machines_own_is_taken_if_it_is_new_enough(
    place: Place, folder: Path, no_network: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = make_asterisk(folder, "22.10.1")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert asterisk_program(place.settings, place.folders, silent).command == (str(program),)


def test_a_private_copy_is_fetched_if_the_machines_own_is_old(
    place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = make_asterisk(folder, "20.1.0")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(asterisk_install, "fetch", lambda *_, **__: make_private(place, "22.10.1"))
    assert asterisk_program(place.settings, place.folders, silent).version == "22.10.1"


def test_the_newest_private_copy_that_is_whole_is_taken(place: Place, no_network: None) -> None:
    for version in ("22.10.1", "22.10.2", "9.9.9"):
        make_private(place, version)
    (place.folders.programs / "asterisk-22.11.0.new").mkdir()
    found = asterisk_program(place.settings, place.folders, silent)
    assert found.version == "22.10.2"
    assert found.command[-1] == str(place.folders.programs / "asterisk-22.10.2/usr/sbin/asterisk")


def test_a_private_copy_that_is_there_is_not_fetched_again(place: Place) -> None:
    root = make_private(place, "22.10.1")
    assert fetch(["asterisk"], place.settings, place.folders, silent, at_least=(22, 10, 1)) == root


def test_programs_of_private_copies_are_found_or_told_of(place: Place) -> None:
    root = PrivateRoot(place.folders.programs / "sip-tester-3.8.0")
    (root.path / "usr/bin").mkdir(parents=True)
    (root.path / "usr/bin/sipp").touch()
    loader, option, libraries, program = private_program(place.folders, "sipp")
    assert Path(loader).is_relative_to(root.path) and Path(libraries).is_relative_to(root.path)
    assert (option, program) == ("--library-path", str(root.path / "usr/bin/sipp"))
    with pytest.raises(SetupError, match=r"no espeak-ng in .*; `switchboard prepare --tests` fetches it"):
        private_program(place.folders, "espeak-ng")


@pytest.fixture
def packages(folder: Path) -> list[Path]:
    """Two small archives, one with a set-user-id program."""
    archives = []
    for name in ("one", "two"):
        tree = folder / name
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: none\nDescription: none\n"
        )
        (tree / "usr/bin").mkdir(parents=True)
        (tree / f"usr/bin/{name}").write_text("#!/bin/sh\n")
        (tree / f"usr/bin/{name}").chmod(0o4755)
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-b", tree, folder / f"{name}.deb"], check=True, capture_output=True
        )
        archives.append(folder / f"{name}.deb")
    return archives


def test_packages_are_unpacked_whole_and_without_privileges(folder: Path, packages: list[Path]) -> None:
    shares: list[float] = []
    private_programs._unpack(packages, folder / "root", lambda _, share: shares.append(share))
    assert {path.name: path.stat().st_mode & 0o7777 for path in (folder / "root/usr/bin").iterdir()} == {
        "one": 0o755,
        "two": 0o755,
    }
    assert shares == [0.5, 1.0]


def test_a_damaged_archive_leaves_nothing_that_looks_whole(folder: Path, packages: list[Path]) -> None:
    packages[1].write_bytes(packages[1].read_bytes()[:-40])
    with pytest.raises(SetupError, match=r"two.deb cannot be unpacked: .*; try again"):
        private_programs._unpack(packages, folder / "root", silent)
    assert not (folder / "root").exists()
    assert packages[0].exists() and not packages[1].exists()


def test_an_unreachable_mirror_is_told_of(place: Place) -> None:
    settings = Settings(state=place.settings.state, mirror="http://127.0.0.1:9/debian")
    with pytest.raises(
        SetupError, match=r"^mirror: fetching the list of packages from http://127.0.0.1:9/debian failed: "
    ):
        fetch(["asterisk"], settings, place.folders, silent)
    assert private_roots(place.folders, "asterisk") == []
