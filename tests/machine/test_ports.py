"""Ports in use are told of before anything starts."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from switchboard.errors import SetupError
from switchboard.machine.ports import check_console_port, check_ports, holder_of
from switchboard.settings import Settings
from tests.machine.conftest import free_settings
from tests.postgres_fixture import free_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state=tmp_path, **free_settings())


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    yield opened
    for each in opened:
        each.close()


def occupy(sockets: list[socket.socket], port: int, kind: socket.SocketKind, address: str = "127.0.0.1") -> None:
    sockets.append(socket.socket(socket.AF_INET, kind))
    sockets[-1].bind((address, port))
    if kind == socket.SOCK_STREAM:
        sockets[-1].listen()


def test_free_ports_pass_and_stay_free(settings: Settings) -> None:
    check_ports(settings)
    check_ports(settings)


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ("sip_port", socket.SOCK_DGRAM),
        *((name, socket.SOCK_STREAM) for name in ("sip_port", "ari_port", "ami_port", "agi_port", "postgres_port")),
    ],
)
def test_a_port_in_use_is_told_with_its_setting_and_its_holder(
    settings: Settings, sockets: list[socket.socket], setting: str, kind: socket.SocketKind
) -> None:
    port = getattr(settings, setting)
    occupy(sockets, port, kind, "0.0.0.0")
    name = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
    own = Path("/proc/self/comm").read_text().strip()
    message = f"{setting}: {name} port {port} on 127.0.0.1 is in use by {own} (process {os.getpid()}); set another"
    with pytest.raises(SetupError, match=f"^{re.escape(message)}$"):
        check_ports(settings)


def test_postgres_port_does_not_matter_with_a_database_of_ones_own(
    settings: Settings, sockets: list[socket.socket]
) -> None:
    occupy(sockets, settings.postgres_port, socket.SOCK_STREAM)
    own = Settings(**{**settings.model_dump(), "database_url": "postgresql://somebody@127.0.0.1/calls"})
    check_ports(own)


def test_an_ended_connection_does_not_hold_a_port(settings: Settings) -> None:
    with socket.socket() as listening, socket.socket() as caller:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server does
        listening.bind(("127.0.0.1", settings.ari_port))
        listening.listen()
        caller.connect(("127.0.0.1", settings.ari_port))
        answered, _ = listening.accept()
        answered.close()  # ends first: its address lingers in TIME_WAIT
    check_ports(settings)


def test_a_foreign_address_is_told_of(settings: Settings) -> None:
    with pytest.raises(SetupError, match=r"bind: 192\.0\.2\.1 is not an address of this machine"):
        check_ports(Settings(**{**settings.model_dump(), "bind": "192.0.2.1"}))


def test_the_consoles_port_is_looked_at_by_itself(settings: Settings, sockets: list[socket.socket]) -> None:
    check_console_port(settings)
    occupy(sockets, settings.console_port, socket.SOCK_STREAM)
    check_ports(settings)  # calls do not need it
    with pytest.raises(SetupError, match=r"^console_port: TCP port \d+ on 127\.0\.0\.1 is in use by .*; set another$"):
        check_console_port(settings)
    away = Settings(**{**settings.model_dump(), "console_bind": "192.0.2.1", "console_without_tls": True})
    with pytest.raises(SetupError, match=r"^console_bind: 192\.0\.2\.1 is not an address of this machine"):
        check_console_port(away)


def test_some_rtp_ports_may_be_taken_but_not_most(settings: Settings, sockets: list[socket.socket]) -> None:
    first = settings.rtp_first_port
    for port in range(first, first + 10):
        occupy(sockets, port, socket.SOCK_DGRAM)
    check_ports(settings)
    occupy(sockets, first + 10, socket.SOCK_DGRAM)
    with pytest.raises(
        SetupError, match=rf"rtp_first_port: 11 of the 20 UDP ports .*, {first} by .*; set another range"
    ):
        check_ports(settings)


def test_nobody_holds_a_free_port() -> None:
    assert holder_of(free_port(), socket.SOCK_STREAM) is None
