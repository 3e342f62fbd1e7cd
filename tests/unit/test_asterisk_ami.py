"""The guards around panoramisk, against a manager of our own on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from switchboard.asterisk import ami
from switchboard.asterisk.ami import AmiAddress, AmiLink
from switchboard.errors import AsteriskError, AsteriskUnreachable

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
Serve = Callable[[dict[str, str], asyncio.StreamWriter], Awaitable[None]]


class Manager:
    """Speaks just enough AMI to log in; what an action gets for an answer is the test's to say."""

    def __init__(self) -> None:
        self.logins = 0
        self.actions: list[dict[str, str]] = []
        self.reply: Serve | None = None
        self.port = 0

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(BANNER)
        try:
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in text.split("\r\n") if line)
                if action["Action"] == "Login":
                    self.logins += 1
                    writer.write(f"Response: Success\r\nActionID: {action['ActionID']}\r\nMessage: ok\r\n\r\n".encode())
                else:
                    self.actions.append(action)
                    if self.reply is not None:
                        await self.reply(action, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def manager() -> AsyncIterator[Manager]:
    manager = Manager()
    async with await manager.start():
        yield manager


@pytest.fixture
async def link(manager: Manager) -> AsyncIterator[AmiLink]:
    link = AmiLink(AmiAddress(manager.port, "secret"))
    await link.start()
    await until(lambda: link.is_up)
    yield link
    await link.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_character_split_across_two_reads_is_kept(manager: Manager, link: AmiLink) -> None:
    async def reply(action: dict[str, str], writer: asyncio.StreamWriter) -> None:
        answer = f"Response: Success\r\nActionID: {action['ActionID']}\r\nName: Jörg\r\n\r\n".encode()
        middle = answer.index("ö".encode()) + 1
        writer.write(answer[:middle])
        await writer.drain()
        await asyncio.sleep(0.05)  # lets the first half be read by itself
        writer.write(answer[middle:])

    manager.reply = reply
    answer = await link.ask({"Action": "Getvar", "Variable": "NAME"})
    assert answer.name == "Jörg"


async def test_an_action_has_a_deadline(manager: Manager, link: AmiLink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami, "ACTION_DEADLINE", 0.1)
    with pytest.raises(AsteriskUnreachable, match="did not answer Getvar"):
        await link.ask({"Action": "Getvar", "Variable": "NAME"})


async def test_a_refusal_is_an_error(manager: Manager, link: AmiLink) -> None:
    async def reply(action: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(f"Response: Error\r\nActionID: {action['ActionID']}\r\nMessage: No such channel\r\n\r\n".encode())

    manager.reply = reply
    with pytest.raises(AsteriskError, match="No such channel"):
        await link.ask({"Action": "Setvar", "Channel": "PJSIP/1"})


async def test_a_half_open_link_is_cut_and_comes_back_without_repeating_what_was_asked(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami, "PING_INTERVAL", 0.1)
    monkeypatch.setattr(ami, "ACTION_DEADLINE", 0.1)
    link = AmiLink(AmiAddress(manager.port, "secret"))
    await link.start()
    await until(lambda: link.is_up)
    link.send({"Action": "Setvar", "Channel": "PJSIP/1", "Variable": "TIMEOUT(absolute)", "Value": "10"})
    await until(lambda: manager.logins == 2)  # nobody answers: the pings go unanswered too
    await until(lambda: link.is_up)
    assert sum(action["Action"] == "Setvar" for action in manager.actions) == 1
    await link.close()


@pytest.mark.parametrize("value", ["a\r\nAction: Originate", "a\nb", "x" * 1100])
async def test_a_value_cannot_smuggle_an_action(manager: Manager, link: AmiLink, value: str) -> None:
    with pytest.raises(ValueError, match="cannot travel"):
        link.send({"Action": "Setvar", "Value": value})
    assert manager.actions == []
