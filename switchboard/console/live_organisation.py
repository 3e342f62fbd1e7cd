"""The organisation of the live version: whom calls are led to now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import structlog

from switchboard.domain.hours import HoursTable
from switchboard.domain.organisation import Organisation
from switchboard.errors import ConfigurationError
from switchboard.flows.configuration import Configuration
from switchboard.flows.versions import live_version, load_version

log = structlog.get_logger(__name__)


class LiveOrganisation:
    """Read once, and anew when another version is live."""

    def __init__(self, versions: Path) -> None:
        self._versions = versions
        self._version: str | None = None
        self._configuration: Configuration | None = None
        self._reading = asyncio.Lock()

    async def __call__(self) -> Organisation:
        """As it is now; as it was last, where what is live cannot be read. Raises ConfigurationError if nothing can."""
        return (await self.configuration()).organisation

    @property
    def known(self) -> Organisation:
        """As it was read last; it was, whenever something was asked for."""
        assert self._configuration is not None
        return self._configuration.organisation

    async def hours(self) -> Mapping[str, HoursTable]:
        """Its hours tables. As `__call__`."""
        return (await self.configuration()).hours

    async def configuration(self) -> Configuration:
        """All of it. As `__call__`."""
        async with self._reading:
            try:
                version = live_version(self._versions)
                if version is None:
                    raise ConfigurationError(["nothing is live yet: start the switchboard, or publish"])
                if version != self._version or self._configuration is None:
                    self._configuration = await asyncio.to_thread(load_version, self._versions, version)
                    self._version = version
            except ConfigurationError as error:
                if self._configuration is None:
                    raise
                log.error("live_version_not_read", serves=self._version, error=str(error))
            return self._configuration
