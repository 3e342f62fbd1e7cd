"""Asterisk with our configuration: starts clean, is reachable on loopback only, gives AMI and ARI the least rights."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from pathlib import Path

import aiohttp
import pytest

from switchboard.asterisk.rendering import render
from tests.asterisk_fixture import PrivateAsterisk
from tests.phones import Phones
from tests.sample_organisation import MARI, SampleConfiguration, sample_organisation


async def test_nothing_is_warned_about_at_start(recordings: Path) -> None:
    async with PrivateAsterisk(SampleConfiguration(sample_organisation()), prompts=recordings) as asterisk:
        complaints = [line for line in asterisk.log() if "WARNING" in line or "ERROR" in line]
        wanted = re.findall(r"(?m)^load = (\S+)", (asterisk.folders.asterisk_config / "modules.conf").read_text())
        shown = (await asterisk.cli("module show")).splitlines()
    assert complaints == []
    running = {line.split()[0] for line in shown if " Running " in line and " Not Running " not in line}
    assert {name[:30] for name in wanted} <= {name[:30] for name in running}  # the list cuts names at 30
    assert len(wanted) > 80


async def test_the_rendered_files_are_what_asterisk_reads(asterisk: PrivateAsterisk) -> None:
    files = render(
        asterisk.configuration, asterisk.settings, asterisk.folders, asterisk.secrets, asterisk.program,
        trunk_passwords={},
    )  # fmt: skip
    names = {path.name for path in asterisk.folders.asterisk_config.iterdir()}
    assert names == set(files)
    for name, text in files.items():
        assert text.startswith("; Made from "), name
        assert "Edit those, not this." in text.splitlines()[0]
        assert f"/{name}.j2" in text.splitlines()[0]


async def test_with_loopback_everything_listens_on_loopback_only(asterisk: PrivateAsterisk, phones: Phones) -> None:
    caller = await phones.outside("37255500030", asterisk.sip_address)
    call = await (await caller.dial("6001000")).established()  # with its RTP sockets
    addresses = listening_addresses(asterisk.process_id)
    await call.hang_up()
    assert (asterisk.settings.sip_port, "udp") in {(port, kind) for _, port, kind in addresses}
    assert (asterisk.settings.sip_port, "tcp") in {(port, kind) for _, port, kind in addresses}
    low, high = asterisk.settings.rtp_first_port, asterisk.settings.rtp_last_port
    assert [port for _, port, kind in addresses if kind == "udp" and low <= port <= high]
    wide = {(port, kind) for address, port, kind in addresses if address != "127.0.0.1"}
    # The SIP library's own DNS client: one UDP socket for IPv4, one for IPv6, on ports nobody told anybody.
    assert {kind for _, kind in wide} <= {"udp", "udp6"}
    assert len(wide) <= 2
    assert not {port for port, _ in wide if port == asterisk.settings.sip_port or low <= port <= high}


def listening_addresses(process_id: int) -> set[tuple[str, int, str]]:
    """(address, port, "tcp" or "udp") of a process's sockets that take what anybody sends; from /proc (proc(5))."""
    inodes = set()
    for descriptor in Path(f"/proc/{process_id}/fd").iterdir():
        target = str(descriptor.readlink())
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for kind, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/{process_id}/net/{kind}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and fields[3] == state:
                address, port = fields[1].split(":")
                shown = (
                    ".".join(str(byte) for byte in reversed(bytes.fromhex(address))) if len(address) == 8 else address
                )
                found.add((shown, int(port, 16), kind))
    return found


async def ami(asterisk: PrivateAsterisk, *actions: dict[str, str], secret: str | None = None) -> list[str]:
    """The response of each action after a login."""
    reader, writer = await asyncio.open_connection("127.0.0.1", asterisk.settings.ami_port)
    responses = []
    try:
        login = {"Action": "Login", "Username": "switchboard", "Secret": secret or asterisk.secrets.ami}
        for number, action in enumerate((login, *actions)):
            lines = [f"{key}: {value}" for key, value in (action | {"ActionID": str(number)}).items()]
            writer.write("\r\n".join([*lines, "", ""]).encode())
            while True:
                async with asyncio.timeout(5):
                    packet = (await reader.readuntil(b"\r\n\r\n")).decode()
                if f"ActionID: {number}\r\n" in packet and "Response: " in packet:
                    responses.append(packet)
                    break
    finally:
        writer.close()
    return responses[1:] if secret is None else responses


async def test_ami_may_do_what_the_lease_needs_and_nothing_else(asterisk: PrivateAsterisk, phones: Phones) -> None:
    caller = await phones.outside("37255500031", asterisk.sip_address)
    call = await (await caller.dial("6001000")).established()
    [channel] = await asterisk.ari("GET", "/channels")
    name = channel["name"]
    allowed = await ami(
        asterisk,
        {"Action": "Ping"},
        {"Action": "Setvar", "Channel": name, "Variable": "TIMEOUT(absolute)", "Value": "10"},
        {"Action": "Setvar", "Channel": name, "Variable": "SWITCHBOARD_POSITION", "Value": "x"},
        {"Action": "Getvar", "Channel": name, "Variable": "SWITCHBOARD_POSITION"},
        {"Action": "Redirect", "Channel": name, "Context": "safety-net", "Exten": "6001000", "Priority": "1"},
    )
    assert all("Response: Success" in response for response in allowed), allowed
    assert "Value: x" in allowed[3]
    refused = await ami(
        asterisk,
        {"Action": "Command", "Command": "core show version"},
        {"Action": "Originate", "Channel": "PJSIP/100", "Application": "Echo"},
        {"Action": "UpdateConfig", "SrcFilename": "pjsip.conf", "DstFilename": "pjsip.conf"},
        {"Action": "Setvar", "Channel": name, "Variable": "SHELL(id)", "Value": "x"},
    )
    assert all("Response: Error" in response for response in refused), refused
    await call.hang_up()


async def test_wrong_passwords_open_nothing(asterisk: PrivateAsterisk) -> None:
    [answer] = await ami(asterisk, secret="guessed")
    assert "Response: Error" in answer
    url = f"http://127.0.0.1:{asterisk.settings.ari_port}/ari/channels"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session:
        async with session.get(
            url, headers={"Authorization": aiohttp.encode_basic_auth("switchboard", "no")}
        ) as response:
            assert response.status == 401
        async with session.get(url, headers={"Origin": "https://example.org"}) as response:
            assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_text_message_becomes_no_call(asterisk: PrivateAsterisk, phones: Phones) -> None:
    """A SIP MESSAGE is refused; ARI sees no channel of it (it would block later ones)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", asterisk.settings.sip_port)
    lines = [
        f"MESSAGE sip:6001000@{asterisk.sip_address} SIP/2.0",
        "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKx;rport",
        "From: <sip:somebody@127.0.0.1>;tag=a",
        f"To: <sip:6001000@{asterisk.sip_address}>",
        "Call-ID: text-message",
        "CSeq: 1 MESSAGE",
        "Max-Forwards: 70",
        "Content-Type: text/plain",
        "Content-Length: 2",
        "",
        "hi",
    ]
    writer.write("\r\n".join(lines).encode())
    async with asyncio.timeout(5):
        status = int((await reader.readline()).split()[1])
    writer.close()
    assert status in (405, 501, 404, 415, 488)
    assert await asterisk.ari("GET", "/channels") == []


@pytest.mark.parametrize("path", ["/asterisk/modules", "/applications", "/bridges", "/playbacks/x"])
async def test_ari_serves_what_the_controller_asks(asterisk: PrivateAsterisk, path: str) -> None:
    if path.endswith("/x"):
        with pytest.raises(aiohttp.ClientResponseError, match="404"):
            await asterisk.ari("GET", path)
    else:
        assert isinstance(await asterisk.ari("GET", path), list)


async def test_a_hostile_name_is_a_name_and_nothing_else(phones: Phones) -> None:
    name = 'M "x"; ${SHELL(id)}, \\ <1> [a](b) #=>Jõe'
    organisation = sample_organisation()
    hostile = {**organisation.phones, "101": dataclasses.replace(MARI, name=name)}
    configuration = SampleConfiguration(dataclasses.replace(organisation, phones=hostile))
    async with PrivateAsterisk(configuration) as asterisk:
        assert [line for line in asterisk.log() if "WARNING" in line or "ERROR" in line] == []
        mari = await phones.register("101", asterisk.password("101"), asterisk.sip_address)
        await (await (await mari.dial("*43")).established()).hang_up()
        started = await asterisk.cel_event("CHAN_START")
        assert (started["cid_name"], started["cid_num"]) == (name, "101")
        await phones.close_all()
