"""A virtual environment with pip, where Python is whole and where Debian cut it in pieces."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from switchboard.machine import virtual_environment
from tests.machine.conftest import REPOSITORY

SCRIPT = REPOSITORY / "switchboard/machine/virtual_environment.py"


@pytest.fixture
def without_ensurepip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_environment, "_with_ensurepip", lambda _: False)


def test_it_makes_one_and_then_leaves_it(tmp_path: Path) -> None:
    virtual_environment.main(tmp_path / "venv")
    assert virtual_environment.has_pip(tmp_path / "venv")
    made = (tmp_path / "venv/pyvenv.cfg").stat().st_mtime_ns
    virtual_environment.main(tmp_path / "venv")
    assert (tmp_path / "venv/pyvenv.cfg").stat().st_mtime_ns == made


def test_what_an_earlier_try_left_broken_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/python").symlink_to("/nonexistent/python")
    virtual_environment.main(tmp_path / "venv")
    assert virtual_environment.has_pip(tmp_path / "venv")


def test_without_ensurepip_pip_comes_by_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_ensurepip: None
) -> None:
    """apt is played: it "fetches" a package with the wheel that this Python has for itself."""
    monkeypatch.setattr(virtual_environment, "_from_own_pip", lambda _: False)
    wheel = _own_wheel()
    real, asked = virtual_environment._succeeds, []

    def play(*command: str | Path, folder: Path | None = None) -> bool:
        if command[0] == "apt-get":
            asked.append(command[-1])
            if folder is not None:
                tree = tmp_path / "package"
                (tree / "DEBIAN").mkdir(parents=True)
                (tree / "DEBIAN/control").write_text(
                    "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: none\nDescription: none\n"
                )
                (tree / "usr/share/python-wheels").mkdir(parents=True)
                (tree / "usr/share/python-wheels" / wheel.name).write_bytes(wheel.read_bytes())
                subprocess.run(["dpkg-deb", "-b", tree, folder / "x.deb"], check=True, capture_output=True)
            return True
        return real(*command, folder=folder)

    monkeypatch.setattr(virtual_environment, "_succeeds", play)
    virtual_environment.main(tmp_path / "venv")
    assert asked == ["update", "python3-pip-whl"]
    assert virtual_environment.has_pip(tmp_path / "venv")


def _own_wheel() -> Path:
    import ensurepip

    folders = (Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels"))
    return next(wheel for folder in folders for wheel in folder.glob("pip-*.whl"))


def test_where_nothing_works_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_ensurepip: None
) -> None:
    monkeypatch.setattr(virtual_environment, "_succeeds", lambda *_, **__: False)
    with pytest.raises(SystemExit) as ended:
        virtual_environment.main(tmp_path / "venv")
    assert str(ended.value).startswith("switchboard: this Python has no venv with pip")
    assert "\n" not in str(ended.value)


def test_an_old_python_is_refused_in_one_line(tmp_path: Path) -> None:
    pretend = f"import sys, runpy; sys.version_info = (3, 9, 2); sys.argv[1:] = [{str(tmp_path / 'venv')!r}]; "
    command = [sys.executable, "-c", pretend + f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith("switchboard: Python 3.11 or newer is needed, ")
    assert ran.stderr.count("\n") == 1
    assert not (tmp_path / "venv").exists()
