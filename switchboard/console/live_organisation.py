"""The organisation of the live version: whom calls are led to now."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from switchboard.domain.organisation import Organisation
from switchboard.errors import ConfigurationError
from switchboard.flows.versions import live_version, load_version

log = structlog.get_logger(__name__)


class LiveOrganisation:
    """Read once, and anew when another version is live."""

    def __init__(self, versions: Path) -> None:
        self._versions = versions
        self._version: str | None = None
        self._organisation: Organisation | None = None
        self._reading = asyncio.Lock()

    async def __call__(self) -> Organisation:
        """As it is now; as it was last, where what is live cannot be read. Raises ConfigurationError if nothing can."""
        async with self._reading:
            try:
                version = live_version(self._versions)
                if version is None:
                    raise ConfigurationError(["nothing is live yet: start the switchboard, or publish"])
                if version != self._version or self._organisation is None:
                    self._organisation = (await asyncio.to_thread(load_version, self._versions, version)).organisation
                    self._version = version
            except ConfigurationError as error:
                if self._organisation is None:
                    raise
                log.error("live_version_not_read", serves=self._version, error=str(error))
            return self._organisation
