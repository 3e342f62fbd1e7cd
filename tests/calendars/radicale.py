"""A real CalDAV server for tests: Radicale, as a process of its own on loopback."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from caldav.davclient import DAVClient

USER, PASSWORD = "mari", "correct horse"
START_DEADLINE = 30.0  # seconds


class Radicale:
    """One server; it keeps its port and what is in it while it is away."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        (folder / "users").write_text(f"{USER}:{PASSWORD}\nchef:{PASSWORD}\n")
        (folder / "config").write_text(
            f"[server]\nhosts = 127.0.0.1:{self.port}\nmax_connections = 20\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder}/users\nhtpasswd_encryption = plain\ndelay = 0\n"
            f"[storage]\nfilesystem_folder = {folder}/kept\n[web]\ntype = none\n"
            "[logging]\nlevel = warning\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, user: str = USER, calendar: str = "work") -> str:
        """Of one calendar."""
        return f"http://127.0.0.1:{self.port}/{user}/{calendar}/"

    async def start(self) -> None:
        """Begin to answer."""
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", "radicale", "--config", str(self._folder / "config")], stdout=log, stderr=log
        )
        log.close()
        async with asyncio.timeout(START_DEADLINE):
            while not await asyncio.to_thread(self._answers):
                assert self._process.poll() is None, (self._folder / "log").read_text()
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Be away."""
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait, 20)
            self._process = None

    def client(self, user: str = USER) -> DAVClient:
        """As somebody's own calendar program uses it."""
        return DAVClient(
            url=f"http://127.0.0.1:{self.port}/{user}/",
            username=user,
            password=PASSWORD,
            timeout=20,
        )

    def _answers(self) -> bool:
        try:
            with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{self.port}/.web", timeout=5):
                return True
        except OSError as error:
            return hasattr(error, "code")  # any answer of HTTP is one
