"""Whether a console answers, and what it says of itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from switchboard.machine.console_link import console_problem
from tests.postgres_fixture import free_port

OURS = b"HTTP/1.0 200 OK\r\nServer: switchboard\r\n\r\n" + b'{"status":"ok"}'
ILL = b"HTTP/1.0 503 Service Unavailable\r\nServer: switchboard\r\n\r\n" + b'{"detail":"Postgres does not answer"}'
ANOTHERS = b"HTTP/1.0 200 OK\r\nServer: nginx\r\n\r\n{}"


class Port:
    """Answers whatever it is asked with these bytes."""

    def __init__(self) -> None:
        self.answer = b""
        self.url = f"http://127.0.0.1:{free_port()}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /health ")
        writer.write(self.answer)
        writer.close()


@pytest_asyncio.fixture
async def port() -> AsyncIterator[Port]:
    port = Port()
    server = await asyncio.start_server(port.serve, "127.0.0.1", int(port.url.rpartition(":")[2]))
    yield port
    server.close()
    await server.wait_closed()


async def test_one_that_is_well(port: Port) -> None:
    port.answer = OURS
    assert await console_problem(port.url) == ""


async def test_one_that_is_not(port: Port) -> None:
    port.answer = ILL
    assert await console_problem(port.url) == "Postgres does not answer"


async def test_another_program_or_nobody(port: Port) -> None:
    for port.answer in (ANOTHERS, b"", b"SSH-2.0\r\n", OURS[:-1]):
        assert await console_problem(port.url) is None
    assert await console_problem(f"http://127.0.0.1:{free_port()}") is None
