"""How our Asterisk is run, asked and ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from datetime import timedelta

from switchboard.folders import Folders
from switchboard.machine.account import Account
from switchboard.machine.asterisk_install import AsteriskProgram
from switchboard.machine.children import Program


def asterisk_server(program: AsteriskProgram, folders: Folders, account: Account | None = None) -> Program:
    """How to run it with the configuration in `folders.asterisk_config`."""
    console = remote_command(program, folders)

    async def is_ready(_pid: int) -> bool:
        """Whether it has loaded everything: its own console tells, and answers only then."""
        if not (folders.asterisk / "run/asterisk.ctl").exists():
            return False
        process = await asyncio.create_subprocess_exec(
            *console,
            "core waitfullybooted",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(10):
                output, _ = await process.communicate()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            return False
        return b"fully booted" in output

    return Program(
        name="asterisk",
        command=(*program.command, "-C", str(folders.asterisk_config / "asterisk.conf"), "-f", "-n"),
        folder=folders.asterisk,
        log=folders.logs / "asterisk.log",
        # Its own world only: whatever secrets the launcher was told by its environment are not for it.
        environment={
            "HOME": str(folders.asterisk),
            "LANG": "C.UTF-8",
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            **({"TZ": os.environ["TZ"]} if "TZ" in os.environ else {}),
        },
        account=account,
        # Politely even when the launcher is killed: phones are told that their calls are over. Takes 0.7 s.
        death_signal=signal.SIGTERM,
        stop_signal=signal.SIGTERM,
        stop_within=timedelta(seconds=5),
        ready=is_ready,
    )


def remote_command(program: AsteriskProgram, folders: Folders) -> tuple[str, ...]:
    """Runs one command of Asterisk's console, which follows, on the running server."""
    return (*program.command, "-C", str(folders.asterisk_config / "asterisk.conf"), "-rx")
