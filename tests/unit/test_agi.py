"""The FastAGI server against clients of every kind: Asterisk as it should be, and everything it should survive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from switchboard.asterisk import agi
from switchboard.asterisk.agi import AgiRefused, AgiRequest, AgiServer, parse_request, set_variable
from switchboard.asterisk.agi_answers import agi_handlers
from switchboard.domain.clients import Client
from switchboard.domain.hours import HoursKind, HoursState
from switchboard.domain.screening import Rule, Screened, Verdict
from switchboard.services.identify_caller import KnownCaller

REQUEST = (
    b"agi_network: yes\nagi_network_script: hours?table=office\nagi_request: agi://127.0.0.1:4573/hours?table=office\n"
    b"agi_channel: PJSIP/100-00000001\nagi_language: en\nagi_type: PJSIP\nagi_uniqueid: switchboard-1763750000.1\n"
    b'agi_version: 22.10.1\nagi_callerid: 100\nagi_calleridname: J\xc3\xb6rg: "x"\nagi_dnid: 900\nagi_extension: 900\n'
    b"agi_arg_1: one\nagi_arg_10: ten\nagi_arg_2: \nagi_threadid: 1\n\n"
)
SLOW = asyncio.Event()


async def slow(request: AgiRequest) -> Mapping[str, str]:
    await SLOW.wait()
    return {}


async def broken(request: AgiRequest) -> Mapping[str, str]:
    raise ZeroDivisionError


async def misnamed(request: AgiRequest) -> Mapping[str, str]:
    return {"PATH=x\nSHELL": "1"}


def hours_now(table: str) -> HoursState | None:
    return HoursState(HoursKind.OPEN, "", None, None) if table == "office" else None


CLIENT = Client("C-1", 'Põhja "Köök"', ("+37255501234",), "dealer", "mari", vip=True)


def screened(number: str) -> Screened:
    return Screened() if number.isdigit() else Screened(Verdict.REJECT, Rule.ANONYMOUS, "no number")


def caller(number: str) -> KnownCaller:
    return KnownCaller("+37255501234", CLIENT, "dealer") if number == "55501234" else KnownCaller("", None, "unknown")


@pytest_asyncio.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AgiServer]:
    monkeypatch.setattr(agi, "PHASE_SECONDS", 0.3)
    server = AgiServer(
        {**agi_handlers(hours_now, caller, screened), "slow": slow, "broken": broken, "misnamed": misnamed}
    )
    await server.start(0)
    yield server
    await server.close()
    assert server.connections == 0


async def ask(server: AgiServer, request: bytes, replies: bytes = b"200 result=1\n") -> str:
    """Everything the server sends until it closes, each of its commands answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    heard = b""
    async with asyncio.timeout(5):
        while line := await reader.readline():
            heard += line
            writer.write(replies)
    writer.close()
    return heard.decode()


async def closes(server: AgiServer, *pieces: bytes) -> bytes:
    """What the server sends before it closes by itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def gone(server: AgiServer) -> None:
    async with asyncio.timeout(5):
        while server.connections:
            await asyncio.sleep(0.01)


async def test_hours_are_answered(server: AgiServer) -> None:
    assert await ask(server, REQUEST) == 'SET VARIABLE SWITCHBOARD_HOURS "open"\nSET VARIABLE SWITCHBOARD_AGI "ok"\n'


@pytest.mark.parametrize(
    ("script", "status"), [("hours?table=none", "refused"), ("nothing", "unknown"), ("broken", "failed"),
                           ("misnamed", "failed"), ("slow", "failed")]
)  # fmt: skip
async def test_what_cannot_be_answered_is_told(server: AgiServer, script: str, status: str) -> None:
    request = REQUEST.replace(b"agi_network_script: hours?table=office", f"agi_network_script: {script}".encode())
    assert await ask(server, request) == f'SET VARIABLE SWITCHBOARD_AGI "{status}"\n'


async def test_screening_answers_by_the_same_rules(server: AgiServer) -> None:
    for number, verdict, rule in ((b"37255512345", "allow", ""), (b"unknown", "reject", "anonymous")):
        request = REQUEST.replace(b"hours?table=office", b"screen")
        heard = await ask(server, request.replace(b"agi_callerid: 100", b"agi_callerid: " + number))
        assert f'SET VARIABLE SWITCHBOARD_SCREEN "{verdict}"\n' in heard
        assert f'SET VARIABLE SWITCHBOARD_SCREEN_RULE "{rule}"\n' in heard
    heard = await ask(server, REQUEST.replace(b"hours?table=office", b"screen?number=unknown"))
    assert 'SET VARIABLE SWITCHBOARD_SCREEN "reject"\n' in heard


async def test_a_client_is_told(server: AgiServer) -> None:
    heard = await ask(server, REQUEST.replace(b"hours?table=office", b"client?number=55501234"))
    told = dict(line.removeprefix("SET VARIABLE SWITCHBOARD_").split(" ", 1) for line in heard.splitlines())
    assert told == {
        "CLIENT": '"yes"',
        "CLIENT_CLASS": '"dealer"',
        "CLIENT_NUMBER": '"+37255501234"',
        "CLIENT_CODE": '"C-1"',
        "CLIENT_NAME": r'"Põhja \"Köök\""',
        "CLIENT_MANAGER": '"mari"',
        "CLIENT_LANGUAGE": '""',
        "CLIENT_VIP": '"yes"',
        "CLIENT_STANDING": '"ok"',
        "AGI": '"ok"',
    }


async def test_a_caller_who_is_no_client(server: AgiServer) -> None:
    heard = await ask(server, REQUEST.replace(b"hours?table=office", b"client"))
    assert 'SET VARIABLE SWITCHBOARD_CLIENT "no"\n' in heard
    assert 'SET VARIABLE SWITCHBOARD_CLIENT_CLASS "unknown"\n' in heard


async def test_a_request_in_single_bytes_is_answered(server: AgiServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for byte in REQUEST:
        writer.write(bytes([byte]))
        await writer.drain()
    async with asyncio.timeout(5):
        assert (await reader.readline()).startswith(b"SET VARIABLE SWITCHBOARD_HOURS")
    writer.close()
    await gone(server)


async def test_connect_and_close_leaves_nothing(server: AgiServer) -> None:
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.close()
    await gone(server)
    assert "open" in await ask(server, REQUEST)


@pytest.mark.parametrize("pieces", [
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",),
    (b"\n\n",),
    (b"\xff\xfe\x00garbage\n\n",),
    (b"agi_request: " + b"x" * 20_000,),
    (b"agi_network: yes\n" * 2_000,),
    (b"agi_network: yes\n\n",),
])  # fmt: skip
async def test_garbage_and_huge_requests_are_closed(server: AgiServer, pieces: tuple[bytes, ...]) -> None:
    assert await closes(server, *pieces) == b""
    await gone(server)


async def test_a_slow_loris_is_closed_at_the_deadline_and_holds_nobody_up(server: AgiServer) -> None:
    loris = asyncio.create_task(closes(server, REQUEST[:40]))
    assert "open" in await ask(server, REQUEST)
    assert await loris == b""
    await gone(server)


async def test_who_never_replies_is_closed_at_the_deadline(server: AgiServer) -> None:
    assert b"SWITCHBOARD_HOURS" in await closes(server, REQUEST)
    await gone(server)


async def test_commands_are_sent_one_at_a_time(server: AgiServer) -> None:
    """Asterisk leaves a second command of one packet unread until more comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(REQUEST)
    async with asyncio.timeout(0.25):  # within the deadline
        assert (await reader.read(1000)).count(b"\n") == 1
        writer.write(b"200 result=1\n")
        assert (await reader.read(1000)).count(b"\n") == 1
        writer.write(b"200 result=1\n")
        assert await reader.read() == b""
    writer.close()


async def test_hangup_while_the_handler_works_ends_it(server: AgiServer) -> None:
    request = REQUEST.replace(b"hours?table=office", b"slow")
    assert await closes(server, request, b"HANGUP\n") == b""
    await gone(server)


async def test_a_dead_channels_refusals_are_taken(server: AgiServer) -> None:
    heard = await ask(server, REQUEST, b"HANGUP\n511 Command Not Permitted on a dead channel or intercept routine\n")
    assert heard.count("SET VARIABLE") == 2


async def test_usage_errors_of_several_lines_count_as_one_reply(server: AgiServer) -> None:
    heard = await ask(
        server, REQUEST, b"520-Invalid command syntax.  Proper usage follows:\nUsage: 200 x\n520 End of proper usage.\n"
    )
    assert heard.count("SET VARIABLE") == 2


async def test_beyond_the_limit_connections_are_closed_at_once(
    server: AgiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agi, "MOST_CONNECTIONS", 2)
    held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
    async with asyncio.timeout(5):
        while server.connections < 2:
            await asyncio.sleep(0.01)
    assert await closes(server) == b""
    for _, writer in held:
        writer.close()
    await gone(server)
    assert "open" in await ask(server, REQUEST)


async def test_closing_the_server_ends_connections() -> None:
    server = AgiServer({})
    await server.start(0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    async with asyncio.timeout(5):
        while not server.connections:
            await asyncio.sleep(0.01)
        await server.close()
        assert await reader.read() == b""
    writer.close()


def test_the_request_is_understood() -> None:
    request = parse_request(REQUEST.removesuffix(b"\n\n"))
    assert request == AgiRequest(
        script="hours", parameters={"table": "office"}, arguments=("one", "", "ten"), caller_number="100",
        caller_name='Jörg: "x"', dialled="900", channel="PJSIP/100-00000001", uniqueid="switchboard-1763750000.1",
    )  # fmt: skip


def test_a_value_cannot_leave_its_quotes() -> None:
    assert set_variable("X", 'a"b\\c\nEXEC Dial x\x00') == b'SET VARIABLE X "a\\"b\\\\c EXEC Dial x "\n'
    with pytest.raises(ValueError, match="not a channel variable"):
        set_variable('X "1"\nEXEC', "")


async def test_a_refusal_says_why() -> None:
    with pytest.raises(AgiRefused, match="no hours table 'moon'"):
        await agi_handlers(hours_now, caller, screened)["hours"](
            AgiRequest("hours", {"table": "moon"}, (), "", "", "", "", "")
        )
