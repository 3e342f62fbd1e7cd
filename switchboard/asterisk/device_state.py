"""What Asterisk knows of desk phones: idle, ringing, in a call, not registered.

Asterisk tells of changes of the phones we ask for (no others: a caller from outside costs no event); how they stand is
asked after each connect. While the link is down nothing is known, so that nothing is stale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari import APPLICATION, AriLink, Event
from switchboard.domain.presence import DeviceState

_DEVICE = "PJSIP/"
_STATES = {
    "NOT_INUSE": DeviceState.IDLE,
    "RINGING": DeviceState.RINGING,
    "INUSE": DeviceState.IN_USE,
    "BUSY": DeviceState.IN_USE,
    "RINGINUSE": DeviceState.IN_USE,
    "ONHOLD": DeviceState.IN_USE,
    "UNAVAILABLE": DeviceState.UNREGISTERED,
    "INVALID": DeviceState.UNREGISTERED,
}


class DeviceStates:
    """The states of the desk phones that `extensions` names."""

    def __init__(self, ari: AriLink, extensions: Callable[[], Iterable[str]]) -> None:
        self._ari = ari
        self._extensions = extensions
        self._watched: set[str] = set()
        self._known: dict[str, DeviceState] = {}

    def state_of(self, extension: str) -> DeviceState:
        """Of one phone; UNKNOWN while the link is down, or of one that is new."""
        return self._known.get(extension, DeviceState.UNKNOWN)

    def changed(self, event: Event) -> str:
        """A phone's state changed (DeviceStateChanged). The phone's extension if it has just registered, else ""."""
        device = event["device_state"]
        extension = str(device["name"].removeprefix(_DEVICE))
        before = self.state_of(extension)
        after = self._known[extension] = _STATES.get(device["state"], DeviceState.UNKNOWN)
        return extension if before is DeviceState.UNREGISTERED and after is not before else ""

    def lost(self) -> None:
        """The link is down."""
        self._watched.clear()
        self._known.clear()

    @property
    def has_new(self) -> bool:
        """There are phones that are not followed yet."""
        return not self._watched.issuperset(self._extensions())

    async def watch(self) -> None:
        """Follow the phones that are not followed yet, if any. Raises AsteriskError."""
        new = set(self._extensions()) - self._watched
        if not new:
            return
        sources = [f"deviceState:{_DEVICE}{extension}" for extension in sorted(new)]
        await self._ari.request_http(operations.SUBSCRIBE, applicationName=APPLICATION, eventSource=sources)
        self._watched |= new
        for endpoint in await self._ari.request_http(operations.LIST_ENDPOINTS, tech="PJSIP"):
            # A change that was told meanwhile is newer.
            if endpoint["resource"] in new and endpoint["resource"] not in self._known:
                self._known[endpoint["resource"]] = _of_endpoint(endpoint)


def _of_endpoint(endpoint: Event) -> DeviceState:
    if endpoint["channel_ids"]:
        return DeviceState.IN_USE
    return {"online": DeviceState.IDLE, "offline": DeviceState.UNREGISTERED}.get(
        endpoint.get("state", ""), DeviceState.UNKNOWN
    )
