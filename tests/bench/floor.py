"""The floor: an Asterisk with nothing but what the standard call needs, its flow in pure dialplan, CDR in a file.

It says the same files in the same form as ours, with the default of every other setting.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from switchboard.machine.account import Account
from switchboard.machine.children import Child, Program

NUMBER = "6001000"
_MODULES = """
res_timing_timerfd format_wav codec_ulaw codec_resample
res_sorcery_config res_sorcery_memory res_sorcery_astdb
res_pjproject res_pjsip res_pjsip_authenticator_digest res_pjsip_session res_pjsip_sdp_rtp res_rtp_asterisk
res_pjsip_caller_id res_pjsip_nat res_pjsip_endpoint_identifier_anonymous res_pjsip_pubsub chan_pjsip
app_playback pbx_config cdr_csv
"""
_DIRECTORIES = {
    "astetcdir": "etc",
    "astvarlibdir": "db",
    "astdbdir": "db",
    "astkeydir": "keys",
    "astagidir": "db",
    "astspooldir": "spool",
    "astrundir": "run",
    "astlogdir": "log",
}
_FILES = {
    "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in _MODULES.split()),
    "cdr.conf": "[general]\nenable = yes\n[csv]\nloguniqueid = yes\n",
    "logger.conf": "[general]\n[logfiles]\nmessages.log = notice,warning,error\n",
    "rtp.conf": "[general]\nrtpstart = {rtp_first}\nrtpend = {rtp_last}\n",
    "pjsip.conf": """
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}

[anonymous]
type = endpoint
context = inbound
disallow = all
allow = alaw,ulaw
""",
    "extensions.conf": """
[inbound]
exten => {number},1,Answer()
 same => n,Background({folder}/greeting)
 same => n,WaitExten(5)
 same => n,Hangup()
exten => 1,1,Playback({folder}/prompt)
 same => n,Hangup()
""",
}


class InstalledAsterisk(Protocol):
    """An Asterisk to run (switchboard.machine.asterisk_install has it)."""

    @property
    def command(self) -> tuple[str, ...]: ...
    @property
    def modules(self) -> Path: ...
    @property
    def data(self) -> Path: ...


class Floor:
    """That Asterisk, in a folder and on ports of its own."""

    def __init__(
        self,
        folder: Path,
        program: InstalledAsterisk,
        *,
        prompts: Mapping[str, Path],
        sip_port: int,
        rtp: tuple[int, int],
        account: Account | None,
    ) -> None:
        """`folder` exists, and the account it runs as (None: ours) can enter it; `prompts` are greeting and prompt."""
        self._folder = folder
        self._program = program
        self._prompts = prompts
        self._account = account
        self._ports = {"sip": sip_port, "rtp_first": rtp[0], "rtp_last": rtp[1]}
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """The process."""
        assert self._child is not None and self._child.pid is not None, "it runs"
        return self._child.pid

    async def start(self) -> None:
        """Start it; returns when calls can be made."""
        self._write()
        command = (*self._program.command, "-C", str(self._folder / "etc/asterisk.conf"))

        async def is_ready(_: int) -> bool:
            ask = asyncio.to_thread(
                subprocess.run, [*command, "-rx", "core waitfullybooted"], capture_output=True, check=False
            )
            return b"fully booted" in (await ask).stdout

        self._child = Child(
            Program(
                "floor",
                (*command, "-f", "-n"),
                self._folder,
                self._folder / "console.log",
                account=self._account,
                ready=is_ready,
            )
        )
        await self._child.start()

    async def stop(self) -> None:
        """End it."""
        if self._child is not None:
            await self._child.stop()

    def _write(self) -> None:
        for name in {*_DIRECTORIES.values(), "log/cdr-csv"}:
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        directories = {
            "astmoddir": self._program.modules,
            "astdatadir": self._program.data,
            **{name: self._folder / below for name, below in _DIRECTORIES.items()},
        }
        text = "[directories]\n" + "".join(f"{name} = {place}\n" for name, place in directories.items())
        (self._folder / "etc/asterisk.conf").write_text(text)
        for name, form in _FILES.items():
            (self._folder / "etc" / name).write_text(form.format(**self._ports, number=NUMBER, folder=self._folder))
        for name in ("greeting", "prompt"):
            shutil.copy(self._prompts[name], self._folder / f"{name}.wav")
        if self._account is not None:
            for path in (self._folder, *self._folder.rglob("*")):
                os.chown(path, self._account.uid, self._account.gid)
