"""Lights on desk phones: who is not to be rung (busy lamps, by hints), and messages that wait.

A lamp that watches an extension (a SUBSCRIBE to the dialog or presence package) is lit while its phone rings or is in
a call, which Asterisk knows by itself, and while its person is away, busy or not to be disturbed, which we tell it: by
a device state that the extension's hint has beside the phone's own (dialplan, context `hints`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ami import AmiLinks
from switchboard.asterisk.ari import AriLink
from switchboard.errors import AsteriskError, LegGone

INTERVAL = 1.0  # seconds between looks at who is there
AGAIN = 300.0  # seconds after which a phone that has new messages is told so again
_MESSAGES = "application/simple-message-summary"  # RFC 3842

log = structlog.get_logger()


class DutyLamps:
    """Keeps the device states `Stasis:duty-<extension>` as `not_to_be_rung` says: by extension, of all desk phones."""

    def __init__(self, ari: AriLink, not_to_be_rung: Callable[[], Mapping[str, bool]]) -> None:
        self._ari = ari
        self._not_to_be_rung = not_to_be_rung
        self._told: dict[str, bool] = {}

    def forget(self) -> None:
        """Asterisk may have another word for it now: tell all anew."""
        self._told.clear()

    async def run(self) -> None:
        """Keep them so, until cancelled."""
        while True:
            if self._ari.is_up:
                try:
                    await self._tell()
                except (AsteriskError, LegGone) as error:
                    log.warning("lamps_not_told", error=str(error))
            await asyncio.sleep(INTERVAL)

    async def _tell(self) -> None:
        for extension, is_lit in self._not_to_be_rung().items():
            if self._told.get(extension) is is_lit:
                continue
            # Of several states Asterisk shows the weightiest: busy over idle, and idle over unavailable.
            state = "BUSY" if is_lit else "UNAVAILABLE"
            name = f"Stasis:duty-{extension}"
            await self._ari.request_http(operations.SET_DEVICE_STATE, deviceName=name, deviceState=state)
            self._told[extension] = is_lit


class MessageLights:
    """Implements ports.MessageLights: the light that says that messages wait, as a phone was told it last.

    A phone forgets it with its power, and one that is not connected hears nothing: so whoever registers is told, all
    are when a link to Asterisk is back, and every AGAIN whoever has new messages, as Asterisk does not tell of a phone
    that restarts and registers before its old registration has run out.
    """

    def __init__(self, ami: Callable[[], AmiLinks]) -> None:
        self._ami = ami
        self._waiting: dict[str, tuple[int, int]] = {}

    def light(self, extension: str, new: int, saved: int) -> None:
        """See ports.MessageLights."""
        self._waiting[extension] = (new, saved)
        self.tell(extension)

    def tell(self, extension: str) -> None:
        """Tell a phone once more, if it was ever told."""
        if extension not in self._waiting:
            return
        new, saved = self._waiting[extension]
        lines = (f"Messages-Waiting: {'yes' if new else 'no'}", f"Voice-Message: {new}/{saved}")
        content = ",".join(f"Content={line}" for line in lines)
        variables = f"Event=message-summary,Content-type={_MESSAGES},{content}"
        if not self._ami().notify(extension, variables):
            log.warning("message_light_not_told", extension=extension)  # until the link is back

    async def run(self) -> None:
        """Tell again whoever has to be, until cancelled."""
        loop = asyncio.get_running_loop()
        was_up, told_at = False, loop.time()
        while True:
            is_up = self._ami().is_up
            is_back, is_time = is_up and not was_up, loop.time() - told_at >= AGAIN
            if is_up and (is_back or is_time):
                told_at = loop.time()
                for extension, (new, _) in self._waiting.items():
                    if new or is_back:
                        self.tell(extension)
            was_up = is_up
            await asyncio.sleep(INTERVAL)
