"""Make a virtual environment that has pip: `python3 virtual_environment.py FOLDER`.

Debian and Ubuntu cut Python in pieces: `python3` alone has no `ensurepip`, so `python3 -m venv` fails. Then pip comes
from the machine's own pip if it has one, else from its package `python3-pip-whl`, fetched by apt without root. Only the
standard library is at hand here, and the Python may be too old for the rest of the program.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

OLDEST = (3, 11)
WHEEL_PACKAGE = "python3-pip-whl"


def main(folder: Path) -> None:
    """Make it, or do nothing if it is there. Exits with one line on standard error if it can't be had."""
    if sys.version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        sys.exit(
            f"switchboard: Python {wanted} or newer is needed, {sys.executable} is {sys.version.split()[0]}: "
            f"make PYTHON=/path/to/python{wanted} …"
        )
    if has_pip(folder):
        return
    if not _with_ensurepip(folder):
        venv.create(folder, with_pip=False, clear=True, symlinks=True)
        if not (_from_own_pip(folder) or _from_apt(folder)):
            sys.exit(
                "switchboard: this Python has no venv with pip, and apt could not fetch it: "
                "install python3-venv, or name another Python: make PYTHON=…"
            )


def has_pip(folder: Path) -> bool:
    """Whether the environment works and can install."""
    return _succeeds(folder / "bin/python", "-m", "pip", "--version")


def _with_ensurepip(folder: Path) -> bool:
    """The plain way, where Python is whole."""
    if not _succeeds(sys.executable, "-c", "import ensurepip"):
        return False
    return _succeeds(sys.executable, "-m", "venv", "--clear", folder) and has_pip(folder)


def _from_own_pip(folder: Path) -> bool:
    """By the pip of the Python we run on, where there is one."""
    return _succeeds(sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "pip") and has_pip(
        folder
    )


def _from_apt(folder: Path) -> bool:
    """By the wheel that Debian keeps for its own `ensurepip`."""
    print(f"fetching pip ({WHEEL_PACKAGE}) …", file=sys.stderr)  # noqa: T201
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "lists/partial").mkdir(parents=True)
        (place / "cache/archives/partial").mkdir(parents=True)
        (place / "status").touch()
        options = {
            "Dir::State": place,
            "Dir::State::lists": place / "lists",
            "Dir::State::status": place / "status",
            "Dir::Cache": place / "cache",
            "Debug::NoLocking": "true",
            "Acquire::Languages": "none",
            **({"APT::Sandbox::User": "root"} if os.geteuid() == 0 else {}),
        }
        apt = ["apt-get", "-q", *(word for key, value in options.items() for word in ("-o", f"{key}={value}"))]
        if not _succeeds(*apt, "update") or not _succeeds(*apt, "download", WHEEL_PACKAGE, folder=place):
            return False
        if not all(_succeeds("dpkg-deb", "-x", archive, place / "root") for archive in place.glob("*.deb")):
            return False
        # A wheel is a zip file that Python can import from: this one installs itself.
        wheels = sorted((place / "root").rglob("pip-*.whl"))
        return any(
            _succeeds(folder / "bin/python", wheel / "pip", "install", "--no-index", wheel) for wheel in wheels
        ) and has_pip(folder)


def _succeeds(*command: str | Path, folder: Path | None = None) -> bool:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    except OSError:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
