"""A real Asterisk for tests: its own folder, its own ports, our rendered configuration, ended with the test.

    asterisk = PrivateAsterisk(SampleConfiguration(sample_organisation()))
    async with asterisk:                     # started; ready when AMI says FullyBooted
        asterisk.sip_address                 # "127.0.0.1:23456", for tests/phones.py
        asterisk.password("100")             # a desk phone's password
        asterisk.settings, .folders, .secrets, .program      # what the switchboard itself would be given
        await asterisk.ari("GET", "/channels")               # JSON
        await asterisk.no_channels()                         # wait until nothing is left
        asterisk.cel()                                       # events written so far, dicts by column
        await asterisk.kill(); await asterisk.start()        # faults

It runs as `nobody` when the tests run as root, and dies with the process that started it. Which Asterisk: see
`installed_asterisk`.
"""

from __future__ import annotations

import asyncio
import csv
import ctypes
import os
import pwd
import random
import shutil
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import aiohttp

from switchboard.asterisk.rendering import Configuration, render_all
from switchboard.folders import Folders
from switchboard.machine.account import folders_of, make_folders, service_account
from switchboard.machine.asterisk_install import asterisk_program
from switchboard.settings import Settings, load
from tests.scratch import scratch_folder

DEADLINE = 10.0  # seconds for a start, a stop, an answer
# fmt: off
CEL_COLUMNS = (
    "eventtime", "eventtype", "linkedid", "uniqueid", "channame", "cid_num", "cid_name", "exten", "context", "appname",
    "appdata", "eventextra", "userfield", "peer",
)
# fmt: on
_PR_SET_PDEATHSIG = 1
_RTP_PORTS = 400


@dataclass(frozen=True, slots=True)
class InstalledAsterisk:
    """An Asterisk to run."""

    command: tuple[str, ...]  # without arguments of its own
    modules: Path
    data: Path


@dataclass(frozen=True, slots=True)
class SampleSecrets:
    """Random secrets."""

    ari: str
    ami: str
    phones: dict[str, str]


@lru_cache
def installed_asterisk() -> InstalledAsterisk:
    """The Asterisk that `switchboard up` would run with the settings in force.

    Or, quicker to have than a fresh copy, one unpacked elsewhere: $SWITCHBOARD_TEST_ASTERISK names its root folder.
    """
    unpacked = os.environ.get("SWITCHBOARD_TEST_ASTERISK")
    if unpacked is None:
        settings = load()
        account = service_account(settings)
        folders = folders_of(settings, account)
        make_folders(folders, account)
        program = asterisk_program(settings, folders, lambda what, share: None, account)
        return InstalledAsterisk(program.command, program.modules, program.data)
    root = Path(unpacked)
    libraries = root / "usr/lib/x86_64-linux-gnu"
    return InstalledAsterisk(
        (
            str(root / "usr/lib64/ld-linux-x86-64.so.2"),
            "--library-path",
            str(libraries),
            str(root / "usr/sbin/asterisk"),
        ),
        libraries / "asterisk/modules",
        root / "usr/share/asterisk",
    )


def free_ports(count: int) -> list[int]:
    """TCP ports that are free for UDP too, all different."""
    found: list[int] = []
    held: list[socket.socket] = []
    try:
        while len(found) < count:
            tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
            held += [tcp, udp]
            tcp.bind(("127.0.0.1", 0))
            with suppress(OSError):
                udp.bind(("127.0.0.1", tcp.getsockname()[1]))
                found.append(tcp.getsockname()[1])
    finally:
        for one in held:
            one.close()
    return found


class PrivateAsterisk:
    """One Asterisk, started and ended by the test."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        program: InstalledAsterisk | None = None,
        prompts: Path | None = None,
        settings: dict[str, Any] | None = None,
        additions: Mapping[str, str] | None = None,
        trunk_passwords: Mapping[str, str] | None = None,
    ) -> None:
        """Choose folders and ports; nothing is started.

        `settings` overrides, `prompts` are copied to its cache, `additions` (file name -> text) are appended to
        rendered files.
        """
        self.configuration = configuration
        self.program = program or installed_asterisk()
        self.folder = scratch_folder("switchboard-asterisk-")
        sip, ari, ami, agi, postgres = free_ports(5)
        rtp = random.randrange(10_000, 32_000 - _RTP_PORTS, 2)
        chosen: dict[str, Any] = {
            "state": self.folder,
            "sip_port": sip,
            "ari_port": ari,
            "ami_port": ami,
            "agi_port": agi,
            "postgres_port": postgres,
            "rtp_first_port": rtp,
            "rtp_last_port": rtp + _RTP_PORTS,
        }
        self.settings = Settings(**(chosen | (settings or {})))
        self.folders = Folders(state=self.folder, served=self.folder, cache=self.folder / "cache")
        phones = {extension: f"secret-{extension}" for extension in configuration.organisation.phones}
        self.secrets = SampleSecrets("ari-secret", "ami-secret", phones)
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._additions = additions or {}
        self._trunk_passwords = trunk_passwords or {}
        self._process: asyncio.subprocess.Process | None = None
        self.folders.prompts.mkdir(parents=True)
        if prompts is not None:
            shutil.copytree(prompts, self.folders.prompts, dirs_exist_ok=True)
            self.folders.prompts.chmod(0o755)  # a temporary folder's 0700 was copied too

    @property
    def sip_address(self) -> str:
        """Where phones register and callers call."""
        return f"127.0.0.1:{self.settings.sip_port}"

    def password(self, extension: str) -> str:
        """A desk phone's password."""
        return self.secrets.phones[extension]

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()
        shutil.rmtree(self.folder)

    # -- life and death

    async def start(self) -> None:
        """Render and start; returns when it has fully booted."""
        self._make_folders()
        render_all(
            self.configuration,
            self.settings,
            self.folders,
            self.secrets,
            self.program,
            trunk_passwords=self._trunk_passwords,
        )
        for name, text in self._additions.items():
            with (self.folders.asterisk_config / name).open("a") as file:
                file.write(text)
        self._give_away()
        user = (
            {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []} if self._account else {}
        )
        with (self.folder / "console.log").open("ab") as console:
            self._process = await asyncio.create_subprocess_exec(
                *self.program.command,
                "-C",
                str(self.folders.asterisk_config / "asterisk.conf"),
                "-fn",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                cwd=self.folder,
                preexec_fn=_die_with_parent,
                **user,
            )
        await self._booted()

    async def stop(self) -> None:
        """End it in order; nothing if it does not run."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """As a crash would."""
        await self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze it (SIGSTOP) until `resume`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    @property
    def process_id(self) -> int:
        assert self._process is not None
        return self._process.pid

    # -- looking inside

    async def ari(self, method: str, path: str, **parameters: Any) -> Any:
        """One ARI request, its JSON answer; raises aiohttp.ClientResponseError on refusal."""
        url = f"http://127.0.0.1:{self.settings.ari_port}/ari{path}"
        authentication = aiohttp.encode_basic_auth("switchboard", self.secrets.ari)
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(DEADLINE)) as session,
            session.request(
                method, url, params=parameters, headers={"Authorization": authentication}, raise_for_status=True
            ) as response,
        ):
            return await response.json() if response.content_type == "application/json" else None

    async def cli(self, command: str) -> str:
        """What `asterisk -rx` prints."""
        process = await asyncio.create_subprocess_exec(
            *self.program.command,
            "-C",
            str(self.folders.asterisk_config / "asterisk.conf"),
            "-rx",
            command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
        return output.decode()

    async def no_channels(self, timeout: float = DEADLINE) -> None:
        """Wait until no channel and no bridge is left; Asterisk keeps the one that parked callers wait in, empty."""

        async def empty() -> bool:
            if await self.ari("GET", "/channels"):
                return False
            return all(each["bridge_class"] == "parking" for each in await self.ari("GET", "/bridges"))

        await eventually(empty, timeout, "no channel and no bridge left")

    def log(self) -> list[str]:
        """Asterisk's notices, warnings and errors."""
        file = self.folders.asterisk / "log" / "messages.log"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    def cel(self) -> list[dict[str, str]]:
        """Channel events written so far."""
        if not self.folders.cel.exists():
            return []
        with self.folders.cel.open(encoding="utf-8", newline="") as file:
            return [dict(zip(CEL_COLUMNS, row, strict=True)) for row in csv.reader(file)]

    async def cel_event(self, eventtype: str, timeout: float = DEADLINE) -> dict[str, str]:
        """Wait for the first event of this type; for a user event its own name."""

        async def found() -> dict[str, str] | None:
            return next((event for event in self.cel() if event["eventtype"] == eventtype), None)

        event: dict[str, str] = await eventually(found, timeout, f"CEL event {eventtype}")
        return event

    # -- inside

    def _make_folders(self) -> None:
        asterisk = self.folders.asterisk
        for folder in (
            *(asterisk / name for name in ("etc", "log/cel-custom", "run", "db", "keys")),
            self.folders.messages,
            self.folders.kept_messages,
            self.folders.call_audio,
            self.folders.recordings,
        ):
            folder.mkdir(parents=True, exist_ok=True)

    def _give_away(self) -> None:
        if self._account is not None:
            for path in (self.folders.asterisk, *self.folders.asterisk.rglob("*")):
                os.chown(path, self._account.pw_uid, self._account.pw_gid)

    async def _booted(self) -> None:
        deadline = time.monotonic() + DEADLINE
        while True:
            assert self._process is not None
            if self._process.returncode is not None or time.monotonic() > deadline:
                console = (self.folder / "console.log").read_text("utf-8", "replace")
                raise RuntimeError(f"Asterisk did not start ({self._process.returncode}):\n{console[-3000:]}")
            with suppress(OSError, EOFError, TimeoutError):
                async with asyncio.timeout(DEADLINE / 2):
                    return await self._hear_fully_booted()
            await asyncio.sleep(0.02)

    async def _hear_fully_booted(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.settings.ami_port)
        try:
            login = f"Action: Login\r\nUsername: switchboard\r\nSecret: {self.secrets.ami}\r\n\r\n"
            writer.write(login.encode())
            await reader.readuntil(b"Event: FullyBooted")
        finally:
            writer.close()

    async def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
        try:
            await asyncio.wait_for(process.wait(), DEADLINE)
        except TimeoutError:
            process.kill()
            await process.wait()


async def eventually(condition: Callable[[], Awaitable[Any]], timeout: float, what: str) -> Any:
    """The first true value of the condition; TimeoutError says what was awaited."""
    deadline = time.monotonic() + timeout
    while not (value := await condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {what}")
        await asyncio.sleep(0.02)
    return value


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def without_colour(lines: Sequence[str]) -> list[str]:
    """Log lines as Asterisk means them."""
    return [line.replace("\x1b[0;37m", "").replace("\x1b[0m", "") for line in lines]
