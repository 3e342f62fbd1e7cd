"""A desk phone's lamps: it subscribes to extensions (RFC 3265, RFC 4235, RFC 3863) and notes every NOTIFY.

async with WatchingPhone("100", asterisk.password("100"), asterisk.sip_address) as phone:
    await phone.watch("101", Package.DIALOG)
    await phone.told("101", "confirmed")
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Self

from tests.raw_sip import DEADLINE, RawCall, RawSip, authorization


class Package(StrEnum):
    """What is asked to be told."""

    DIALOG = "dialog"
    PRESENCE = "presence"


_BODIES = {Package.DIALOG: "application/dialog-info+xml", Package.PRESENCE: "application/pidf+xml"}


class WatchingPhone(RawSip):
    """One phone, registered; use it as `async with`."""

    def __init__(self, extension: str, password: str, server: str) -> None:
        super().__init__(server)
        self.extension, self._password = extension, password
        self.notified: list[str] = []  # whole, oldest first
        self._watched: dict[str, RawCall] = {}
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.register()
        return self

    async def register(self, expires: int = 300) -> None:
        """Register (again), for so many seconds; 0: no more."""
        registration = self.new_call(f"sip:{self.server}", self.extension, recipient=f"<sip:{self._aor}>")
        contact = {"Contact": f"<sip:{self.extension}@{self.address}>", "Expires": str(expires)}
        assert await self._proved(registration, "REGISTER", contact) == 200

    async def watch(self, extension: str, package: Package) -> int:
        """Subscribe; the status. Asterisk tells how it stands at once, and every change."""
        subscription = self.new_call(extension, self.extension)
        headers = {"Event": package.value, "Accept": _BODIES[package], "Expires": "300"}
        status = await self._proved(subscription, "SUBSCRIBE", headers)
        self._watched[extension] = subscription
        return status

    async def told(self, extension: str, word: str) -> str:
        """Wait until the last NOTIFY of this subscription has the word; the NOTIFY."""
        call_id = self._watched[extension].call_id
        return await self._until(lambda text: call_id in text, word)

    async def told_of_messages(self, word: str) -> str:
        """Wait until the last NOTIFY of the message-waiting light has the words."""
        return await self._until(lambda text: "message-summary" in text, word)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        super().datagram_received(data, addr)
        text = data.decode("utf-8", "replace")
        if text.startswith("NOTIFY "):
            self.notified.append(text)
            self._news.set()

    @property
    def _aor(self) -> str:
        return f"{self.extension}@{self.server}"

    async def _proved(self, call: RawCall, method: str, headers: dict[str, str]) -> int:
        """The request, once more with the password when asked for it; the status."""
        answer = await self.send(call, method, headers)
        if answer.status == 401:
            call.sequence += 1
            proof = authorization(answer.text, method, call.target, self.extension, self._password)
            answer = await self.send(call, method, headers | {"Authorization": proof})
        return answer.status

    async def _until(self, mine: Callable[[str], bool], word: str) -> str:
        async with asyncio.timeout(DEADLINE):
            while True:
                last = next((text for text in reversed(self.notified) if mine(text)), "")
                if re.search(word, last):
                    return last
                self._news.clear()
                await self._news.wait()
