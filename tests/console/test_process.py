"""The console as a process: it serves, outlives its database, follows what is live, and stops when it is told to."""

from __future__ import annotations

import asyncio
import shutil
import signal
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from switchboard.console.application import make_application
from switchboard.console.live_organisation import LiveOrganisation
from switchboard.console.office import ConsoleOffice
from switchboard.console.serving import listen, tls
from switchboard.domain.organisation import Organisation
from switchboard.errors import ConfigurationError, SetupError
from switchboard.flows.versions import keep_version, set_live
from switchboard.machine.console_link import console_problem
from switchboard.postgres.console import PostgresConsole
from switchboard.settings import Settings
from tests.asterisk_fixture import eventually
from tests.console.conftest import SetClock, bookings_of, token_for
from tests.flows.playing import EXAMPLE, PROJECT, PROMPTS
from tests.postgres_fixture import free_port
from tests.wire import Wire

T = TypeVar("T")
PRESENCE = "/api/v1/people/jaan/presence"
STARTS_WITHIN, STOPS_WITHIN = 30.0, 8.0  # seconds
EXAMPLES = 3  # requests of each kind that schemathesis makes up


@dataclass
class Process:
    """`switchboard console`, and the wire to its database."""

    url: str
    token: str
    wire: Wire
    process: asyncio.subprocess.Process
    log: Path

    async def ask(self, method: str, path: str, **sent: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        request = aiohttp.request(method, self.url + path, headers=headers, **sent)
        async with request as response:
            return response.status, await response.json(content_type=None)


@pytest_asyncio.fixture(scope="module")
async def console(modules_database: str) -> AsyncIterator[Process]:
    """One for this module, with the example organisation live; its log has no error at the end."""
    folder = Path(tempfile.mkdtemp(prefix="console-"))
    state, port = folder / "state", free_port()
    set_live(state / "versions", keep_version(state / "versions", EXAMPLE, PROMPTS))
    where = urlsplit(modules_database)
    assert where.port is not None
    async with Wire(where.port) as wire:
        through = urlunsplit(where._replace(netloc=where.netloc.replace(f":{where.port}", f":{wire.port}")))
        file, log = folder / "switchboard.toml", folder / "console.log"
        file.write_text(f'state = "{state}"\nconsole_port = {port}\ndatabase_url = "{through}"\n')
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "switchboard", "--settings", str(file), "console"),
                cwd=PROJECT,
                stdout=output,
                stderr=output,
            )
        store = PostgresConsole(lambda: modules_database)
        served = Process(f"http://127.0.0.1:{port}", await token_for(store), wire, process, log)
        store.close()
        try:

            async def serves() -> bool:
                assert process.returncode is None, log.read_text()
                return await console_problem(served.url) is not None

            await eventually(serves, STARTS_WITHIN, "the console serves")
            yield served
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), STOPS_WITHIN) == 0
            text = log.read_text()
            assert "console_stopping" in text and "[error" not in text, text
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            shutil.rmtree(folder)


async def test_it_serves_what_is_live(console: Process) -> None:
    status, told = await console.ask("GET", "/api/v1/people")
    assert (status, "jaan" in {person["id"] for person in told["items"]}) == (200, True)
    assert (await console.ask("PUT", PRESENCE, json={"status": "away"}))[0] == 200


async def test_without_postgres_it_says_so_and_recovers_by_itself(console: Process) -> None:
    assert (await console.ask("GET", PRESENCE))[0] == 200
    console.wire.cut()
    status, told = await console.ask("PUT", PRESENCE, json={"status": "busy"})
    assert (status, told["status"]) == (503, 503)
    assert str(await console_problem(console.url)).startswith("Postgres does not answer")
    console.wire.mend()
    status, told = await console.ask("GET", PRESENCE)
    assert (status, told["status"]) == (200, "away")
    assert str(await console_problem(console.url)).startswith("the controller does not lead calls")  # none runs here


async def test_schemathesis_finds_nothing(console: Process) -> None:
    # Not positive_data_acceptance: a schema cannot say that a time is over, or that a cursor is none of ours.
    checks = (
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
        "negative_data_rejection,unsupported_method,allow_header_conformance,ignored_auth"
    )
    program = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{console.url}/api/v1/openapi.json"),
        *("--header", f"Authorization: Bearer {console.token}", "--checks", checks),
        *("--phases", "coverage,fuzzing", "--max-examples", str(EXAMPLES), "--exclude-path", "/health"),
        *("--seed", "1", "--suppress-health-check", "all", "--warnings", "off", "--workers", "1"),
        cwd=console.log.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await asyncio.wait_for(program.communicate(), 60)
    assert program.returncode == 0, told.decode()


async def test_another_version_is_followed_and_a_broken_one_is_not(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    live = LiveOrganisation(versions)
    with pytest.raises(ConfigurationError, match="nothing is live yet"):
        await live()
    set_live(versions, keep_version(versions, EXAMPLE, PROMPTS))
    first = await live()
    assert await live() is first
    (versions / "live").write_text("no version\n")
    assert await live() is first
    other = tmp_path / "ivr"
    shutil.copytree(EXAMPLE, other)
    text = (other / "organisation.yaml").read_text()
    (other / "organisation.yaml").write_text(text.replace(f"name: {first.name}", "name: Renamed"))
    set_live(versions, keep_version(versions, other, PROMPTS))
    assert (await live()).name == "Renamed"


async def test_a_port_in_use_is_told_of() -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        with pytest.raises(
            SetupError, match=rf"^console_port: the console cannot listen on 127\.0\.0\.1 port {port}: "
        ):
            await listen(runner, Settings(console_port=port))
    finally:
        await runner.cleanup()


async def test_a_certificate_that_is_none_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    with pytest.raises(SetupError, match=r"^console_certificate: cannot be used"):
        tls(Settings(console_certificate=tmp_path / "no.pem"))
    with pytest.raises(SetupError, match=r"^console_certificate: cannot be used"):
        tls(Settings(console_certificate=tmp_path / "missing.pem"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
async def test_over_tls(organisation: Organisation, modules_database: str, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    making = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
        *("-subj", "/CN=switchboard.test", "-keyout", str(key), "-out", str(certificate)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await making.wait() == 0
    settings = Settings(console_port=free_port(), console_certificate=certificate, console_key=key)
    store = PostgresConsole(lambda: modules_database)
    bookings, kept = bookings_of(modules_database, SetClock())
    office = ConsoleOffice(store, returning(organisation), SetClock(), returning(True), bookings)
    runner = web.AppRunner(make_application(office))
    await runner.setup()
    try:
        await listen(runner, settings)
        assert settings.console_url.startswith("https://")
        assert await console_problem(settings.console_url) == ""
        trusting = ssl.create_default_context(cafile=str(certificate))
        request = aiohttp.request(
            "GET", f"{settings.console_url}/health", ssl=trusting, server_hostname="switchboard.test"
        )
        async with request as response:
            assert (response.status, "Strict-Transport-Security" in response.headers) == (200, True)
    finally:
        await runner.cleanup()
        store.close()
        await kept.close()


def returning(value: T) -> Callable[[], Awaitable[T]]:
    """Something that answers that."""

    async def answer() -> T:
        return value

    return answer
