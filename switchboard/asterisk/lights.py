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
    """Implements ports.MessageLights: the light that says that messages wait."""

    def __init__(self, ami: AmiLinks) -> None:
        self._ami = ami

    def light(self, extension: str, new: int, saved: int) -> None:
        """See ports.MessageLights."""
        waiting = "yes" if new else "no"
        lines = (f"Messages-Waiting: {waiting}", f"Voice-Message: {new}/{saved}")
        content = ",".join(f"Content={line}" for line in lines)
        variables = f"Event=message-summary,Content-type={_MESSAGES},{content}"
        if not self._ami.notify(extension, variables):
            log.warning("message_light_not_told", extension=extension)
