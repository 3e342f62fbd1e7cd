"""Ours: the whole switchboard as `switchboard up` starts it, on the organisation in `tests/bench/ivr`.

Its prompts are recordings of the organisation's own. Rendering them puts silence before the sound, in which a packet
does not tell what it belongs to, so the rendered files are written over by bare tones; the floor plays the same.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from switchboard.domain.language import ENGLISH
from switchboard.domain.spoken import content_key
from switchboard.flows.load import OWN_PROMPTS
from switchboard.folders import Folders
from switchboard.machine.children import Child, Program
from switchboard.machine.controller_link import controller_status
from switchboard.machine.running import read_running
from switchboard.settings import ENVIRONMENT_PREFIX
from tests.bench.tones import GREETING, PROMPT, write_tone

IVR = Path(__file__).parent / "ivr"
REPOSITORY = Path(__file__).resolve().parents[2]
NUMBER = "6001000"
PROCESSES = ("asterisk", "controller", "postgres")
_PROMPTS = {"greeting": GREETING, "prompt": PROMPT, **dict.fromkeys(("reception", *OWN_PROMPTS), PROMPT)}


class House:
    """A switchboard with a state folder and ports of its own; programs are taken from the cache of the given one."""

    def __init__(self, folder: Path, programs: Path, *, ports: dict[str, int], code: Path = REPOSITORY) -> None:
        """`folder` exists and is empty; `ports` are settings that end in `_port`; `code` is the working copy to run."""
        self._folder = folder
        self._folders = Folders(state=folder / "state", served=folder / "state", cache=folder / "cache")
        self._programs = programs
        self._code = code
        self._settings = {
            "state": str(self._folders.state),
            "cache": str(self._folders.cache),
            "ivr": str(IVR),
            "prompts": str(folder / "prompts"),
            "log_level": "warning",
            **{name: str(port) for name, port in ports.items()},
        }
        self._child: Child | None = None

    async def start(self) -> None:
        """Start it; returns when calls can be made. Raises SetupError."""
        self._write_prompts()
        self._folders.state.mkdir()
        self._folders.cache.mkdir()
        self._folders.programs.symlink_to(self._programs)

        async def is_answering(_: int) -> bool:
            status = await controller_status(self._folders.controller_socket)
            return status is not None and status.get("answering") is True

        self._child = Child(
            Program(
                name="switchboard up",
                command=(sys.executable, "-m", "switchboard", "up"),
                folder=self._folder,  # not the working copy: its switchboard.toml is not ours
                log=self._folder / "up.log",
                environment={
                    "PYTHONPATH": str(self._code),
                    **{f"{ENVIRONMENT_PREFIX}{name.upper()}": value for name, value in self._settings.items()},
                },
                stop_within=timedelta(seconds=20),
                ready=is_answering,
                ready_within=timedelta(seconds=60),
            )
        )
        await self._child.start()
        for name, (hertz, seconds) in _PROMPTS.items():
            write_tone(self.prompts[name], hertz, seconds)

    async def stop(self) -> None:
        """End it, everything it started included."""
        if self._child is not None:
            await self._child.stop()

    @property
    def processes(self) -> dict[str, list[int]]:
        """Process ids of Asterisk, the controller and Postgres."""
        running = read_running(self._folders)
        assert running is not None, "it runs"
        found = {each.name: [each.pid] for each in running.processes if each.pid and each.name in PROCESSES}
        assert set(found) == set(PROCESSES), f"not all of it runs: {found}"
        return found

    @property
    def database_url(self) -> str:
        """Where its records arrive."""
        running = read_running(self._folders)
        assert running is not None, "it runs"
        return running.database_url

    @property
    def prompts(self) -> dict[str, Path]:
        """Rendered files, by prompt id."""
        return {name: self._folders.prompts / f"{content_key(_text(name), ENGLISH)}.wav" for name in _PROMPTS}

    def _write_prompts(self) -> None:
        texts, recordings = self._folder / "prompts/texts", self._folder / "prompts/recordings/en"
        texts.mkdir(parents=True)
        recordings.mkdir(parents=True)
        (texts / "en.yaml").write_text("".join(f'{name}: "{_text(name)}"\n' for name in _PROMPTS))
        for name, (hertz, seconds) in _PROMPTS.items():
            write_tone(recordings / f"{name}.wav", hertz, seconds)


def _text(name: str) -> str:
    return f"{name} of the bench"
