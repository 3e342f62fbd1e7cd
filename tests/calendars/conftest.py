"""One CalDAV server for all of this folder's tests; each has a calendar of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.calendars.radicale import Radicale
from tests.postgres_fixture import dsn, postgres_server

__all__ = ["dsn", "postgres_server"]


@pytest.fixture(scope="package")
async def radicale(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Radicale]:
    folder: Path = tmp_path_factory.mktemp("radicale")
    server = Radicale(folder)
    await server.start()
    yield server
    await server.stop()
