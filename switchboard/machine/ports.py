"""Whether the configured ports are free, asked before anything starts; who holds them, if the kernel tells."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from switchboard.errors import SetupError
from switchboard.settings import Settings

LOOPBACK = "127.0.0.1"
ADDRESS_SETTINGS = {"console_port": "console_bind"}  # by which setting a port's address is chosen; else `bind`
FEWEST_RTP = 0.5  # share of the RTP ports that must be free: Asterisk skips one that isn't


@dataclass(frozen=True, slots=True)
class Listening:
    """A port that something of ours is going to listen on."""

    setting: str
    address: str
    port: int
    kind: socket.SocketKind

    def __str__(self) -> str:
        return f"{'UDP' if self.kind == socket.SOCK_DGRAM else 'TCP'} port {self.port} on {self.address}"


def listening_ports(settings: Settings) -> list[Listening]:
    """Every port that calls need, RTP aside; the console's is looked at by itself (`check_console_port`)."""
    bind = str(settings.bind)
    ports = [
        Listening("sip_port", bind, settings.sip_port, socket.SOCK_DGRAM),
        Listening("sip_port", bind, settings.sip_port, socket.SOCK_STREAM),
        Listening("ari_port", LOOPBACK, settings.ari_port, socket.SOCK_STREAM),
        Listening("ami_port", LOOPBACK, settings.ami_port, socket.SOCK_STREAM),
        Listening("agi_port", LOOPBACK, settings.agi_port, socket.SOCK_STREAM),
    ]
    if settings.database_url is None:
        ports.append(Listening("postgres_port", LOOPBACK, settings.postgres_port, socket.SOCK_STREAM))
    return ports


def check_ports(settings: Settings) -> None:
    """Raises SetupError, naming port, setting and holder, for the first port that can't be had."""
    for listening in listening_ports(settings):
        _check(listening)
    _check_rtp(settings)


def check_console_port(settings: Settings) -> None:
    """Raises SetupError, naming port, setting and holder, if the console can't have its port."""
    _check(Listening("console_port", str(settings.console_bind), settings.console_port, socket.SOCK_STREAM))


def _check(listening: Listening) -> None:
    problem = _problem(listening)
    if problem == errno.EADDRNOTAVAIL:
        setting = ADDRESS_SETTINGS.get(listening.setting, "bind")
        raise SetupError(f"{setting}: {listening.address} is not an address of this machine")
    if problem == errno.EADDRINUSE:
        holder = holder_of(listening.port, listening.kind)
        raise SetupError(f"{listening.setting}: {listening} is in use{f' by {holder}' if holder else ''}; set another")
    if problem:
        raise SetupError(f"{listening.setting}: {listening} cannot be had: {os.strerror(problem)}")


def _check_rtp(settings: Settings) -> None:
    ports = range(settings.rtp_first_port, settings.rtp_last_port + 1)
    taken = [
        port
        for port in ports
        if _problem(Listening("rtp_first_port", str(settings.bind), port, socket.SOCK_DGRAM)) == errno.EADDRINUSE
    ]
    if len(taken) > len(ports) * (1 - FEWEST_RTP):
        holder = holder_of(taken[0], socket.SOCK_DGRAM)
        raise SetupError(
            f"rtp_first_port: {len(taken)} of the {len(ports)} UDP ports {ports[0]}-{ports[-1]} are in use"
            f"{f', {taken[0]} by {holder}' if holder else ''}; set another range"
        )


def _problem(listening: Listening) -> int:
    """The errno of listening there; 0 if it works."""
    family = socket.AF_INET6 if ":" in listening.address else socket.AF_INET
    with socket.socket(family, listening.kind) as trial:
        if listening.kind == socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ended connections don't count
        try:
            trial.bind((listening.address, listening.port))
            if listening.kind == socket.SOCK_STREAM:
                trial.listen()
        except OSError as error:
            return error.errno or errno.EIO
    return 0


def holder_of(port: int, kind: socket.SocketKind) -> str | None:
    """`name (process 123)` of who listens on the port; None where /proc doesn't tell us."""
    wanted = {f"socket:[{inode}]" for inode in _inodes(port, kind)}
    for process in Path("/proc").iterdir() if wanted else ():
        if not process.name.isdecimal():
            continue
        with contextlib.suppress(OSError):  # ended meanwhile, or somebody else's
            if any(_target(link) in wanted for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return None


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # closed meanwhile
        return ""


def _inodes(port: int, kind: socket.SocketKind) -> Iterator[str]:
    """The kernel's numbers of sockets bound to the port; see proc_net_tcp in the kernel's documentation."""
    stream = kind == socket.SOCK_STREAM
    for table in ("tcp", "tcp6") if stream else ("udp", "udp6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            local, state, inode = columns[1], columns[3], columns[9]
            if int(local.rpartition(":")[2], 16) == port and (not stream or state == "0A"):  # 0A: listening
                yield inode
