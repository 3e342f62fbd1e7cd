"""Finding the Debian mirror that the machine itself uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchboard.errors import SettingsError
from switchboard.machine.apt_sources import Source, debian_mirror, sources

KEY = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEB822 = f"""
# The machine's own.
Types: deb deb-src
URIs: http://near.example/debian/
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: {KEY}

Types: deb
URIs: http://near.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: {KEY}
"""
THIRD_PARTY = """
Types: deb
URIs: https://vendor.example/linux/debian
Suites: bookworm
Components: main
Signed-By: /etc/apt/keyrings/vendor.gpg
"""
ONE_LINE = f"""
# deb http://commented.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb http://near.example/debian bookworm main non-free # the nearest
deb [arch=amd64 signed-by={KEY}] https://signed.example/debian bookworm main
deb http://near.example/debian-security bookworm-security main
deb https://vendor.example/apt stable contrib
"""


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    file = tmp_path / "os-release"
    file.write_text('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n')
    return file


def test_a_stanza_is_read(apt: Path) -> None:
    (apt / "sources.list.d/debian.sources").write_text(DEB822)
    first, second = sources(apt)
    assert (first.uri, first.suites, first.components) == (
        "http://near.example/debian/",
        ("bookworm", "bookworm-updates"),
        ("main", "contrib"),
    )
    assert second.suites == ("bookworm-security",)


def test_one_line_entries_are_read(apt: Path) -> None:
    (apt / "sources.list").write_text(ONE_LINE)
    first, second, *_ = sources(apt)
    assert first == Source("http://near.example/debian", ("bookworm",), ("main", "non-free"))
    assert second.options == {"arch": "amd64", "signed-by": KEY}


@pytest.mark.parametrize(
    ("files", "mirror"),
    [
        ({"sources.list.d/debian.sources": DEB822}, "http://near.example/debian"),
        ({"sources.list": ONE_LINE}, "https://signed.example/debian"),
        ({"sources.list.d/a.sources": THIRD_PARTY, "sources.list.d/b.sources": DEB822}, "http://near.example/debian"),
        ({"sources.list.d/x.list": "deb mirror+file:/etc/apt/mirrors bookworm main"}, "mirror+file:/etc/apt/mirrors"),
        ({"sources.list.d/x.list": "deb http://near.example/debian stable main"}, "http://near.example/debian"),
    ],
)
def test_the_machines_own_mirror_is_taken(apt: Path, debian: Path, files: dict[str, str], mirror: str) -> None:
    for name, text in files.items():
        (apt / name).write_text(text)
    assert debian_mirror(None, apt=apt, os_release=debian) == mirror


@pytest.mark.parametrize(
    "text",
    [
        THIRD_PARTY,
        DEB822.replace("Types: deb deb-src", "Types: deb-src"),
        DEB822.replace("Signed-By", "Enabled: no\nSigned-By"),
        DEB822.replace("http:", "cdrom:"),
        "",
    ],
)
def test_a_machine_without_debians_archive_is_asked_for_a_mirror(apt: Path, debian: Path, text: str) -> None:
    (apt / "sources.list.d/x.sources").write_text(text)
    with pytest.raises(SettingsError, match="mirror: no source of Debian's main archive"):
        debian_mirror(None, apt=apt, os_release=debian)


def test_ubuntu_is_asked_for_a_mirror(apt: Path, tmp_path: Path) -> None:
    (apt / "sources.list").write_text("deb http://near.example/ubuntu noble main universe\n")
    system = tmp_path / "os-release"
    system.write_text('PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nVERSION_CODENAME=noble\n')
    with pytest.raises(SettingsError, match=r"mirror: this machine is Ubuntu 24.04 LTS, whose mirrors don't carry"):
        debian_mirror(None, apt=apt, os_release=system)


def test_the_setting_beats_all(apt: Path, tmp_path: Path) -> None:
    assert (
        debian_mirror("http://set.example/debian/", apt=apt, os_release=tmp_path / "none")
        == "http://set.example/debian"
    )
