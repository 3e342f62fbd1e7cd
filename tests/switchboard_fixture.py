"""The whole switchboard for tests: `switchboard up` as a real process, with its own ports and state folder.

    async with RunningSwitchboard() as switchboard:      # returns when it answers calls
        caller = await phones.outside("37255500001", switchboard.sip_address)
        reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
        switchboard.kill("controller")                   # and whoever started it does what it does
        await switchboard.answering()                    # waits for `switchboard status`
        await switchboard.calls()                        # rows of the records, as `switchboard calls --json` has them

Its configuration is the example organisation's with every office open all the time (`open_all_hours`), or a folder of
the test's own. Programs and rendered prompts are those that `switchboard prepare` left. Leaving the block ends
everything and fails if a process of it is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import yaml

from switchboard.domain.language import Language
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.folders import Folders
from switchboard.machine.account import folders_of
from switchboard.machine.controller_link import controller_status
from switchboard.machine.running import Running, is_alive, read_running, start_of
from switchboard.ports import Utterance
from switchboard.postgres.archive import PostgresArchive
from switchboard.settings import Settings, load
from tests.asterisk_fixture import CEL_COLUMNS, eventually
from tests.machine.conftest import PORTS, free_ports
from tests.machine.processes import descendants
from tests.phones import PhoneCall
from tests.scratch import scratch_folder
from tests.transcript import told

REPOSITORY = Path(__file__).resolve().parents[1]
STARTS_WITHIN = 150.0  # seconds; a later start takes about 5 on an idle machine
STOPS_WITHIN = 25.0
COMES_BACK_WITHIN = 20.0
_RTP_PORTS = 60


def open_all_hours(folder: Path, ivr: Path = REPOSITORY / "ivr") -> Path:
    """A copy of a configuration, below `folder`, in which every office is open at any time."""
    copy = folder / "ivr"
    shutil.copytree(ivr, copy)
    tables = yaml.safe_load((copy / "hours.yaml").read_text("utf-8"))
    for table in tables.values():
        table["open"] = "24/7"
        table.pop("overrides", None)
        table.pop("moved", None)
    (copy / "hours.yaml").write_text(yaml.safe_dump(tables, allow_unicode=True), "utf-8")
    return copy


class RunningSwitchboard:
    """One switchboard, started and ended by the test."""

    def __init__(self, *, ivr: Path | None = None, **settings: Any) -> None:
        """Choose folders and ports; nothing is started. `settings` override."""
        self.folder = scratch_folder("switchboard-")
        ports = free_ports(len(PORTS) + _RTP_PORTS)
        chosen: dict[str, Any] = {
            "state": self.folder / "state",
            "cache": folders_of(load()).cache,
            "ivr": ivr or open_all_hours(self.folder),
            "prompts": REPOSITORY / "prompts",
            **dict(zip(PORTS, ports, strict=False)),
            "rtp_first_port": ports[-_RTP_PORTS],
            "rtp_last_port": ports[-1],
            **settings,
        }
        self.settings = Settings(**chosen)
        self.folders: Folders = folders_of(self.settings)
        self._file = self.folder / "switchboard.toml"
        lines = (f"{key} = {value if isinstance(value, int) else repr(str(value))}" for key, value in chosen.items())
        self._file.write_text("\n".join(lines) + "\n")
        self._launcher: asyncio.subprocess.Process | None = None
        self._seen: dict[int, int] = {}  # every process that ever was ours, and its start
        self._paused: set[int] = set()
        self._configuration: Configuration | None = None

    @property
    def sip_address(self) -> str:
        """Where phones register and callers call."""
        return f"127.0.0.1:{self.settings.sip_port}"

    def password(self, extension: str) -> str:
        """A desk phone's password."""
        secrets: dict[str, Any] = json.loads(self.folders.secrets.read_text())
        return str(secrets["phones"][extension])

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self.stop()
            await self.nothing_left()
        finally:
            self._end_whatever_is_left()
            shutil.rmtree(self.folder)

    # -- life and death

    async def start(self) -> None:
        """Start it; returns when it answers calls."""
        await self.launch()
        await self.answering(STARTS_WITHIN)

    async def launch(self) -> None:
        """Start it and return at once."""
        with self.output.open("ab") as output:
            self._launcher = await asyncio.create_subprocess_exec(
                *self._command("up"), cwd=REPOSITORY, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
            )

    async def answering(self, timeout: float = COMES_BACK_WITHIN) -> None:
        """Wait until a call would be answered by a flow."""

        async def answers() -> bool:
            if self._launcher is not None and self._launcher.returncode is not None:
                raise AssertionError(f"the switchboard ended:\n{self.output.read_text()}")
            self._look()
            running = read_running(self.folders)
            noted = {process.name for process in running.processes if is_alive(process)} if running else set()
            status = await controller_status(self.folders.controller_socket) if "controller" in noted else None
            return bool((status or {}).get("answering"))

        await eventually(answers, timeout, "the switchboard answers")

    async def stop(self) -> None:
        """End it in order, as Ctrl-C would; nothing if it does not run."""
        self._look()
        for pid in list(self._paused):
            self._signal(pid, signal.SIGCONT)
        launcher, self._launcher = self._launcher, None
        if launcher is None:
            return
        with contextlib.suppress(ProcessLookupError):
            launcher.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(launcher.wait(), STOPS_WITHIN)
        except TimeoutError:
            launcher.kill()
            await launcher.wait()
            raise AssertionError(f"the switchboard did not end within {STOPS_WITHIN} s") from None

    async def nothing_left(self, timeout: float = 6.0) -> None:
        """Wait until no process of it runs."""

        async def none() -> bool:
            self._look()
            return not self._living()

        try:
            await eventually(none, timeout, "all processes ended")
        except TimeoutError:
            left = {pid: _command_line(pid) for pid in self._living()}
            raise AssertionError(f"still running: {left}") from None

    def pid(self, name: str) -> int:
        """The process id of "launcher", "postgres", "asterisk" or "controller"."""
        if name == "launcher":
            assert self._launcher is not None, "not started"
            return self._launcher.pid
        process = next((each for each in self._running().processes if each.name == name), None)
        assert process is not None and process.pid is not None and is_alive(process), f"{name} does not run"
        return process.pid

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a process a signal; its process id."""
        self._look()
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def pause(self, name: str) -> None:
        """Freeze a process (Postgres with all of its own) until `resume`."""
        pid = self.pid(name)
        for each in (pid, *descendants(pid)) if name == "postgres" else (pid,):
            self._signal(each, signal.SIGSTOP)
            self._paused.add(each)

    def resume(self, name: str) -> None:
        """Let a frozen process go on."""
        pid = self.pid(name)
        for each in (pid, *descendants(pid)) if name == "postgres" else (pid,):
            self._signal(each, signal.SIGCONT)
            self._paused.discard(each)

    async def restarted(self, name: str, than: int, timeout: float = COMES_BACK_WITHIN) -> int:
        """Wait until the process runs again as another `than` that one; its new process id."""

        async def other() -> int | None:
            process = next((each for each in self._running().processes if each.name == name), None)
            return process.pid if process and process.pid not in (None, than) and is_alive(process) else None

        pid: int = await eventually(other, timeout, f"{name} was started again")
        self._look()
        return pid

    # -- looking at it

    @property
    def output(self) -> Path:
        """What `up` prints."""
        return self.folder / "output"

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run `switchboard …` on it: exit status, standard output, standard error."""
        process = await asyncio.create_subprocess_exec(
            *self._command(*arguments),
            cwd=REPOSITORY,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            output, errors = await process.communicate()
        return process.returncode or 0, output.decode(), errors.decode()

    async def status(self) -> dict[str, Any]:
        """What `switchboard status --json` tells."""
        _, output, errors = await self.command("status", "--json")
        assert output, errors
        answer: dict[str, Any] = json.loads(output)
        return answer

    async def calls(self) -> list[dict[str, Any]]:
        """What `switchboard calls --json` lists."""
        code, output, errors = await self.command("calls", "--json")
        assert code == 0, errors
        rows: list[dict[str, Any]] = json.loads(output)
        return rows

    @property
    def configuration(self) -> Configuration:
        """What its configuration folder says."""
        if self._configuration is None:
            self._configuration = load_configuration(self.settings.ivr, self.settings.prompts)
        return self._configuration

    def prompt(self, identifier: str, language: str = "en") -> Path:
        """The recording that says a prompt."""
        return self._recording(self.configuration.prompts[identifier][Language(language)][0])

    def recordings(self) -> dict[str, Path]:
        """Every recording of the configuration that can be told from others, by its prompt ("main_menu en") or text."""
        named = {
            self._recording(utterance): f"{identifier} {utterance.language}"
            for identifier, speech in self.configuration.prompts.items()
            for utterances in speech.values()
            for utterance in utterances
        }
        every = {self._recording(utterance): utterance.text for utterance in self.configuration.utterances} | named
        return {name: path for path, name in every.items() if path.exists()}

    def told(self, call: PhoneCall) -> str:
        """What the caller heard of it, for the message of an assertion."""
        return "; ".join(map(str, told(call.heard, self.recordings()))) or "nothing we say"

    def _recording(self, utterance: Utterance) -> Path:
        name = self.configuration.organisation.recording_of(utterance.text, utterance.language)
        return self.folders.prompts / f"{name}.wav"

    def logged(self, lines: int = 40) -> str:
        """The last lines of what `up` printed and the controller logged, to understand a failure by."""
        files = (self.output, self.folders.logs / "controller.log", self.folders.asterisk / "log" / "messages.log")
        tails = []
        for file in files:
            text = file.read_text("utf-8", "replace") if file.exists() else ""
            tails += [f"--- {file.name}", *text.splitlines()[-lines:]]
        return "\n".join(tails)

    def archive(self) -> PostgresArchive:
        """Its records; `async with` it."""
        return PostgresArchive(self.database_url)

    @property
    def database_url(self) -> str:
        """Its database, password included."""
        return self._running().database_url

    def cel(self) -> list[dict[str, str]]:
        """Asterisk's channel events so far."""
        if not self.folders.cel.exists():
            return []
        with self.folders.cel.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) == len(CEL_COLUMNS)]  # a kill leaves torn lines
        return [dict(zip(CEL_COLUMNS, row, strict=True)) for row in rows]

    async def asterisk(self, command: str) -> str:
        """What Asterisk's console says to a command."""
        process = await asyncio.create_subprocess_exec(
            *self._running().asterisk_command,
            "-C",
            str(self.folders.asterisk_config / "asterisk.conf"),
            "-rx",
            command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 10)
        return output.decode()

    async def no_channels(self, timeout: float = 10.0) -> None:
        """Wait until Asterisk has no channel and no bridge left."""

        async def empty() -> bool:
            channels = await self.asterisk("core show channels count")
            bridges = await self.asterisk("bridge show all")
            left = [line for line in bridges.strip().splitlines()[1:] if " parking " not in line]  # which stays, empty
            return channels.startswith("0 active channels") and not left

        await eventually(empty, timeout, "no channel and no bridge left")

    # -- inside

    def _command(self, *arguments: str) -> Sequence[str]:
        return (sys.executable, "-m", "switchboard", "--settings", str(self._file), *arguments)

    def _running(self) -> Running:
        running = read_running(self.folders)
        assert running is not None, "not started"
        return running

    def _look(self) -> None:
        """Note every process that is ours now."""
        if self._launcher is not None and self._launcher.returncode is None:
            for pid in (self._launcher.pid, *descendants(self._launcher.pid)):
                self._seen.setdefault(pid, start_of(pid))

    def _living(self) -> list[int]:
        return [pid for pid, began in self._seen.items() if began and start_of(pid) == began]

    def _signal(self, pid: int, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def _end_whatever_is_left(self) -> None:
        for pid in self._living():
            self._signal(pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while self._living() and time.monotonic() < deadline:
            time.sleep(0.02)


def _command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return "?"
