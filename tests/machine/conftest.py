"""A place of its own for every test: folders in /tmp that the servers' account can enter, free ports."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from switchboard.commands.preparation import Place, make_place
from switchboard.settings import Settings
from tests.scratch import scratch_folder

REPOSITORY = Path(__file__).resolve().parents[2]
PORTS = ("sip_port", "ari_port", "ami_port", "agi_port", "postgres_port", "console_port")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another account")


def free_ports(count: int) -> list[int]:
    """Neighbouring ports that are free in UDP and TCP, below those the kernel hands out."""
    for first in random.sample(range(12_000, 30_000, count), 200):
        with contextlib.ExitStack() as opened:
            try:
                for port in range(first, first + count):
                    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                        opened.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", port))
            except OSError:
                continue
            return list(range(first, first + count))
    raise AssertionError("no free ports on this machine")


def free_settings() -> dict[str, int]:
    """Values for each of the port settings."""
    ports = free_ports(len(PORTS) + 20)
    return dict(zip(PORTS, ports, strict=False)) | {"rtp_first_port": ports[-20], "rtp_last_port": ports[-1]}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Unlike `tmp_path`, one that every account can enter."""
    path = scratch_folder("machine-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def place(folder: Path) -> Place:
    """The folders of a new switchboard."""
    return make_place(Settings(state=folder / "state"))


@pytest.fixture
def settings_file(folder: Path) -> Callable[..., Path]:
    """Writes a settings file: a state folder and free ports of its own, and what the test says."""

    def write(**values: object) -> Path:
        all_values = {"state": folder / "state", **free_settings(), **values}
        file = folder / "switchboard.toml"
        lines = (
            f"{key} = {value if isinstance(value, int) else repr(str(value))}" for key, value in all_values.items()
        )
        file.write_text("\n".join(lines) + "\n")
        return file

    return write


def switchboard(*arguments: str | Path, timeout: float = 20) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person would, in the clone."""
    command = [sys.executable, "-m", "switchboard", *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=timeout, check=False)


class OrdinaryPython:
    """Runs Python, with this project, as an ordinary user: us, or `nobody` if we are root."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._environment = {
            "PYTHONPATH": os.pathsep.join([sysconfig.get_path("purelib"), str(REPOSITORY)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
        }

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        account: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        return subprocess.run(
            [self._program, *arguments],
            env=self._environment | environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            **account,
        )


@pytest.fixture(scope="session")
def ordinary_python() -> OrdinaryPython:
    """One that an ordinary user can run; skips the test where there is none."""
    minor = f"python3.{sys.version_info.minor}"
    for program in (sys.executable, f"/usr/bin/{minor}", f"/usr/local/bin/{minor}"):
        python = OrdinaryPython(program)
        try:
            if python("-c", "import switchboard, asyncpg").returncode == 0:
                return python
        except OSError:
            continue
    pytest.skip("no Python of this version that an ordinary user can run with the installed packages")
