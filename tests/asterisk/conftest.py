"""One office for all stories of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from switchboard.machine.postgres_server import PostgresServer
from tests.asterisk.office import StoryOffice, story_office
from tests.phones import Phones
from tests.postgres_fixture import migrated_database, postgres_server

__all__ = ["postgres_server"]


@pytest_asyncio.fixture(scope="package")
async def running_office(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, sip_stack: Phones
) -> AsyncIterator[StoryOffice]:
    """Started once."""
    dsn = await migrated_database(postgres_server.url)
    async with story_office(tmp_path_factory.mktemp("office"), dsn, sip_stack) as office:
        yield office


@pytest_asyncio.fixture
async def office(running_office: StoryOffice, phones: Phones) -> AsyncIterator[StoryOffice]:
    """It, on a Tuesday morning; after the story nothing of it may be left."""
    running_office.begin_story()
    yield running_office
    running_office.ari_wire.mend()
    running_office.ami_wire.mend()
    await phones.close_all()  # what a failed story left must not fail the next one
    await running_office.nothing_left()
