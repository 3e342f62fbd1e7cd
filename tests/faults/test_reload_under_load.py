"""Another version goes live every second while ten callers a second come: none of them notices.

The callers are the bench's: each checks that it hears the greeting, presses a key, and hears the prompt behind it and
nothing else. Versions take turns that differ in what Asterisk knows, too: a desk phone, a number with its safety net.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from switchboard.commands.preparation import make_place
from switchboard.flows.versions import keep_version
from switchboard.folders import Folders
from switchboard.machine.controller_link import controller_status, reload_controller
from switchboard.settings import load
from tests.asterisk_fixture import free_ports
from tests.bench.house import IVR, NUMBER, House
from tests.bench.rounds import Round, Side, make_round

RATE = 10.0  # calls begun a second
SECONDS = 25.0
EVERY = 1.0  # seconds between reloads
RTP_PORTS = 400
LONGEST_KEY_TO_PROMPT = 250.0  # milliseconds, 99th percentile; up to this, an answer seems to come at once


@pytest_asyncio.fixture
async def house() -> AsyncIterator[tuple[House, Side, Folders]]:
    folder = Path(tempfile.mkdtemp(prefix="switchboard-reload-"))
    folder.chmod(0o755)
    names = ("sip_port", "ari_port", "ami_port", "agi_port", "postgres_port", "console_port")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    ports |= {"rtp_first_port": 27000, "rtp_last_port": 27000 + RTP_PORTS}
    running = House(folder, make_place(load()).folders.programs, ports=ports)
    try:
        await running.start()
        state = folder / "state"
        yield (
            running,
            Side("ours", ports["sip_port"], NUMBER, running.processes),
            Folders(state=state, served=state, cache=folder / "cache"),
        )
    finally:
        await running.stop()
        shutil.rmtree(folder)


def two_versions(folder: Path, folders: Folders) -> tuple[str, str]:
    """One with another phone and number, and a menu that waits otherwise; and the first one."""
    prompts = folder / "prompts"
    first = keep_version(folders.versions, IVR, prompts)
    ivr = folder / "other"
    shutil.copytree(IVR, ivr)
    organisation, people, flow = ivr / "organisation.yaml", ivr / "people.yaml", ivr / "flows/bench.yaml"
    text = organisation.read_text()
    organisation.write_text(text + text.partition("numbers:\n")[2].replace(NUMBER, "6002000"))
    people.write_text(people.read_text().replace("phones:\n", 'phones:\n  "177": Store\n'))
    flow.write_text(flow.read_text().replace("timeout: 5s", "timeout: 4s"))
    return keep_version(folders.versions, ivr, prompts), first


async def reload_on_and_on(folders: Folders, versions: tuple[str, str]) -> list[float]:
    """Until cancelled; how long each took, in seconds."""
    took = []
    try:
        for version in (versions[index % 2] for index in range(1000)):
            began = time.monotonic()
            answer = await reload_controller(folders.controller_socket, version)
            took.append(time.monotonic() - began)
            assert answer is not None
            assert answer.asterisk == ("pjsip.conf", "extensions.conf")
            await asyncio.sleep(max(0.0, began + EVERY - time.monotonic()))
    except asyncio.CancelledError:
        pass
    return took


async def ask_on_and_on(folders: Folders) -> list[float]:
    """How long the controller's loop lets a request wait, in milliseconds, asked fifty times a second."""
    waited = []
    try:
        while True:
            began = time.monotonic()
            assert await controller_status(folders.controller_socket) is not None
            waited.append((time.monotonic() - began) * 1e3)
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        pass
    return waited


@pytest.mark.thorough
async def test_a_reload_a_second_fails_no_call(house: tuple[House, Side, Folders], tmp_path: Path) -> None:
    _, side, folders = house
    prompts = folders.state.parent / "prompts"
    shutil.copytree(prompts, tmp_path / "prompts")
    versions = two_versions(tmp_path, folders)
    calm = await _measured(side, folders, RATE * 5)
    reloads = asyncio.create_task(reload_on_and_on(folders, versions))
    busy = await _measured(side, folders, RATE * SECONDS)
    reloads.cancel()
    took = await reloads
    for name, (made, waited) in {"calm": calm, "reloads": busy}.items():
        to_prompt, asked = (
            [made.latency(each, share) for share in (50, 99, 100)] for each in (made.key_to_prompt, waited)
        )
        print(
            f"{name}: {made.calls} calls, {made.failed} failed; ms (p50 p99 max) to prompt {to_prompt}, status {asked}"
        )
    print(f"{len(took)} reloads, median {sorted(took)[len(took) // 2]:.2f} s, longest {max(took):.2f} s")
    assert len(took) > SECONDS / 2
    assert not calm[0].failures
    assert not busy[0].failures
    assert busy[0].latency(busy[0].key_to_prompt, 99) < LONGEST_KEY_TO_PROMPT
    status = await controller_status(folders.controller_socket)
    assert status is not None
    assert status["configuration_problem"] is None
    assert status["versions_in_use"] == [status["flow_version"]]


async def _measured(side: Side, folders: Folders, calls: float) -> tuple[Round, list[float]]:
    asking = asyncio.create_task(ask_on_and_on(folders))
    made = await make_round(side, calls=round(calls), rate=RATE)
    asking.cancel()
    return made, await asking
